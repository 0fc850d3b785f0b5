//! `MT-PRIORITY=`: how urgent a message is (RFC 6710).

use std::fmt;

/// How urgent a message is, from -9 to 9, where 0 is the common case: the value of `MT-PRIORITY=` (RFC 6710 §4).
///
/// Whether the client may ask for it is for a hook to say. One that lowers or raises the priority answers MAIL by
/// `250` with the enhanced code `2.3.6`.
///
/// # Examples
///
/// ```
/// use mailchute_proto::{MailParameters, ParameterError, Parameters, Priority};
///
/// let parameters = MailParameters::from_parameters(&Parameters::parse(b"MT-PRIORITY=-4")?)?;
/// assert_eq!(parameters.mt_priority, Priority::new(-4));
/// assert_eq!(Priority::new(10), None);
/// # Ok::<(), ParameterError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(i8);

impl Priority {
    /// Checks a number and wraps it.
    #[must_use]
    pub const fn new(priority: i8) -> Option<Self> {
        if priority < -9 || priority > 9 { None } else { Some(Self(priority)) }
    }

    /// The number itself.
    #[must_use]
    pub const fn get(self) -> i8 {
        self.0
    }

    /// `(["-"] NZDIGIT) / "0"`
    pub(super) fn parse(value: &str) -> Option<Self> {
        match value.as_bytes() {
            [b'0'..=b'9'] | [b'-', b'1'..=b'9'] => value.parse().ok().and_then(Self::new),
            _ => None,
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
