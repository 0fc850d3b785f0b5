//! The keys of a configuration file: the flags of `mailchute serve`, tables of settings, and arrays of tables.

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, Command};

use crate::options::domain_options;
use crate::options::filters;
use crate::options::keep::Keep;
use crate::options::limits::{Named, limits, timeouts};
use crate::options::listener_options;
use crate::options::size::Size;
use crate::options::time_span::TimeSpan;

/// A table's name, its flag, and its keys.
type Table = (&'static str, &'static str, fn() -> Vec<Named>);

/// Tables whose keys are the names of what a flag sets as `NAME=VALUE`.
pub(crate) static TABLES: [Table; 2] = [("limits", "limit", limits), ("timeouts", "timeout", timeouts)];

/// An array of tables, such as `[[listener]]`.
pub(crate) struct Array {
    pub(crate) name: &'static str,
    /// The keys that all kinds of tables have, if there are several. `use` chooses the kind.
    pub(crate) common: Option<fn() -> Command>,
    /// The command whose flags are the keys of a table, for each kind of table. A kind has the name of its command.
    pub(crate) kinds: fn() -> Vec<Command>,
}

/// The arrays of tables.
pub(crate) static ARRAYS: [&Array; 3] = [
    &Array { name: "domain", common: None, kinds: || vec![domain_options::flags()] },
    &Array { name: "listener", common: None, kinds: || vec![listener_options::flags()] },
    &FILTERS,
];

/// `[[filter]]`.
pub(crate) static FILTERS: Array =
    Array { name: "filter", common: Some(filters::common::flags), kinds: filters::kinds };

/// The key that chooses the kind of a table.
pub(crate) const USE: &str = "use";

impl Array {
    /// Returns the kind of this name. An array with one kind of table needs no name.
    pub(crate) fn kind(&self, name: Option<&str>) -> Option<Command> {
        let is_meant = |kind: &Command| self.common.is_none() || Some(kind.get_name()) == name;
        (self.kinds)().into_iter().find(is_meant)
    }

    /// Whether a key of a kind is one that all kinds have.
    pub(crate) fn is_common(&self, key: &str) -> bool {
        self.common.is_some_and(|common| has_option(&common(), key))
    }
}

/// The flag that names the file. The file itself cannot contain it.
pub(crate) const CONFIG: &str = "config";

/// The options that a file may contain.
pub(crate) fn options(command: &Command) -> impl Iterator<Item = (&str, &Arg)> {
    command
        .get_arguments()
        .filter_map(|arg| Some((arg.get_long()?, arg)))
        .filter(|(name, arg)| *name != CONFIG && TABLES.iter().all(|(_, flag, _)| !fills_table(arg, flag)))
}

/// The tables of settings that a command has flags for.
pub(crate) fn tables(command: &Command) -> impl Iterator<Item = &'static Table> {
    TABLES.iter().filter(move |(_, flag, _)| command.get_arguments().any(|arg| fills_table(arg, flag)))
}

/// Whether a flag sets what the table of this flag has. The `timeout` of a filter is another option, with one time.
pub(crate) fn fills_table(arg: &Arg, flag: &str) -> bool {
    arg.get_long() == Some(flag) && matches!(arg.get_action(), ArgAction::Append)
}

/// Whether a command has this flag.
pub(crate) fn has_option(command: &Command, flag: &str) -> bool {
    command.get_arguments().any(|arg| arg.get_long() == Some(flag))
}

/// Whether a flag takes a number, a size or a time. In the file that may be a plain integer.
pub(crate) fn takes_number(arg: &Arg) -> bool {
    let of_flag = arg.get_value_parser().type_id();
    [
        ValueParser::from(clap::value_parser!(Size)).type_id(),
        ValueParser::from(clap::value_parser!(TimeSpan)).type_id(),
        ValueParser::from(clap::value_parser!(u32)).type_id(),
        ValueParser::from(clap::value_parser!(Keep)).type_id(),
    ]
    .contains(&of_flag)
}

/// Whether a flag takes a value for each of several names. In the file it is a table.
pub(crate) fn takes_table(arg: &Arg) -> bool {
    let has_names = |names: &[clap::builder::Str]| names.iter().any(|name| name.contains('='));
    matches!(arg.get_action(), ArgAction::Append) && arg.get_value_names().is_some_and(has_names)
}
