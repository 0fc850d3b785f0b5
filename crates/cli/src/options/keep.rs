//! How much mail is kept.

use std::str::FromStr;
use std::time::Duration;

use crate::options::size::Size;
use crate::options::time_span::TimeSpan;

/// The part of a Maildir that is kept: so many messages, those of a time, or so many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    Messages(u64),
    Age(Duration),
    Bytes(u64),
}

const HINT: &str =
    "write a number of messages, such as 500; a time, such as 30d or 12h; or a size, such as 1G or 500M";

impl FromStr for Keep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let kept = match text.chars().last() {
            // A lower-case m could be taken for megabytes, and nobody keeps mail for minutes.
            Some('d' | 'h') => text.parse().ok().map(|time: TimeSpan| Self::Age(time.duration())),
            Some('K' | 'M' | 'G') => text.parse().ok().map(|Size(bytes)| Self::Bytes(bytes)),
            _ if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok().map(Self::Messages),
            _ => None,
        };
        let is_something = |kept: &Self| match kept {
            Self::Messages(number) | Self::Bytes(number) => *number > 0,
            Self::Age(time) => !time.is_zero(),
        };
        kept.filter(is_something).ok_or_else(|| HINT.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_times_and_sizes() {
        for (text, expected) in [
            ("500", Keep::Messages(500)),
            ("30d", Keep::Age(Duration::from_secs(30 * 86_400))),
            ("12h", Keep::Age(Duration::from_secs(12 * 3_600))),
            ("1G", Keep::Bytes(1 << 30)),
            ("500M", Keep::Bytes(500 << 20)),
            ("64K", Keep::Bytes(64 << 10)),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn refuses_nothing_and_what_is_unclear() {
        for text in
            ["", "0", "0d", "0G", "5m", "5s", "5g", "d", "-1", "+5", "1.5G", "5 d", "99999999999999999999"]
        {
            assert_eq!(text.parse::<Keep>(), Err(HINT.to_owned()), "{text}");
        }
    }
}
