//! The levels of `--log-level`.

use std::str::FromStr;

use tracing_subscriber::filter::{LevelFilter, Targets};

/// Crates that log by themselves what a named event says already, or what any server on the network can make them say.
/// They log only if they are named.
const QUIET: [&str; 4] = ["async_nats", "hickory_net", "hickory_proto", "hickory_resolver"];

/// One level for everything, or one for each of several targets.
#[derive(Debug, Clone)]
pub(crate) struct LogLevel(Targets);

impl LogLevel {
    pub(super) fn targets(&self) -> &Targets {
        &self.0
    }
}

impl FromStr for LogLevel {
    type Err = String;

    /// A single word must be a level. As the name of a target it would disable all other targets.
    fn from_str(level: &str) -> Result<Self, String> {
        let is_known = |part: &str| part.contains('=') || part.trim().parse::<LevelFilter>().is_ok();
        let targets = level.parse().ok().filter(|_| level.split(',').all(is_known));
        let targets: Targets = targets.ok_or_else(|| {
            "write off, error, warn, info, debug or trace, or targets such as warn,mailchute=debug".to_owned()
        })?;
        let is_named = |target: &str| level.split(',').any(|part| part.trim().starts_with(target));
        let quiet = QUIET.into_iter().filter(|target| !is_named(target));
        Ok(Self(targets.with_targets(quiet.map(|target| (target, LevelFilter::OFF)))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_with_named_events_beside_it_logs_only_when_named() {
        for (level, is_logged) in [("info", false), ("trace", false), ("warn,async_nats=info", true)] {
            let level: LogLevel = level.parse().expect("a level");
            assert_eq!(
                level.targets().would_enable("async_nats::connector", &tracing::Level::INFO),
                is_logged
            );
        }
    }
}
