//! A time in the URL of a store.

use std::time::Duration;

/// Returns a time of at least a second: `30s`, `5m`, or seconds.
pub(crate) fn parse(value: &str) -> Option<Duration> {
    let (digits, unit) = match (value.strip_suffix('s'), value.strip_suffix('m')) {
        (Some(digits), _) => (digits, 1),
        (_, Some(digits)) => (digits, 60),
        _ => (value, 1),
    };
    let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
    let number: u32 = digits.parse().ok().filter(|number| is_number && *number > 0)?;
    Some(Duration::from_secs(u64::from(number) * unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_at_least_a_second() {
        for (text, seconds) in [("30s", Some(30)), ("5m", Some(300)), ("90", Some(90)), ("1s", Some(1))] {
            assert_eq!(parse(text), seconds.map(Duration::from_secs), "{text}");
        }
        for text in ["", "s", "0", "0m", "-1", "+1", "1.5", "5h", "5 s", "4294967296"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
