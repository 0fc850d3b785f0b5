//! Times in searches: days, times and ages.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Returns the time that a text means. Days begin and times are in UTC, unless the text has an offset.
pub(super) fn parse(text: &str, now: Timestamp) -> Option<Timestamp> {
    match text.to_ascii_lowercase().as_str() {
        "now" => return Some(now),
        "today" => return begin(day_of(now)),
        "yesterday" => return begin(day_of(now).yesterday().ok()?),
        _ => {}
    }
    if let Some(age) = age(text) {
        return now.checked_sub(age).ok();
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    // A date is a time at midnight too. A time without an offset is not a timestamp.
    if let Ok(date) = text.parse::<Date>() {
        return match text.contains(['T', 't', ' ']) {
            true => TimeZone::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok(),
            false => begin(date),
        };
    }
    None
}

fn day_of(time: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(time).date()
}

fn begin(date: Date) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()
}

/// Reads an age, such as `2d`.
fn age(text: &str) -> Option<SignedDuration> {
    let unit = text.chars().next_back()?;
    let seconds = match unit.to_ascii_lowercase() {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        _ => return None,
    };
    let digits = &text[..text.len() - unit.len_utf8()];
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: i64 = if is_number { digits.parse().ok()? } else { return None };
    Some(SignedDuration::from_secs(number.checked_mul(seconds)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_days_times_and_ages() {
        let now = "2026-03-01T12:30:00Z".parse().unwrap();
        for (text, time) in [
            ("2026-01-31", "2026-01-31T00:00:00Z"),
            ("2026-01-31T06:05", "2026-01-31T06:05:00Z"),
            ("2026-01-31T06:05:07", "2026-01-31T06:05:07Z"),
            ("2026-01-31 06:05", "2026-01-31T06:05:00Z"),
            ("2026-01-31T06:05:07+02:00", "2026-01-31T04:05:07Z"),
            ("today", "2026-03-01T00:00:00Z"),
            ("Yesterday", "2026-02-28T00:00:00Z"),
            ("now", "2026-03-01T12:30:00Z"),
            ("30s", "2026-03-01T12:29:30Z"),
            ("30m", "2026-03-01T12:00:00Z"),
            ("2h", "2026-03-01T10:30:00Z"),
            ("2d", "2026-02-27T12:30:00Z"),
            ("1W", "2026-02-22T12:30:00Z"),
        ] {
            assert_eq!(parse(text, now), Some(time.parse().unwrap()), "{text}");
        }
        for text in [
            "",
            "d",
            "-1d",
            "soon",
            "31.1.2026",
            "2026-02-30",
            "99999999999999999999d",
            "9223372036854775807w",
        ] {
            assert_eq!(parse(text, now), None, "{text}");
        }
    }
}
