//! Enhanced status codes (RFC 3463, RFC 5248).

use std::fmt;

/// An enhanced status code, class.subject.detail, such as `5.7.1`.
///
/// Created from a tuple: `Enhanced::from((5, 7, 1))`. [`Reply::new`](crate::Reply::new) checks whether its class fits
/// the reply code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Enhanced {
    class: u8,
    subject: u16,
    detail: u16,
}

impl Enhanced {
    /// Creates the code `class.subject.detail`.
    #[must_use]
    pub const fn new(class: u8, subject: u16, detail: u16) -> Self {
        Self { class, subject, detail }
    }

    /// Returns the class: 2 success, 4 transient failure, 5 permanent failure (RFC 3463 §3.1).
    #[must_use]
    pub const fn class(self) -> u8 {
        self.class
    }

    /// Returns the subject: 1 addresses, 2 mailboxes, 3 the system, 4 the network, 5 the protocol, 6 content, 7
    /// policy (RFC 3463 §3).
    #[must_use]
    pub const fn subject(self) -> u16 {
        self.subject
    }

    /// Returns the exact condition within the subject.
    #[must_use]
    pub const fn detail(self) -> u16 {
        self.detail
    }

    /// Returns whether subject and detail have one to three digits and the class is 2, 4 or 5 (RFC 3463 §2).
    pub(super) const fn is_well_formed(self) -> bool {
        matches!(self.class, 2 | 4 | 5) && self.subject <= 999 && self.detail <= 999
    }
}

impl From<(u8, u16, u16)> for Enhanced {
    fn from((class, subject, detail): (u8, u16, u16)) -> Self {
        Self::new(class, subject, detail)
    }
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}
