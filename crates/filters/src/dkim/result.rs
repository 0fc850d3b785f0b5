//! Results (RFC 8601 §2.7.1).

use std::fmt;

/// The result of a signature (RFC 8601 §2.7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DkimResult {
    /// The message has no signature.
    None,
    /// The domain of the signature vouches for the message.
    Pass,
    /// The message or the signature was changed.
    Fail,
    /// This server does not accept the kind of signature, right or wrong: it uses SHA-1, its key has fewer than 1024 bits
    /// (RFC 8301 §3), or it has expired.
    Policy,
    /// The signature has a mistake, so it says nothing.
    Neutral,
    /// The DNS did not answer. A later verification may do better.
    TempError,
    /// There is no key that the signature can be verified with, or the message has no `From:`.
    PermError,
}

impl DkimResult {
    /// Returns the word of RFC 8601 §2.7.1, which `Authentication-Results` uses: `temperror`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Policy => "policy",
            Self::Neutral => "neutral",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

impl fmt::Display for DkimResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
