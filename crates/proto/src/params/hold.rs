//! The parameters `HOLDFOR=` and `HOLDUNTIL=`: the release time of a message (RFC 4865).
//!
//! # Why
//!
//! The machine has no clock, so the caller passes the time of day (`Machine::tell_time`), and only if FUTURERELEASE is
//! enabled. Without it the extension is not offered. A time in the past, or too far ahead, is `501 5.5.4`.

use std::fmt;

use super::DateTime;

/// The time until which a message is held: the value of `HOLDFOR=` or `HOLDUNTIL=`. MAIL carries at most one of them
/// (RFC 4865 §4).
///
/// `Display` writes it as in the report field `Future-Release-Request` (RFC 4865 §5).
///
/// # Examples
///
/// ```
/// use mailchute_proto::{DateTime, Hold, MailParameters, ParameterError, Parameters};
///
/// let hold = |text: &str| {
///     Ok::<_, ParameterError>(MailParameters::from_parameters(&Parameters::parse(text.as_bytes())?)?.hold)
/// };
/// assert_eq!(hold("HOLDFOR=3600")?, Some(Hold::For { seconds: 3600 }));
/// assert_eq!(hold("HOLDUNTIL=2026-03-01T09:30:00Z")?.unwrap().to_string(), "until;2026-03-01T09:30:00Z");
/// assert!(hold("HOLDFOR=60 HOLDUNTIL=2026-03-01T09:30:00Z").is_err());
/// # Ok::<(), ParameterError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hold {
    /// For a period from the MAIL command on.
    For {
        /// The seconds, 1 to 999,999,999.
        seconds: u32,
    },
    /// Until this moment.
    Until(DateTime),
}

impl Hold {
    /// Parses a `future-release-integer`: one to nine digits, not beginning with 0.
    pub(super) fn parse_for(value: &str) -> Option<Self> {
        let is_integer = matches!(value.len(), 1..=9) && value.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = value.parse().ok().filter(|_| is_integer && !value.starts_with('0'))?;
        Some(Self::For { seconds })
    }

    pub(super) fn parse_until(value: &str) -> Option<Self> {
        DateTime::parse(value).map(Self::Until)
    }

    /// Returns when to release the message, if MAIL came at `now`.
    #[must_use]
    pub fn ends(self, now: DateTime) -> DateTime {
        match self {
            Self::For { seconds } => now.plus_seconds(seconds),
            Self::Until(moment) => moment,
        }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::For { seconds } => write!(f, "for;{seconds}"),
            Self::Until(moment) => write!(f, "until;{moment}"),
        }
    }
}
