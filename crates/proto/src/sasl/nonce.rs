//! Nonces: random text that is used once.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// A nonce for a challenge: printable ASCII without commas (RFC 5802 §5.1).
#[derive(Clone, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    /// Creates a nonce from random bytes. Use 18; fewer than 12 can be guessed.
    ///
    /// ```
    /// use mailchute_proto::Nonce;
    ///
    /// let random = [7; 18]; // from the system's source of random numbers
    /// assert_eq!(Nonce::from_random(random).as_str(), "BwcHBwcHBwcHBwcHBwcHBwcH");
    /// ```
    #[must_use]
    pub fn from_random<const N: usize>(bytes: [u8; N]) -> Self {
        const { assert!(N >= 12, "a nonce has 12 random bytes or more") };
        Self(BASE64.encode(bytes))
    }

    /// Creates a nonce from a text, if valid. Only for tests, which need repeatable values.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_nonce(text).then(|| Self(text.to_owned()))
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

pub(super) fn is_nonce(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(…)")
    }
}
