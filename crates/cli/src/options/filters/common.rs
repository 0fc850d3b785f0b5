//! The options that every `[[filter]]` has.

use std::fmt;
use std::str::FromStr;

use clap::Command;

use crate::options::time_span::TimeSpan;

/// The options of every filter.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct CommonOptions {
    /// The kind of filter
    #[arg(long = "use", value_name = "KIND")]
    pub(crate) used: String,

    /// Skip the filter where an earlier one has found one of these, such as "spf=pass". docs/log.md lists the findings of
    /// each filter
    #[arg(long, value_name = "FINDING")]
    pub(crate) unless: Vec<Unless>,

    /// Ask the filter on these listeners only: the name of a `[[listener]]`, or an address as listen, tls-listen or lmtp
    /// has it [default: on all]
    #[arg(long, value_name = "LISTENER")]
    pub(crate) only: Vec<String>,
}

/// A finding that makes a filter superfluous.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unless {
    pub(crate) check: String,
    pub(crate) result: String,
}

impl FromStr for Unless {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((check, result)) if !check.is_empty() && !result.is_empty() => {
                Ok(Self { check: check.to_owned(), result: result.to_owned() })
            }
            _ => Err("write a check and its result, such as spf=pass".to_owned()),
        }
    }
}

impl fmt::Display for Unless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.check, self.result)
    }
}

/// Returns the mistakes in times that a filter may take: none could answer within 0.
pub(crate) fn zero_times(times: &[(&'static str, TimeSpan)]) -> Vec<(&'static str, String)> {
    let zero = times.iter().filter(|(_, time)| time.duration().is_zero());
    zero.map(|(option, _)| (*option, "no answer can come within 0; write 30s, for example".to_owned()))
        .collect()
}

/// Returns the keys of every `[[filter]]`, as the flags of a command.
pub(crate) fn flags() -> Command {
    let command = Command::new("filter").no_binary_name(true).disable_help_flag(true);
    <CommonOptions as clap::Args>::augment_args(command).about(
        "A check of clients, senders, recipients or messages. Filters are asked in the order of the file. \
         docs/guide/filtering.md says what to switch on.",
    )
}

/// Reads the name of a check, which the log shows as it is.
pub(crate) fn check_name(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.is_empty() || text.len() > 64 || !text.chars().all(is_plain) {
        return Err("write 1 to 64 letters, digits, -, _ and ., such as clamav".to_owned());
    }
    Ok(text.to_owned())
}
