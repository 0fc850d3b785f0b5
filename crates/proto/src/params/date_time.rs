//! A date and time in an SMTP parameter.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY: u64 = 86_400;

/// A moment in UTC, to the second, from 1970 to 9999: the `date-time` of RFC 3339 as restricted by RFC 4865 §3.
///
/// # Examples
///
/// ```
/// use mailchute_proto::DateTime;
///
/// let moment = DateTime::parse("2026-03-01T09:30:00Z").unwrap();
/// assert_eq!(moment.unix_seconds(), 1_772_357_400);
/// assert_eq!(moment.to_string(), "2026-03-01T09:30:00Z");
/// assert_eq!(DateTime::parse("2026-02-29T09:30:00Z"), None);
/// assert_eq!(DateTime::parse("2026-03-01T09:30:00+01:00"), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(u64);

impl DateTime {
    /// The last moment of the year 9999, the latest that can be written.
    pub const MAX: Self = Self(253_402_300_799);

    /// Parses `YYYY-MM-DDThh:mm:ssZ`. Anything else is `None`, including fractions of a second, other offsets and
    /// invalid dates. A leap second counts as the second after it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        const FORM: &[u8; 20] = b"0000-00-00T00:00:00Z";
        let bytes: &[u8; 20] = text.as_bytes().try_into().ok()?;
        let fits = |(byte, form): (&u8, &u8)| match form {
            b'0' => byte.is_ascii_digit(),
            form => byte.eq_ignore_ascii_case(form),
        };
        if !bytes.iter().zip(FORM).all(fits) {
            return None;
        }
        let number = |from: usize, to: usize| {
            bytes[from..to].iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
        };
        let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
        let (hour, minute, second) = (number(11, 13), number(14, 16), number(17, 19));
        let is_leap_second = (hour, minute, second) == (23, 59, 60);
        let is_day = year >= 1970 && (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
        if !is_day || hour > 23 || minute > 59 || (second > 59 && !is_leap_second) {
            return None;
        }
        let days =
            days_before_year(year) + (1..month).map(|month| days_in(year, month)).sum::<u64>() + day - 1;
        Some(Self(days * DAY + hour * 3_600 + minute * 60 + second)).filter(|moment| *moment <= Self::MAX)
    }

    /// Returns the seconds since 1970, without leap seconds.
    #[must_use]
    pub const fn unix_seconds(self) -> u64 {
        self.0
    }

    /// Returns the moment that many seconds later, at most [`DateTime::MAX`].
    #[must_use]
    pub fn plus_seconds(self, seconds: u32) -> Self {
        Self(self.0 + u64::from(seconds)).min(Self::MAX)
    }
}

/// Converts a time and drops fractions of a second. A time before 1970 becomes 1970, one after 9999
/// [`DateTime::MAX`].
impl From<SystemTime> for DateTime {
    fn from(time: SystemTime) -> Self {
        Self(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()).min(Self::MAX)
    }
}

impl From<DateTime> for SystemTime {
    fn from(moment: DateTime) -> Self {
        UNIX_EPOCH + Duration::from_secs(moment.0)
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut days, seconds) = (self.0 / DAY, self.0 % DAY);
        // Starts from an estimate that is never too late, then counts years.
        let mut year = 1970 + days / 366;
        while days_before_year(year + 1) <= days {
            year += 1;
        }
        days -= days_before_year(year);
        let mut month = 1;
        while days >= days_in(year, month) {
            days -= days_in(year, month);
            month += 1;
        }
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z", days + 1)
    }
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_in(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Returns the days from 1970 to the first of January of `year`.
fn days_before_year(year: u64) -> u64 {
    let leap_days = |year: u64| year / 4 - year / 100 + year / 400;
    (year - 1970) * 365 + leap_days(year - 1) - leap_days(1969)
}
