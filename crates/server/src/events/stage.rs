//! The stages of a session, for events, log and hooks.

use std::fmt;

use mailchute_proto::Verb;

/// A stage of a session. [`Event::Refused`](super::Event::Refused) tells at which stage the refusal came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// The client has connected, or a proxy has named it by XCLIENT.
    Connect,
    /// STARTTLS, before the handshake.
    StartTls,
    /// A TLS handshake has succeeded.
    Secure,
    /// EHLO, HELO or LHLO.
    Ehlo,
    /// AUTH.
    Auth,
    /// MAIL.
    MailFrom,
    /// RCPT.
    RcptTo,
    /// DATA or BDAT, before the message is complete.
    Data,
    /// A complete message, or in LMTP its delivery to one recipient.
    Message,
    /// Any other command, and a line that is not a command.
    Command,
    /// The session is over. Nothing is refused here, but a hook can fail.
    Disconnect,
}

impl Stage {
    /// Returns the stage of a command. Without a command it is the greeting.
    pub(crate) fn of(verb: Option<Verb>) -> Self {
        match verb {
            None | Some(Verb::Xclient) => Self::Connect,
            Some(Verb::Ehlo | Verb::Helo | Verb::Lhlo) => Self::Ehlo,
            Some(Verb::StartTls) => Self::StartTls,
            Some(Verb::Auth) => Self::Auth,
            Some(Verb::Mail) => Self::MailFrom,
            Some(Verb::Rcpt) => Self::RcptTo,
            Some(Verb::Data | Verb::Bdat) => Self::Data,
            Some(_) => Self::Command,
        }
    }

    /// Returns the name, in lower case with underscores. The log has the same names.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::StartTls => "start_tls",
            Self::Secure => "secure",
            Self::Ehlo => "ehlo",
            Self::Auth => "auth",
            Self::MailFrom => "mail_from",
            Self::RcptTo => "rcpt_to",
            Self::Data => "data",
            Self::Message => "message",
            Self::Command => "command",
            Self::Disconnect => "disconnect",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
