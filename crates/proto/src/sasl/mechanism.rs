//! The SASL mechanisms by name.

use std::fmt;

/// A SASL mechanism that the server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mechanism {
    /// EXTERNAL (RFC 4422 appendix A): the client is the one that its TLS certificate names, which was verified.
    External,
    /// SCRAM-SHA-256-PLUS (RFC 7677): as SCRAM-SHA-256, and bound to the TLS session, so that nobody in the middle
    /// can pass it on.
    ScramSha256Plus,
    /// SCRAM-SHA-256 (RFC 5802, RFC 7677): client and server prove to each other that they know the password, or a
    /// verifier of it, and neither sends it.
    ScramSha256,
    /// PLAIN (RFC 4616): user and password in one go.
    Plain,
    /// LOGIN: user and password one after the other; obsolete and widespread.
    Login,
    /// OAUTHBEARER (RFC 7628): an OAuth 2.0 token.
    OauthBearer,
    /// XOAUTH2: an OAuth 2.0 token in the form that came before OAUTHBEARER and that the great providers speak.
    Xoauth2,
    /// CRAM-MD5 (RFC 2195): a digest of the password and a challenge. The server has to know the password itself;
    /// obsolete.
    CramMd5,
}

impl Mechanism {
    /// All mechanisms, the strongest first.
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

    /// The registered name.
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

    /// The mechanism of this name, in whatever case.
    #[must_use]
    pub fn by_name(name: &[u8]) -> Option<Self> {
        Self::ALL.iter().copied().find(|mechanism| name.eq_ignore_ascii_case(mechanism.name().as_bytes()))
    }

    /// Whether the password itself travels, or a token that is as good, so that only TLS hides it.
    #[must_use]
    pub const fn sends_password(self) -> bool {
        match self {
            Self::Plain | Self::Login | Self::OauthBearer | Self::Xoauth2 => true,
            Self::External | Self::ScramSha256 | Self::ScramSha256Plus | Self::CramMd5 => false,
        }
    }

    /// Whether it is bound to the TLS session, and so exists inside TLS only.
    #[must_use]
    pub const fn binds_channel(self) -> bool {
        matches!(self, Self::ScramSha256Plus)
    }

    /// Whether it needs a verified certificate of the client, and so exists inside TLS only.
    #[must_use]
    pub const fn needs_certificate(self) -> bool {
        matches!(self, Self::External)
    }

    /// Whether it needs a [`ScramVerifier`](crate::ScramVerifier) of the user; the others need somebody who judges
    /// what the client sent.
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
