//! The parameter `MT-PRIORITY=`: the priority of a message (RFC 6710).

use std::fmt;

/// The priority of a message, from -9 to 9, usually 0: the value of `MT-PRIORITY=` (RFC 6710 §4).
///
/// A hook decides whether the client may use it. A hook that changes the priority answers MAIL with `250` and the
/// enhanced code `2.3.6`.
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
    /// Returns the priority for a number, if it is in range.
    #[must_use]
    pub const fn new(priority: i8) -> Option<Self> {
        if priority < -9 || priority > 9 { None } else { Some(Self(priority)) }
    }

    /// Returns the number.
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
