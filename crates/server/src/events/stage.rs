//! The stages at which the server refuses.

use std::fmt;

use mailchute_proto::Verb;

/// What was refused, in [`Event::Refused`](super::Event::Refused).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// The client, when it connected or when a proxy named it by XCLIENT.
    Connect,
    /// The client, after a TLS handshake.
    Secure,
    /// EHLO, HELO or LHLO.
    Ehlo,
    /// AUTH.
    Auth,
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA or BDAT, before the message was complete.
    Data,
    /// A complete message, or in LMTP its delivery to one recipient.
    Message,
    /// Any other command, and a line that is not a command.
    Command,
}

impl Stage {
    /// The stage of a command; that of no command is the greeting's.
    pub(crate) fn of(verb: Option<Verb>) -> Self {
        match verb {
            None | Some(Verb::Xclient) => Self::Connect,
            Some(Verb::Ehlo | Verb::Helo | Verb::Lhlo) => Self::Ehlo,
            Some(Verb::Auth) => Self::Auth,
            Some(Verb::Mail) => Self::Mail,
            Some(Verb::Rcpt) => Self::Rcpt,
            Some(Verb::Data | Verb::Bdat) => Self::Data,
            Some(_) => Self::Command,
        }
    }

    /// Returns the name: lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Secure => "secure",
            Self::Ehlo => "ehlo",
            Self::Auth => "auth",
            Self::Mail => "mail",
            Self::Rcpt => "rcpt",
            Self::Data => "data",
            Self::Message => "message",
            Self::Command => "command",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
