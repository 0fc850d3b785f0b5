//! Algorithms of signatures (RFC 8301 §3, RFC 8463 §3).

use std::fmt;

/// The algorithm of a signature: its tag `a=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// RSA (PKCS #1 v1.5) with SHA-256.
    RsaSha256,
    /// Ed25519 with SHA-256 (RFC 8463).
    Ed25519Sha256,
    /// RSA with SHA-1. No such signature passes, since SHA-1 is broken (RFC 8301 §3.1).
    RsaSha1,
}

impl Algorithm {
    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::RsaSha256, Self::Ed25519Sha256, Self::RsaSha1].into_iter().find(|found| found.as_str() == text)
    }

    /// Returns the word of the tag: `rsa-sha256`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RsaSha256 => "rsa-sha256",
            Self::Ed25519Sha256 => "ed25519-sha256",
            Self::RsaSha1 => "rsa-sha1",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
