//! Rates: how many in which time.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A rate, such as 30 per minute. It is written `30/1m`.
///
/// The number is also the burst: so many may come at once. After that, one more is allowed each time that its share of
/// the time has passed, which is 2 s for `30/1m`. So a long run has no more than the rate.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use mailchute_filters::limits::Rate;
///
/// let rate: Rate = "30/1m".parse()?;
/// assert_eq!((rate.number(), rate.time()), (30, Duration::from_secs(60)));
/// assert_eq!(rate.to_string(), "30/1m");
/// assert_eq!("100/600".parse::<Rate>()?.to_string(), "100/10m");
///
/// let error = "30 a minute".parse::<Rate>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "a rate is a number and a time, such as 30/1m or 1000/1h; \"30 a minute\" is not"
/// );
/// # Ok::<(), mailchute_filters::limits::RateError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    number: u32,
    seconds: u32,
}

/// The error for a text or numbers that are not a [`Rate`]. It says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateError {
    text: String,
    fault: Fault,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Form,
    Number,
    Time,
}

impl Rate {
    /// The highest number. With [`MAX_SECONDS`](Self::MAX_SECONDS) it keeps all arithmetic below 2^53, so that Lua is
    /// exact.
    const MAX_NUMBER: u32 = 1_000_000;

    /// The longest time: 30 days.
    const MAX_SECONDS: u32 = 30 * 24 * 60 * 60;

    /// Makes a rate of a number from 1 to 1,000,000 in a time of whole seconds, from 1 s to 30 days.
    ///
    /// # Errors
    /// The number or the time is outside.
    pub fn new(number: u32, time: Duration) -> Result<Self, RateError> {
        let error = |fault| RateError { text: format!("{number}/{}", time.as_secs_f64()), fault };
        if time.subsec_nanos() > 0 {
            return Err(error(Fault::Time));
        }
        Self::checked(u64::from(number), time.as_secs()).map_err(error)
    }

    fn checked(number: u64, seconds: u64) -> Result<Self, Fault> {
        let within =
            |value: u64, most: u32| u32::try_from(value).ok().filter(|value| (1..=most).contains(value));
        Ok(Self {
            number: within(number, Self::MAX_NUMBER).ok_or(Fault::Number)?,
            seconds: within(seconds, Self::MAX_SECONDS).ok_or(Fault::Time)?,
        })
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        let (number, time) = text.split_once('/').ok_or(Fault::Form)?;
        let unit = match time.as_bytes().last() {
            Some(b's') => 1,
            Some(b'm') => 60,
            Some(b'h') => 60 * 60,
            Some(b'd') => 24 * 60 * 60,
            _ => 0,
        };
        let digits = if unit == 0 { time } else { &time[..time.len() - 1] };
        let seconds = whole(digits)?.saturating_mul(unit.max(1));
        Self::checked(whole(number)?, seconds)
    }

    /// Returns how many are allowed in the time.
    #[must_use]
    pub fn number(self) -> u32 {
        self.number
    }

    /// Returns the time.
    #[must_use]
    pub fn time(self) -> Duration {
        Duration::from_secs(self.seconds.into())
    }

    /// The time in milliseconds.
    pub(super) fn millis(self) -> u64 {
        u64::from(self.seconds) * 1000
    }
}

/// A number of digits only. One that is too long becomes the largest.
fn whole(digits: &str) -> Result<u64, Fault> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::Form);
    }
    Ok(digits.parse().unwrap_or(u64::MAX))
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        Self::parse(text).map_err(|fault| RateError { text: text.to_owned(), fault })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (time, unit) = match self.seconds {
            seconds if seconds % 86_400 == 0 => (seconds / 86_400, 'd'),
            seconds if seconds % 3_600 == 0 => (seconds / 3_600, 'h'),
            seconds if seconds % 60 == 0 => (seconds / 60, 'm'),
            seconds => (seconds, 's'),
        };
        write!(f, "{}/{time}{unit}", self.number)
    }
}

impl fmt::Display for RateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = match self.fault {
            Fault::Form => "a rate is a number and a time, such as 30/1m or 1000/1h",
            Fault::Number => "the number of a rate is from 1 to 1000000, such as 30/1m",
            Fault::Time => "the time of a rate is whole seconds from 1s to 30d, such as 30/1m",
        };
        write!(f, "{told}; {:?} is not", self.text)
    }
}

impl std::error::Error for RateError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_read_as_it_is_written() {
        for (text, number, seconds) in [
            ("30/1m", 30, 60),
            ("30/60s", 30, 60),
            ("1/1", 1, 1),
            ("200/1h", 200, 3600),
            ("1000000/30d", 1_000_000, 2_592_000),
        ] {
            let rate: Rate = text.parse().expect(text);
            assert_eq!((rate.number(), rate.time()), (number, Duration::from_secs(seconds)), "{text}");
            assert_eq!(rate.to_string().parse(), Ok(rate), "{text}");
            assert_eq!(Rate::new(number, rate.time()), Ok(rate), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_rate_is_told() {
        for (text, told) in [
            ("", "a rate is"),
            ("30", "a rate is"),
            ("30/", "a rate is"),
            ("30/m", "a rate is"),
            ("/1m", "a rate is"),
            ("-1/1m", "a rate is"),
            ("+1/1m", "a rate is"),
            ("1.5/1m", "a rate is"),
            ("30/1m/2", "a rate is"),
            ("30 /1m", "a rate is"),
            ("30/1ü", "a rate is"),
            ("30/1w", "a rate is"),
            ("0/1m", "the number"),
            ("1000001/1m", "the number"),
            ("99999999999999999999999/1m", "the number"),
            ("30/0s", "the time"),
            ("30/31d", "the time"),
            ("30/99999999999999999999999d", "the time"),
        ] {
            let error = text.parse::<Rate>().expect_err(text).to_string();
            assert!(error.starts_with(told), "{text}: {error}");
            assert!(error.ends_with(&format!("; {text:?} is not")), "{text}: {error}");
        }
        assert!(Rate::new(30, Duration::from_millis(1500)).is_err());
    }
}
