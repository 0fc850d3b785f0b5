//! Results (RFC 8617 §4.4).

use std::fmt;

/// The result of a chain (RFC 8617 §4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ArcResult {
    /// The message has no chain.
    None,
    /// All seals are right, and the message is as its last sealer has sealed it.
    Pass,
    /// Anything else, even a DNS server that does not answer. A later server does not try again (RFC 8617 §5.2.1).
    Fail,
}

impl ArcResult {
    /// Returns the word of RFC 8617 §4.4, which `Authentication-Results` uses: `pass`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pass => "pass",
            Self::Fail => "fail",
        }
    }
}

impl fmt::Display for ArcResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
