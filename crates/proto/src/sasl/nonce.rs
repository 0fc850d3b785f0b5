//! Text that nobody can guess and that comes once.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// A nonce for a challenge: printable ASCII without commas, as RFC 5802 §5.1 wants it.
#[derive(Clone, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    /// Makes a nonce of random octets; 18 are plenty, and fewer than 12 can be guessed.
    ///
    /// ```
    /// use mailchute_proto::Nonce;
    ///
    /// let random = [7; 18]; // from the system's source of random numbers
    /// assert_eq!(Nonce::from_random(random).as_str(), "BwcHBwcHBwcHBwcHBwcHBwcH");
    /// ```
    #[must_use]
    pub fn from_random<const N: usize>(octets: [u8; N]) -> Self {
        const { assert!(N >= 12, "a nonce has 12 random octets or more") };
        Self(BASE64.encode(octets))
    }

    /// Takes a text as it is, if it may be a nonce: for tests, which repeat what must not be repeated.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_nonce(text).then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

pub(super) fn is_nonce(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_graphic() && octet != b',')
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(…)")
    }
}
