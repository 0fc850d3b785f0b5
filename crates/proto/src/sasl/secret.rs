//! Secrets that are never printed and do not stay in memory.

use std::fmt;

use zeroize::Zeroizing;

macro_rules! secrets {
    ($($(#[$meta:meta])* $name:ident;)*) => {
        $(
            $(#[$meta])*
            #[derive(Clone)]
            pub struct $name(Zeroizing<String>);

            impl $name {
                pub(crate) fn new(text: String) -> Self {
                    Self(Zeroizing::new(text))
                }

                /// Returns the secret.
                #[must_use]
                pub fn reveal(&self) -> &str {
                    &self.0
                }
            }

            impl fmt::Debug for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(concat!(stringify!($name), "(…)"))
                }
            }
        )*
    };
}

impl Password {
    /// Wraps a prepared secret without another copy.
    pub(super) fn prepared(password: Zeroizing<String>) -> Self {
        Self(password)
    }
}

secrets! {
    /// A password: never printed, wiped from memory when dropped.
    Password;
    /// An OAuth 2.0 access token (RFC 6750): never printed, wiped from memory when dropped.
    Token;
}

/// Compares in constant time.
pub(crate) fn same_bytes(given: &[u8], expected: &[u8]) -> bool {
    let mut difference = u8::from(given.len() != expected.len());
    for (index, byte) in given.iter().enumerate() {
        difference |= byte ^ expected.get(index).copied().unwrap_or(!byte);
    }
    std::hint::black_box(difference) == 0
}
