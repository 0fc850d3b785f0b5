//! The files that are known, by a hash of their names.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::Id;

/// A file that is in the index, or waits to be put there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    order: i64,
    /// A hash of the whole name, which changes with the flags.
    pub(super) location: u32,
    /// The number of the directory.
    pub(super) directory: u64,
    /// The scan that saw it last.
    pub(super) seen: u32,
}

/// Whether a file is in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Indexed(Id),
    /// It came at this time, in microseconds since 1970.
    Waiting(i64),
}

impl Known {
    pub(super) fn new(state: State, directory: u64, location: u32, seen: u32) -> Self {
        let mut known = Self { order: 0, location, directory, seen };
        known.set(state);
        known
    }

    pub(super) fn state(&self) -> State {
        if self.order < 0 {
            State::Waiting(-(self.order + 1))
        } else {
            State::Indexed(Id::from_key(self.order))
        }
    }

    /// Sets the state. Keys and times are never negative, so a waiting file is a negative number: there is one of these for
    /// each message.
    pub(super) fn set(&mut self, state: State) {
        self.order = match state {
            State::Indexed(id) => id.key(),
            State::Waiting(micros) => -micros.max(0) - 1,
        };
    }
}

/// Known files by the hash of the Maildir and the unique part of the name.
pub(super) type KnownFiles = HashMap<u64, Known, BuildHasherDefault<IsHash>>;

/// A hasher of values that are hashes.
#[derive(Debug, Default)]
pub(super) struct IsHash(u64);

impl Hasher for IsHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_read_as_it_was_set() {
        for state in [
            State::Indexed(Id::new(5, 7)),
            State::Waiting(0),
            State::Waiting(i64::MAX),
            State::Indexed(Id::new(0, 0)),
        ] {
            assert_eq!(Known::new(state, 1, 2, 3).state(), state);
        }
    }
}
