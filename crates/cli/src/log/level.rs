//! What is logged, as `--log-level` says it.

use std::str::FromStr;

use tracing_subscriber::filter::{LevelFilter, Targets};

/// A level for all, or one for each of several targets.
#[derive(Debug, Clone)]
pub(crate) struct LogLevel(Targets);

impl LogLevel {
    pub(super) fn targets(&self) -> &Targets {
        &self.0
    }
}

impl FromStr for LogLevel {
    type Err = String;

    /// A word by itself has to be a level: read as the name of a target it would switch all else off.
    fn from_str(level: &str) -> Result<Self, String> {
        let is_known = |part: &str| part.contains('=') || part.trim().parse::<LevelFilter>().is_ok();
        let targets = level.parse().ok().filter(|_| level.split(',').all(is_known));
        targets.map(Self).ok_or_else(|| {
            "write off, error, warn, info, debug or trace, or targets such as warn,mailchute=debug".to_owned()
        })
    }
}
