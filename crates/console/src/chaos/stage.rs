//! The stages of a session at which rules act.

use serde::{Deserialize, Serialize};

/// The stages that a rule can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Stage {
    /// The client connects.
    Connect,
    /// EHLO, HELO or LHLO.
    Ehlo,
    /// STARTTLS, before the handshake.
    Starttls,
    /// AUTH, after the credentials were found right.
    Auth,
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA or the first BDAT, before the content.
    Data,
    /// The content is complete.
    Message,
    /// All of these.
    Any,
}

impl Stage {
    /// All stages, in the order of a session.
    pub(crate) const ALL: [Self; 9] = [
        Self::Connect,
        Self::Ehlo,
        Self::Starttls,
        Self::Auth,
        Self::Mail,
        Self::Rcpt,
        Self::Data,
        Self::Message,
        Self::Any,
    ];

    /// Returns the name in JSON and in forms.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Ehlo => "ehlo",
            Self::Starttls => "starttls",
            Self::Auth => "auth",
            Self::Mail => "mail",
            Self::Rcpt => "rcpt",
            Self::Data => "data",
            Self::Message => "message",
            Self::Any => "any",
        }
    }
}
