//! What a listener offers and demands: the same for all its sessions.

use crate::limits::Limits;
use crate::sasl::Mechanism;

/// The settings of the conversation, shared by all sessions of a server.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The name in the greeting and in the reply to EHLO.
    pub hostname: String,
    /// The limits of a session.
    pub limits: Limits,
    /// Whether STARTTLS is offered. Default is [`TlsPolicy::Off`], for want of a certificate.
    pub tls: TlsPolicy,
    /// The authentication mechanisms on offer. Default is none.
    pub mechanisms: Vec<Mechanism>,
    /// Where a password may travel in the clear. Default is [`PlaintextAuth::InsideTls`].
    pub plaintext_auth: PlaintextAuth,
    /// Who may send mail. Default is [`AuthPolicy::Optional`].
    pub auth: AuthPolicy,
    /// Verbs of the application's own, in capitals, for the reply to HELP.
    pub verbs: Vec<String>,
}

/// Whether STARTTLS is offered or required (RFC 3207).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsPolicy {
    /// There is no certificate.
    #[default]
    Off,
    /// Who wants TLS gets it.
    Offered,
    /// `530 5.7.0` to everything but EHLO, NOOP, STARTTLS and QUIT until TLS is up.
    Required,
}

/// Where mechanisms that send the password itself (PLAIN, LOGIN) are offered and accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlaintextAuth {
    /// Inside TLS; outside they are not offered and answered `538 5.7.11`.
    #[default]
    InsideTls,
    /// Everywhere, so that anybody on the way can read the passwords.
    Anywhere,
}

/// Whether mail is taken from clients that have not authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuthPolicy {
    /// From everybody.
    #[default]
    Optional,
    /// `530 5.7.0` to MAIL before a successful AUTH (RFC 4954 §6).
    Required,
}

impl Settings {
    /// Settings with all defaults and this name.
    #[must_use]
    pub fn new(hostname: impl Into<String>) -> Self {
        Self {
            hostname: hostname.into(),
            limits: Limits::default(),
            tls: TlsPolicy::default(),
            mechanisms: Vec::new(),
            plaintext_auth: PlaintextAuth::default(),
            auth: AuthPolicy::default(),
            verbs: Vec::new(),
        }
    }
}
