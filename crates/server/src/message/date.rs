//! The date of a message, as in its header.

use std::time::SystemTime;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::tz::TimeZone;

/// Returns a time in the form of the field `Date:` (RFC 5322 §3.3), in UTC. A time before 1970 or after 9999
/// becomes the nearest one.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
/// assert_eq!(mailchute::message::date(time), "Sun, 9 Sep 2001 01:46:40 +0000");
/// ```
#[must_use]
pub fn date(time: SystemTime) -> String {
    format(Timestamp::try_from(time.max(SystemTime::UNIX_EPOCH)).unwrap_or(Timestamp::MAX))
}

pub(crate) fn format(time: Timestamp) -> String {
    DateTimePrinter::new().zoned_to_string(&time.to_zoned(TimeZone::UTC)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn formats_any_time_without_a_panic() {
        let far = Duration::from_secs(1 << 40);
        assert_eq!(date(SystemTime::UNIX_EPOCH - far), "Thu, 1 Jan 1970 00:00:00 +0000");
        assert!(date(SystemTime::UNIX_EPOCH + far).contains(" Dec 9999 "));
    }
}
