//! Messages before the log begins, in the requested format as far as it is known.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write as _};

use super::format::LogFormat;
use super::line::Lines;
use crate::failure::Failure;

/// The variable of `--log-format`.
const VARIABLE: &str = "MAILCHUTE_LOG_FORMAT";

/// Turns an error of clap into a failure. With a log for people clap prints it and exits, as it does for help and the
/// version.
pub(crate) fn wrong_usage(error: clap::Error) -> Failure {
    if !error.use_stderr() || asked_for_here() == LogFormat::Text {
        error.exit();
    }
    Failure::usage(error)
}

/// Prints the reason why the program ends.
pub(crate) fn report_without_log(failure: &Failure) {
    let lines = Lines(asked_for_here()).failure(failure);
    // If nothing can be printed, the exit code tells.
    let _ = io::stderr().write_all(lines.as_bytes());
}

fn asked_for_here() -> LogFormat {
    asked_for(&env::args_os().collect::<Vec<_>>())
}

/// The format of the log of `mailchute serve`, also for errors in its options.
fn asked_for(arguments: &[OsString]) -> LogFormat {
    let word = |index: usize| arguments.get(index).map(|word| word.to_string_lossy());
    let is_serving = word(1).is_none_or(|word| word == "serve" || word.starts_with('-'));
    let value = |flag: &str| {
        (1..arguments.len()).find_map(|index| match word(index)?.strip_prefix(flag)? {
            "" => word(index + 1).map(std::borrow::Cow::into_owned),
            rest => rest.strip_prefix('=').map(str::to_owned),
        })
    };
    let given = || value("--log-format").or_else(|| env::var(VARIABLE).ok());
    let of_file = || {
        let text = fs::read_to_string(value("--config")?).ok()?;
        text.lines().find(|line| line.trim_start().starts_with("log-format")).map(str::to_owned)
    };
    match is_serving.then(|| given().or_else(of_file)).flatten() {
        Some(format) if format.contains("json") => LogFormat::Json,
        _ => LogFormat::Text,
    }
}
