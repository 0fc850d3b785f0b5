//! The kinds of events, by which a subscriber chooses.

use std::fmt;

macro_rules! kinds {
    ($($(#[$meta:meta])* $name:ident = $text:literal;)*) => {
        /// The kind of an [`Event`](super::Event), for [`Events::only`](super::Events::only).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Kind {
            $($(#[$meta])* $name,)*
        }

        impl Kind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Returns the name: lower case, with hyphens.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

kinds! {
    /// [`Event::Connect`](super::Event::Connect).
    Connect = "connect";
    /// [`Event::TurnedAway`](super::Event::TurnedAway).
    TurnedAway = "turned-away";
    /// [`Event::Disconnect`](super::Event::Disconnect).
    Disconnect = "disconnect";
    /// [`Event::Secure`](super::Event::Secure).
    Secure = "secure";
    /// [`Event::HandshakeFailed`](super::Event::HandshakeFailed).
    HandshakeFailed = "handshake-failed";
    /// [`Event::Command`](super::Event::Command).
    Command = "command";
    /// [`Event::Ehlo`](super::Event::Ehlo).
    Ehlo = "ehlo";
    /// [`Event::Auth`](super::Event::Auth).
    Auth = "auth";
    /// [`Event::Mail`](super::Event::Mail).
    Mail = "mail";
    /// [`Event::Rcpt`](super::Event::Rcpt).
    Rcpt = "rcpt";
    /// [`Event::DataChunk`](super::Event::DataChunk).
    DataChunk = "data-chunk";
    /// [`Event::Finding`](super::Event::Finding).
    Finding = "finding";
    /// [`Event::Message`](super::Event::Message).
    Message = "message";
    /// [`Event::Refused`](super::Event::Refused).
    Refused = "refused";
    /// [`Event::Reply`](super::Event::Reply).
    Reply = "reply";
    /// [`Event::Missed`](super::Event::Missed), which each subscriber gets, whatever it has chosen.
    Missed = "missed";
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kinds(u32);

impl Kinds {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const ALL: Self = Self(u32::MAX);

    pub(crate) const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    pub(crate) const fn has(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u32) != 0
    }

    pub(crate) const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }
}

impl FromIterator<Kind> for Kinds {
    fn from_iter<I: IntoIterator<Item = Kind>>(kinds: I) -> Self {
        Self(kinds.into_iter().fold(0, |bits, kind| bits | 1 << kind as u32))
    }
}
