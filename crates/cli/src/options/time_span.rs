//! Times of options.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::options::units::{self, Fault};

/// A time in whole seconds: `30s`, `5m`, `1h`, `2d` or an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeSpan(u64);

/// Units, from the largest to the smallest.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

impl TimeSpan {
    pub(crate) fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

/// Cuts off parts of a second.
impl From<Duration> for TimeSpan {
    fn from(duration: Duration) -> Self {
        Self(duration.as_secs())
    }
}

impl FromStr for TimeSpan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        units::read(text, &UNITS).map(Self).map_err(|fault| match fault {
            Fault::NoNumber => {
                "this is not a time; write a number of seconds, or one with s, m, h or d, such as 5m"
                    .to_owned()
            }
            Fault::TooLarge => "the time is too long; write less, such as 5m".to_owned(),
        })
    }
}

impl fmt::Display for TimeSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        units::write(f, self.0, &UNITS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_seconds_minutes_hours_and_days() {
        for (text, seconds, printed) in [
            ("0", 0, "0"),
            ("0s", 0, "0"),
            ("45", 45, "45s"),
            ("30s", 30, "30s"),
            ("90s", 90, "90s"),
            ("5m", 300, "5m"),
            ("300", 300, "5m"),
            ("1h", 3_600, "1h"),
            ("2d", 172_800, "2d"),
            ("48h", 172_800, "2d"),
        ] {
            assert_eq!(text.parse(), Ok(TimeSpan(seconds)), "{text}");
            assert_eq!(TimeSpan(seconds).to_string(), printed);
        }
    }

    #[test]
    fn refuses_what_is_not_a_time() {
        for text in ["", "m", "-1", "+5m", "1.5h", "5 m", "5M", "5min", "1h30m", "10ms", "1_0", "٣m"] {
            let error = text.parse::<TimeSpan>().expect_err(text);
            assert!(error.contains("such as 5m"), "{text}: {error}");
        }
        assert!("18446744073709551615m".parse::<TimeSpan>().is_err_and(|error| error.contains("too long")));
    }
}
