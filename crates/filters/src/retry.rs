//! The words of a refusal that say when the client should try again.

use std::fmt;
use std::time::Duration;

/// Writes "try again in 40 s", rounded up. Longer times are in minutes or hours.
pub(crate) struct TryAgainIn(pub(crate) Duration);

impl fmt::Display for TryAgainIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs() + u64::from(self.0.subsec_nanos() > 0);
        let (number, unit) = match seconds.max(1) {
            seconds @ ..=120 => (seconds, "s"),
            seconds @ ..=7200 => (seconds.div_ceil(60), "min"),
            seconds => (seconds.div_ceil(3600), "h"),
        };
        write!(f, "try again in {number} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_to_come_too_early() {
        for (millis, text) in [
            (0, "1 s"),
            (1, "1 s"),
            (1001, "2 s"),
            (120_000, "120 s"),
            (120_001, "3 min"),
            (7_200_000, "120 min"),
            (7_200_001, "3 h"),
        ] {
            let told = TryAgainIn(Duration::from_millis(millis)).to_string();
            assert_eq!(told, format!("try again in {text}"));
        }
    }
}
