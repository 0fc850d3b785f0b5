//! Keys: what filters remember clients and addresses by.
//!
//! # Why
//!
//! A key has the same length however long a name is, so that memory is bounded. It holds no address that a reader could
//! copy. All servers that share a memory, and all later starts, make the same key.

use std::fmt;

use sha2::{Digest, Sha256};

/// The first half of a SHA-256 hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key(u128);

impl Key {
    /// Makes the key of several texts. The same letters, divided in another way, have another key.
    pub(crate) fn of(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let hash: [u8; 32] = hash.finalize().into();
        let (half, _) = hash.split_first_chunk().unwrap_or((&[0; 16], &[]));
        Self(u128::from_be_bytes(*half))
    }

    /// Returns so many bits of the key, at most 64.
    pub(crate) fn low_bits(self, bits: u32) -> u64 {
        u64::try_from(self.0 & ((1 << bits) - 1)).unwrap_or_default()
    }

    /// Returns the bytes of the key.
    #[cfg(feature = "sqlite")]
    pub(crate) fn bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_depends_on_each_part_and_on_where_it_ends() {
        let key = Key::of(&[b"alice", b"bob"]);
        assert_eq!(key, Key::of(&[b"alice", b"bob"]));
        for other in
            [&[&b"aliceb"[..], b"ob"][..], &[b"alicebob"], &[b"alice", b"bob", b""], &[b"bob", b"alice"]]
        {
            assert_ne!(key, Key::of(other));
        }
        assert_eq!(key.to_string().len(), 32);
    }
}
