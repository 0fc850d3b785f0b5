//! The three-digit reply code (RFC 5321 §4.2).

use std::fmt;

/// A reply code that SMTP allows: 200 to 599 with a second digit of 0 to 5 (RFC 5321 §4.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(u16);

/// The meaning of the first digit of a [`Code`] (RFC 5321 §4.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// 2yz: the command succeeded.
    Completed,
    /// 3yz: the server waits for more input.
    Intermediate,
    /// 4yz: a temporary refusal. The client may retry later.
    Transient,
    /// 5yz: a permanent refusal. A retry would fail again.
    Permanent,
}

impl Code {
    /// Returns the code for a number, or `None` unless it has the form `[2-5][0-5][0-9]`.
    #[must_use]
    pub const fn new(code: u16) -> Option<Self> {
        if code < 200 || code > 599 || (code / 10) % 10 > 5 {
            return None;
        }
        Some(Self(code))
    }

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// Returns the meaning of the first digit.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self.0 / 100 {
            2 => Severity::Completed,
            3 => Severity::Intermediate,
            4 => Severity::Transient,
            _ => Severity::Permanent,
        }
    }

    /// Returns 250 for 251 and 550 for 551, whose texts name an address.
    pub(super) const fn without_address(self) -> Self {
        match self.0 {
            251 => Self(250),
            551 => Self(550),
            _ => self,
        }
    }

    pub(crate) const fn digits(self) -> [u8; 3] {
        // Each value is below ten, so the casts keep it whole.
        #[allow(clippy::cast_possible_truncation, reason = "a decimal digit fits a byte")]
        [b'0' + (self.0 / 100) as u8, b'0' + ((self.0 / 10) % 10) as u8, b'0' + (self.0 % 10) as u8]
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
