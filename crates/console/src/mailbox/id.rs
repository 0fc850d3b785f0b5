//! Ids of messages.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

/// The id of a message in the mailbox: 16 hex digits. A later message has a greater one.
///
/// # Why
/// It is made of the time and a hash of the file's name, so a new index gives the same names. It is also the key of each
/// table, so a page of messages is one range, and a page after a message that is gone is still the right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Id(i64);

/// The bits of the hash, below the microseconds.
const HASH_BITS: u32 = 8;

/// The latest time that has room: far beyond the year 3000.
const LATEST: i64 = i64::MAX >> HASH_BITS;

impl Id {
    /// The least name that a message can have.
    pub(crate) const LEAST: Self = Self(0);

    /// A name before all others.
    pub(super) const FIRST: Self = Self(-1);

    /// Returns the id of a message that came at this time, in microseconds since 1970.
    pub(super) fn new(micros: i64, hash: u64) -> Self {
        let below = (hash & ((1 << HASH_BITS) - 1)).cast_signed();
        Self(micros.clamp(0, LATEST) << HASH_BITS | below)
    }

    /// Returns the name that is tried if others are taken: at most a second later, so that any number of messages with one
    /// time find names soon.
    pub(super) fn attempt(micros: i64, hash: u64, number: u32) -> Self {
        if number == 0 {
            return Self::new(micros, hash);
        }
        let mixed = hash.rotate_right(number.wrapping_mul(11)).wrapping_add(number.into());
        let later = (mixed >> HASH_BITS & 0xf_ffff).cast_signed();
        Self::new(micros.saturating_add(later), mixed)
    }

    /// Returns an id that no message of before has, and that all later messages are greater than.
    pub(crate) fn now() -> Self {
        Self::new(Timestamp::now().as_microsecond(), u64::MAX)
    }

    pub(super) fn from_key(key: i64) -> Self {
        Self(key)
    }

    pub(super) fn key(self) -> i64 {
        self.0
    }

    /// Returns the first key at or after a time.
    pub(super) fn key_at(time: Timestamp) -> i64 {
        Self::new(time.as_microsecond(), 0).0
    }

    /// Returns when the message came.
    pub(crate) fn received(self) -> Timestamp {
        Timestamp::from_microsecond(self.0 >> HASH_BITS).unwrap_or_default()
    }
}

/// Returns a hash that is the same in each run.
pub(super) fn hash(parts: &[&[u8]]) -> u64 {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
        // No byte of a file's name.
        hasher.update([0]);
    }
    let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(hasher.finalize());
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A text is not the id of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotAnId;

impl fmt::Display for NotAnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the id of a message has 16 hex digits")
    }
}

impl std::error::Error for NotAnId {}

impl FromStr for Id {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let is_hex = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let key = if is_hex { i64::from_str_radix(text, 16).ok() } else { None };
        key.map(Self).ok_or(NotAnId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_keeps_the_order_of_time() {
        let (early, late) = (Id::new(1_700_000_000_000_000, 255), Id::new(1_700_000_000_000_001, 0));
        assert!(early < late);
        assert_eq!(early.to_string().len(), 16);
        assert_eq!(early.to_string().parse(), Ok(early));
        assert_eq!(early.received().to_string(), "2023-11-14T22:13:20Z");
        assert!(Id::key_at(late.received()) == late.key() && early.key() < late.key());
    }

    #[test]
    fn other_texts_and_times_without_room_are_no_panic() {
        for text in ["", "1", "000000000000000g", "+00000000000000f", "ffffffffffffffff", "0000000000000000f"]
        {
            assert_eq!(text.parse::<Id>(), Err(NotAnId), "{text}");
        }
        for micros in [i64::MIN, -1, i64::MAX] {
            let id = Id::new(micros, u64::MAX);
            assert_eq!(id.to_string().parse(), Ok(id));
            let _ = (id.received(), Id::attempt(micros, 7, u32::MAX));
        }
    }
}
