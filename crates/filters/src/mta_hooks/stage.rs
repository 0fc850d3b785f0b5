//! The stages at which a web server is asked.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// A stage of a session at which [`MtaHooks`](super::MtaHooks) asks the web server.
///
/// ```
/// use mailchute_filters::mta_hooks::HookStage;
///
/// assert_eq!("rcpt".parse(), Ok(HookStage::Rcpt));
/// assert_eq!(HookStage::Data.to_string(), "data");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum HookStage {
    /// A new connection, before the greeting.
    Connect,
    /// EHLO, HELO or LHLO.
    Ehlo,
    /// After the credentials of AUTH were right.
    Auth,
    /// MAIL.
    Mail,
    /// RCPT, for each recipient.
    Rcpt,
    /// After the whole message has come.
    Data,
}

impl HookStage {
    /// All stages, in their order.
    pub const ALL: [Self; 6] = [Self::Connect, Self::Ehlo, Self::Auth, Self::Mail, Self::Rcpt, Self::Data];

    fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Ehlo => "ehlo",
            Self::Auth => "auth",
            Self::Mail => "mail",
            Self::Rcpt => "rcpt",
            Self::Data => "data",
        }
    }

    /// Returns whether there is a transaction.
    pub(super) fn has_transaction(self) -> bool {
        matches!(self, Self::Mail | Self::Rcpt | Self::Data)
    }
}

impl fmt::Display for HookStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The error of a text that is not the name of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookStageError(());

impl fmt::Display for HookStageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a stage is one of connect, ehlo, auth, mail, rcpt and data")
    }
}

impl std::error::Error for HookStageError {}

impl FromStr for HookStage {
    type Err = HookStageError;

    fn from_str(text: &str) -> Result<Self, HookStageError> {
        Self::ALL.into_iter().find(|stage| stage.name() == text).ok_or(HookStageError(()))
    }
}
