//! The active level, which SIGHUP changes.

use std::sync::{PoisonError, RwLock};

use tracing::Metadata;
use tracing_core::callsite::rebuild_interest_cache;
use tracing_subscriber::filter::{LevelFilter, Targets};

use super::level::LogLevel;

/// Decides which events are logged. It is asked once for each place in the code, and again after a change.
#[derive(Debug)]
pub(super) struct InForce(RwLock<Targets>);

impl InForce {
    pub(super) fn new(level: &LogLevel) -> Self {
        Self(RwLock::new(level.targets().clone()))
    }

    /// Applies another level.
    pub(super) fn set(&self, level: &LogLevel) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = level.targets().clone();
        rebuild_interest_cache();
    }

    pub(super) fn passes(&self, metadata: &Metadata<'_>) -> bool {
        let targets = self.0.read().unwrap_or_else(PoisonError::into_inner);
        targets.would_enable(metadata.target(), metadata.level())
    }

    /// Returns the level that no target goes beyond.
    pub(super) fn most(&self) -> LevelFilter {
        let targets = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let default = targets.default_level().unwrap_or(LevelFilter::OFF);
        targets.iter().map(|(_, level)| level).fold(default, Ord::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_target_goes_beyond_the_most_detailed_of_all() {
        for (level, most) in [
            ("off", LevelFilter::OFF),
            ("info", LevelFilter::INFO),
            ("info,mailchute=warn", LevelFilter::INFO),
            ("warn,mailchute=debug", LevelFilter::DEBUG),
            ("mailchute=error", LevelFilter::ERROR),
        ] {
            assert_eq!(InForce::new(&level.parse().expect("a level")).most(), most, "{level}");
        }
    }
}
