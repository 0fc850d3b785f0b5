//! The levels of `--log-level`.

use std::str::FromStr;

use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::reload;

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

/// Passes events at or above the current level.
pub(super) struct Filter<S>(pub(super) reload::Layer<Targets, S>);

/// It only decides whether an event is wanted, once for each place in the code. `reload::Layer` alone takes a global
/// lock at each poll of a session, and twice an event.
impl<S: Subscriber> Layer<S> for Filter<S> {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        self.0.register_callsite(metadata)
    }

    fn enabled(&self, metadata: &Metadata<'_>, context: Context<'_, S>) -> bool {
        Layer::enabled(&self.0, metadata, context)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Layer::max_level_hint(&self.0)
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
