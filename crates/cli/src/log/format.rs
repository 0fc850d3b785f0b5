//! The format of a line of the log.

use clap::ValueEnum;

/// The format of `--log-format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object a line, for programs
    Json,
}
