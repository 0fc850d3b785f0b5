//! Times as options have them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A length of time in whole seconds, written `30s`, `5m`, `1h`, `2d` or as the bare number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeSpan(u64);

/// Units, from the largest to the smallest.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

impl TimeSpan {
    pub(crate) fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

/// Whole seconds; parts of one are cut off.
impl From<Duration> for TimeSpan {
    fn from(duration: Duration) -> Self {
        Self(duration.as_secs())
    }
}

impl FromStr for TimeSpan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unit = text.chars().last().and_then(|last| UNITS.into_iter().find(|(name, _)| last == *name));
        let (number, factor) = unit.map_or((text, 1), |(_, factor)| (&text[..text.len() - 1], factor));
        if number.is_empty() || !number.bytes().all(|octet| octet.is_ascii_digit()) {
            return Err(
                "this is not a time; write a number of seconds, or one with s, m, h or d, such as 5m"
                    .to_owned(),
            );
        }
        let seconds = number.parse().ok().and_then(|number: u64| number.checked_mul(factor));
        seconds.map(Self).ok_or_else(|| "the time is too long; write less, such as 5m".to_owned())
    }
}

impl fmt::Display for TimeSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS.into_iter().find(|(_, factor)| self.0 > 0 && self.0.is_multiple_of(*factor));
        match unit {
            Some((name, factor)) => write!(f, "{}{name}", self.0 / factor),
            None => self.0.fmt(f),
        }
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
