//! Parses options as if they were the flags of a command.

use std::ffi::OsString;

use clap::{ArgMatches, Command, FromArgMatches};

use crate::failure::Failure;
use crate::options::provenance::Provenance;

/// The options of a file.
pub(crate) fn of_file(provenance: &Provenance) -> impl Iterator<Item = (&str, Vec<OsString>)> {
    provenance.values().iter().map(|(option, values)| {
        (option.as_str(), values.iter().map(|value| OsString::from(&value.text)).collect())
    })
}

/// Parses options as if they were the flags of `command`.
pub(crate) fn parse<'o, T: FromArgMatches>(
    command: &Command,
    options: impl Iterator<Item = (&'o str, Vec<OsString>)>,
) -> Result<T, Failure> {
    T::from_arg_matches(&matches(command, options)?).map_err(Failure::usage)
}

/// Like [`parse`], before the values are taken.
pub(crate) fn matches<'o>(
    command: &Command,
    options: impl Iterator<Item = (&'o str, Vec<OsString>)>,
) -> Result<ArgMatches, Failure> {
    let mut arguments = Vec::new();
    for (option, values) in options {
        let arg = command.get_arguments().find(|arg| arg.get_long() == Some(option));
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
    command.clone().try_get_matches_from(arguments).map_err(Failure::usage)
}
