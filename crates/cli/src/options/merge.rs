//! Merges the command line, the environment and the configuration file into the options.
//!
//! # Why
//!
//! A flag replaces the whole list of the file. Rules between options are checked after that.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgMatches, FromArgMatches as _};

use crate::failure::Failure;
use crate::options::args::{Options, flags};
use crate::options::environment;
use crate::options::file::{self, CONFIG, TABLES};
use crate::options::provenance::{Provenance, Values};
use crate::options::rules;
use crate::text_file;

/// The options of the command line, by the names of their flags. They stay; the options of the configuration file may
/// change.
#[derive(Debug)]
pub(crate) struct CommandLine {
    config: Option<PathBuf>,
    given: BTreeMap<String, Vec<OsString>>,
    /// Those of `given` that come from the environment.
    environment: BTreeSet<String>,
}

impl CommandLine {
    /// Takes the options of the command line, and the others from the environment.
    ///
    /// # Errors
    /// All variables whose value is wrong.
    pub(crate) fn of(matches: &ArgMatches) -> Result<Self, Failure> {
        let command = flags();
        let mut given = BTreeMap::new();
        for arg in command.get_arguments() {
            let id = arg.get_id().as_str();
            let is_given = matches!(matches.value_source(id), Some(ValueSource::CommandLine));
            if let (true, Some(values), Some(name)) = (is_given, matches.get_raw(id), arg.get_long()) {
                given.insert(name.to_owned(), values.map(ToOwned::to_owned).collect());
            }
        }
        let of_environment = environment::values(&command, |name| env::var_os(name));
        let of_environment = of_environment.map_err(|mistakes| Failure::usage(mistakes.join("\n")))?;
        let mut names = BTreeSet::new();
        for (option, values) in of_environment {
            given.entry(option).or_insert_with_key(|option| {
                names.insert(option.clone());
                values
            });
        }
        let config = given.get(CONFIG).and_then(|values: &Vec<OsString>| values.first()).map(PathBuf::from);
        Ok(Self { config, given, environment: names })
    }

    /// Returns all options: those of the command line, then those of the configuration file.
    ///
    /// # Errors
    /// All mistakes in the file, or if there are none, all conflicts between options.
    pub(crate) fn options(&self) -> Result<Options, Failure> {
        let (path, values) = match &self.config {
            Some(path) => (path.clone(), self.spare(read(path)?)),
            None => (PathBuf::new(), Values::new()),
        };
        let provenance = Provenance::new(path, values, self.environment.clone());
        let options = self.with(provenance)?;
        let mistakes = rules::mistakes(&options);
        if mistakes.is_empty() { Ok(options) } else { Err(Failure::usage(mistakes.join("\n"))) }
    }

    /// Keeps the values of the file that the command line does not override.
    fn spare(&self, mut values: Values) -> Values {
        values.retain(|option, values| {
            let Some(given) = self.given.get(option) else { return true };
            // Each limit and timeout counts as an option, by its name.
            let is_table = TABLES.iter().any(|(_, flag, _)| flag == option);
            values.retain(|value| {
                let name = value.text.split('=').next().unwrap_or_default();
                is_table && given.iter().all(|given| given.to_string_lossy().split('=').next() != Some(name))
            });
            !values.is_empty()
        });
        values
    }

    fn with(&self, provenance: Provenance) -> Result<Options, Failure> {
        let command = flags();
        let of_file = provenance.values().iter().map(|(option, values)| {
            (option, values.iter().map(|value| OsString::from(&value.text)).collect::<Vec<_>>())
        });
        let of_command_line = self.given.iter().map(|(option, values)| (option, values.clone()));
        let mut arguments = Vec::new();
        for (option, values) in of_file.chain(of_command_line) {
            let arg = command.get_arguments().find(|arg| arg.get_long() == Some(option.as_str()));
            let takes_value = arg.is_some_and(|arg| arg.get_action().takes_values());
            for value in values {
                let mut argument = OsString::from(format!("--{option}"));
                if takes_value {
                    argument.push("=");
                    argument.push(value);
                }
                arguments.push(argument);
            }
        }
        let matches = command.try_get_matches_from(arguments).map_err(Failure::usage)?;
        let options = Options::from_arg_matches(&matches).map_err(Failure::usage)?;
        Ok(Options { provenance, ..options })
    }
}

fn read(path: &Path) -> Result<Values, Failure> {
    let named = path.display();
    let text = text_file::read(path, Failure::usage)?;
    file::parse(&text, &flags()).map_err(|mistakes| {
        let lines: Vec<_> = mistakes.iter().map(|mistake| format!("{named}:{mistake}")).collect();
        Failure::usage(lines.join("\n"))
    })
}
