//! Merges the command line, the environment and the configuration file into the options.
//!
//! # Why
//!
//! A flag replaces the whole list of the file. Rules between options are checked after that.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::failure::Failure;
use crate::options::args::{Options, flags};
use crate::options::domain_options::{self, DomainOptions};
use crate::options::environment;
use crate::options::file::{self, Document};
use crate::options::filters::FilterOptions;
use crate::options::inbox;
use crate::options::listener_options::{self, ListenerOptions};
use crate::options::parse::{matches, of_file, parse};
use crate::options::provenance::{Provenance, Section, Values};
use crate::options::rules;
use crate::options::schema::{self, CONFIG, TABLES, USE};
use crate::options::store_secret;
use crate::text_file;

/// The options of the command line, by the names of their flags. They stay; the options of the configuration file may
/// change.
#[derive(Debug)]
pub(crate) struct CommandLine {
    config: Option<PathBuf>,
    given: BTreeMap<String, Vec<OsString>>,
    /// Those of `given` that come from the environment.
    environment: BTreeSet<String>,
    /// Whether the command is `mailchute inbox`, which has other defaults.
    is_inbox: bool,
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
        Ok(Self { config, given, environment: names, is_inbox: false })
    }

    /// Like [`of`](Self::of), for `mailchute inbox`.
    ///
    /// # Errors
    /// All variables whose value is wrong.
    pub(crate) fn of_inbox(matches: &ArgMatches) -> Result<Self, Failure> {
        Ok(Self { is_inbox: true, ..Self::of(matches)? })
    }

    /// Returns all options: those of the command line, then those of the configuration file.
    ///
    /// # Errors
    /// All mistakes in the file, or if there are none, all conflicts between options.
    pub(crate) fn options(&self) -> Result<Options, Failure> {
        let (path, Document { values, mut sections }) = match &self.config {
            Some(path) => (path.clone(), read(path)?),
            None => (PathBuf::new(), Document::default()),
        };
        let flags = self.given.keys().cloned().collect();
        let provenance = Provenance::new(path.clone(), self.spare(values), self.environment.clone(), flags);
        let mut options = self.with(provenance, &sections)?;
        // As with each other list, --domain replaces the domains of the file.
        let domains = sections.remove("domain").filter(|_| !self.given.contains_key("domain"));
        for section in domains.unwrap_or_default() {
            let provenance = Provenance::of_section(path.clone(), section);
            let domain: DomainOptions = parse(&domain_options::flags(), of_file(&provenance))?;
            options.domains.push(DomainOptions { provenance, ..domain });
        }
        for section in sections.remove("listener").unwrap_or_default() {
            let provenance = Provenance::of_section(path.clone(), section);
            let listener: ListenerOptions = parse(&listener_options::flags(), of_file(&provenance))?;
            options.listener.push(ListenerOptions { provenance, ..listener });
        }
        for section in sections.remove("filter").unwrap_or_default() {
            options.filter.push(filter(Provenance::of_section(path.clone(), section))?);
        }
        let mut mistakes = store_secret::join(&mut options).err().unwrap_or_default();
        mistakes.extend(rules::mistakes(&options));
        if mistakes.is_empty() { Ok(options) } else { Err(Failure::usage(mistakes.join("\n"))) }
    }

    /// Returns the options of the command line and of the environment.
    pub(crate) fn given(&self) -> &BTreeMap<String, Vec<OsString>> {
        &self.given
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

    fn with(
        &self,
        provenance: Provenance,
        sections: &BTreeMap<&'static str, Vec<Section>>,
    ) -> Result<Options, Failure> {
        let is_given = |option: &str| provenance.is_given(option) || sections.contains_key(option);
        let defaults = if self.is_inbox { inbox::defaults(is_given) } else { Vec::new() };
        let given = self.given.iter().map(|(option, values)| (option.as_str(), values.clone()));
        let given = given.chain(defaults.iter().map(|(option, values)| (*option, values.clone())));
        let options: Options = parse(&flags(), of_file(&provenance).chain(given))?;
        Ok(Options { provenance, is_inbox: self.is_inbox, ..options })
    }
}

/// Reads the options of a `[[filter]]`.
fn filter(provenance: Provenance) -> Result<FilterOptions, Failure> {
    let name = provenance.values().get(USE).and_then(|values| values.first()).map(|value| &*value.text);
    let kind = schema::FILTERS
        .kind(name)
        .ok_or_else(|| Failure::usage(format!("{}: it is missing", provenance.name(USE))))?;
    let matches = matches(&kind, of_file(&provenance))?;
    FilterOptions::of(&matches, provenance).map_err(Failure::usage)
}

fn read(path: &Path) -> Result<Document, Failure> {
    let named = path.display();
    let text = text_file::read(path, Failure::usage)?;
    file::parse(&text, &flags()).map_err(|mistakes| {
        let lines: Vec<_> = mistakes.iter().map(|mistake| format!("{named}:{mistake}")).collect();
        Failure::usage(lines.join("\n"))
    })
}
