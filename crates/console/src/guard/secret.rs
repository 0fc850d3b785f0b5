//! A secret of the process, and what is derived from it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// Random bytes that another process does not have.
pub(crate) struct Secret([u8; 32]);

impl Secret {
    /// # Panics
    /// If the system gives no random bytes, which Linux does not do after it has started.
    pub(crate) fn new() -> Self {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the system has random bytes");
        Self(bytes)
    }

    /// A new random text for a cookie.
    pub(crate) fn random_text() -> String {
        URL_SAFE_NO_PAD.encode(Self::new().0)
    }

    /// The token of the pages that one login sees.
    pub(crate) fn token(&self, key: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.digest(&["token", key]))
    }

    /// A digest that only this process can make. Each part is preceded by its length.
    pub(crate) fn digest(&self, parts: &[&str]) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(self.0);
        for part in parts {
            hasher.update(part.len().to_be_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.finalize().into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

/// Whether two texts are equal, in a time that does not depend on where they differ.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    let [one, other] = [one, other].map(|text| Sha256::digest(text.as_bytes()));
    one.iter().zip(other.iter()).fold(0, |differences, (one, other)| differences | (one ^ other)) == 0
}
