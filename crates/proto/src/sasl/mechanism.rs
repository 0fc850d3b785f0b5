//! The SASL mechanisms.
//!
//! # Why
//!
//! EHLO names the strongest mechanism first, for clients that take the first one they know. Tokens and CRAM-MD5 are
//! offered only by name, because only the application knows whether it can check them.

use std::fmt;

/// A SASL mechanism that the server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mechanism {
    /// EXTERNAL (RFC 4422 appendix A): the verified TLS certificate names the client.
    External,
    /// SCRAM-SHA-256-PLUS (RFC 7677): SCRAM-SHA-256 bound to the TLS session, so that it cannot be relayed.
    ScramSha256Plus,
    /// SCRAM-SHA-256 (RFC 5802, RFC 7677): client and server prove that they know the password or its verifier.
    /// Neither sends it.
    ScramSha256,
    /// PLAIN (RFC 4616): user and password in one message.
    Plain,
    /// LOGIN: user and password in two messages. Obsolete but common.
    Login,
    /// OAUTHBEARER (RFC 7628): an OAuth 2.0 token.
    OauthBearer,
    /// XOAUTH2: an OAuth 2.0 token in an older form, which large providers use.
    Xoauth2,
    /// CRAM-MD5 (RFC 2195): a digest of the password and a challenge. The server must know the password itself.
    /// Obsolete.
    CramMd5,
}

impl Mechanism {
    /// All mechanisms, strongest first.
    pub const ALL: &'static [Self] = &[
        Self::External,
        Self::ScramSha256Plus,
        Self::ScramSha256,
        Self::Plain,
        Self::Login,
        Self::OauthBearer,
        Self::Xoauth2,
        Self::CramMd5,
    ];

    /// Returns the registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::External => "EXTERNAL",
            Self::ScramSha256Plus => "SCRAM-SHA-256-PLUS",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
            Self::OauthBearer => "OAUTHBEARER",
            Self::Xoauth2 => "XOAUTH2",
            Self::CramMd5 => "CRAM-MD5",
        }
    }

    /// Returns the mechanism with this name, in any case.
    #[must_use]
    pub fn by_name(name: &[u8]) -> Option<Self> {
        Self::ALL.iter().copied().find(|mechanism| name.eq_ignore_ascii_case(mechanism.name().as_bytes()))
    }

    /// Returns whether it sends the password itself, or a token of equal value, which only TLS protects.
    #[must_use]
    pub const fn sends_password(self) -> bool {
        match self {
            Self::Plain | Self::Login | Self::OauthBearer | Self::Xoauth2 => true,
            Self::External | Self::ScramSha256 | Self::ScramSha256Plus | Self::CramMd5 => false,
        }
    }

    /// Returns whether it is bound to the TLS session, and so needs TLS.
    #[must_use]
    pub const fn binds_channel(self) -> bool {
        matches!(self, Self::ScramSha256Plus)
    }

    /// Returns whether it needs a verified certificate of the client, and so needs TLS.
    #[must_use]
    pub const fn needs_certificate(self) -> bool {
        matches!(self, Self::External)
    }

    /// Returns whether it needs the user's [`ScramVerifier`](crate::ScramVerifier). The others need a hook that
    /// checks what the client sent.
    #[must_use]
    pub const fn needs_verifier(self) -> bool {
        matches!(self, Self::ScramSha256 | Self::ScramSha256Plus)
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
