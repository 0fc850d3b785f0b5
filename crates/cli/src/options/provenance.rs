//! Where each option comes from. Errors about an option begin with its flag, or its position in the file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

/// The beginning of the variables of options.
pub(crate) const VARIABLES: &str = "MAILCHUTE_";

/// Returns the name of an option's variable.
pub(crate) fn variable(option: &str) -> String {
    format!("{VARIABLES}{}", option.replace('-', "_").to_uppercase())
}

/// A position in a configuration file. Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Position {
    /// Returns the position of a byte of a text. Past the end it returns the end.
    pub(crate) fn of(text: &str, offset: usize) -> Self {
        let before = &text[..text.floor_char_boundary(offset)];
        let line_begins = before.rfind('\n').map_or(0, |end| end + 1);
        Self { line: before.matches('\n').count() + 1, column: before[line_begins..].chars().count() + 1 }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A value from a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Value {
    /// The value as it would follow the flag.
    pub(crate) text: String,
    /// The key as in the file, with its table.
    pub(crate) key: String,
    pub(crate) position: Position,
}

/// The options that a configuration file gives, by the names of their flags.
pub(crate) type Values = BTreeMap<String, Vec<Value>>;

/// A table of an array of tables, such as `[[listener]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    /// Its beginning, as the file has it.
    pub(crate) header: String,
    pub(crate) position: Position,
    pub(crate) values: Values,
}

/// The options that a configuration file gives, the path of that file, and the options of the environment. All others
/// come from the command line or their defaults.
#[derive(Debug, Clone, Default)]
pub(crate) struct Provenance {
    file: PathBuf,
    values: Values,
    environment: BTreeSet<String>,
    /// The options of the command line and of the environment.
    flags: BTreeSet<String>,
    /// The table that these options are in, if they are not at the top of the file.
    section: Option<(String, Position)>,
}

impl Provenance {
    pub(crate) fn new(
        file: PathBuf,
        values: Values,
        environment: BTreeSet<String>,
        flags: BTreeSet<String>,
    ) -> Self {
        Self { file, values, environment, flags, section: None }
    }

    pub(crate) fn of_section(file: PathBuf, Section { header, position, values }: Section) -> Self {
        Self { file, values, section: Some((header, position)), ..Self::default() }
    }

    /// Whether anyone has given this option, so that it does not have its default.
    pub(crate) fn is_given(&self, option: &str) -> bool {
        self.values.contains_key(option) || self.flags.contains(option)
    }

    pub(crate) fn values(&self) -> &Values {
        &self.values
    }

    /// Returns the beginning of a message about an option: its flag, its variable, or its position in the file.
    pub(crate) fn name(&self, option: &str) -> String {
        self.name_of(option, |_| true)
    }

    /// Like [`name`](Self::name), for one item of a list.
    pub(crate) fn name_of_item(&self, option: &str, number: usize) -> String {
        let item = self.values.get(option).and_then(|values| values.get(number)).map(|value| value.position);
        self.name_of(option, |value| Some(value.position) == item)
    }

    /// Like [`name`](Self::name), for one `NAME=VALUE` of a flag that is repeatable.
    pub(crate) fn name_of_setting(&self, option: &str, setting: &str) -> String {
        let begin = format!("{setting}=");
        if self.values.get(option).is_some_and(|values| values.iter().any(|it| it.text.starts_with(&begin))) {
            return self.name_of(option, |value| value.text.starts_with(&begin));
        }
        format!("{} {setting}", self.name_of(option, |_| false))
    }

    fn name_of(&self, option: &str, is_meant: impl Fn(&Value) -> bool) -> String {
        let value = self.values.get(option).and_then(|values| values.iter().find(|value| is_meant(value)));
        let at = |key: &str, position| format!("{}:{position}: {key}", self.file.display());
        match (value, &self.section) {
            (Some(Value { key, position, .. }), _) => at(key, position),
            (None, Some((header, position))) => at(header, position),
            (None, None) if self.environment.contains(option) => variable(option),
            (None, None) => format!("--{option}"),
        }
    }
}
