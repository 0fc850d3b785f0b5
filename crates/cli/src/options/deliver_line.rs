//! The command line of `mailchute deliver`: its own options, and those of `mailchute serve` that it has too.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;

use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::failure::Failure;
use crate::options::deliver_options::{self, DeliverOptions};
use crate::options::parse::parse;
use crate::options::{args, environment};

/// The options of `mailchute serve` that `mailchute deliver` has too.
const SHARED: [&str; 9] =
    ["config", "store", "state", "hostname", "timeout", "user", "sandbox", "log-level", "log-format"];

/// Hides the flags of `mailchute serve` that have no effect.
pub(crate) fn hide_others(command: clap::Command) -> clap::Command {
    let own = deliver_options::flags();
    let is_own = |name: &str| own.get_arguments().any(|arg| arg.get_long() == Some(name));
    command.mut_args(|arg| {
        let is_shown =
            arg.get_long().is_none_or(|name| SHARED.contains(&name) || is_own(name) || name == "help");
        if is_shown { arg } else { arg.hide(true) }
    })
}

/// Takes the options of `mailchute deliver` from the command line, and the others from the environment.
///
/// # Errors
/// Flags of `mailchute serve` that have no effect, and all variables whose value is wrong.
pub(crate) fn own_options(matches: &ArgMatches) -> Result<DeliverOptions, Failure> {
    let is_given = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let options = args::flags();
    let others = options.get_arguments().filter(|arg| is_given(arg.get_id().as_str()));
    let others = others.filter_map(|arg| arg.get_long()).filter(|name| !SHARED.contains(name));
    let mistakes: Vec<_> =
        others.map(|name| format!("--{name}: mailchute deliver has no such option; leave it out")).collect();
    if !mistakes.is_empty() {
        return Err(Failure::usage(mistakes.join("\n")));
    }
    let command = deliver_options::flags();
    let mut values: BTreeMap<String, Vec<OsString>> = environment::values(&command, |name| env::var_os(name))
        .map_err(|mistakes| Failure::usage(mistakes.join("\n")))?;
    for arg in command.get_arguments() {
        let id = arg.get_id().as_str();
        if let (true, Some(given), Some(name)) = (is_given(id), matches.get_raw(id), arg.get_long()) {
            values.insert(name.to_owned(), given.map(ToOwned::to_owned).collect());
        }
    }
    parse(&command, values.iter().map(|(name, values)| (name.as_str(), values.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_options_are_options_of_serve() {
        let options = args::flags();
        for name in SHARED {
            assert!(options.get_arguments().any(|arg| arg.get_long() == Some(name)), "{name}");
        }
    }
}
