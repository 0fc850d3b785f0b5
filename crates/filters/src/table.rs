//! A table that holds a fixed number of entries, for values of clients.
//!
//! # Why
//!
//! Attackers choose keys, and as many as they like. So the table forgets the entry that is worth least, and never grows
//! past its bound. It consists of small sets with a lock each, so sessions wait for each other only at the same set. A
//! random number per table places the keys, so nobody can fill the set of somebody else on purpose.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::key::Key;

/// The number of entries of a set.
pub(crate) const SET: usize = 16;

/// A table of values by key.
pub(crate) struct Table<V> {
    sets: Box<[Set<V>]>,
    hasher: RandomState,
}

type Set<V> = Mutex<Vec<(Key, V)>>;

impl<V> Table<V> {
    /// Makes a table for about this many entries: a multiple of 16.
    pub(crate) fn new(max_entries: usize) -> Self {
        let sets = max_entries.div_ceil(SET).max(1);
        Self { sets: (0..sets).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }

    fn set(&self, key: Key) -> MutexGuard<'_, Vec<(Key, V)>> {
        let hash = u128::from(self.hasher.hash_one(key));
        // The hash as a fraction of all hashes chooses the set, without a division.
        let index = (hash * self.sets.len() as u128) >> 64;
        let set = &self.sets[usize::try_from(index).unwrap_or(0)];
        // Each change is complete before anything can panic.
        set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V: Copy> Table<V> {
    /// Returns the value of a key.
    pub(crate) fn get(&self, key: Key) -> Option<V> {
        self.set(key).iter().find(|(known, _)| *known == key).map(|(_, value)| *value)
    }

    /// Changes the value of a key, which is `new` if the key is unknown. If there is no room, the entry that is worth
    /// least makes room.
    pub(crate) fn update<R>(
        &self,
        key: Key,
        new: V,
        worth: impl Fn(&V) -> u64,
        change: impl FnOnce(&mut V) -> R,
    ) -> R {
        let least = |set: &[(Key, V)]| {
            let worths = set.iter().enumerate().map(|(place, (_, value))| (worth(value), place));
            worths.min()
        };
        self.update_by(key, new, least, change)
    }

    /// Does the same as [`update`](Self::update). `least` returns which entry of a set is worth least, with its worth.
    pub(crate) fn update_by<R>(
        &self,
        key: Key,
        new: V,
        least: impl FnOnce(&[(Key, V)]) -> Option<(u64, usize)>,
        change: impl FnOnce(&mut V) -> R,
    ) -> R {
        let mut set = self.set(key);
        if let Some((_, value)) = set.iter_mut().find(|(known, _)| *known == key) {
            return change(value);
        }
        let mut value = new;
        let result = change(&mut value);
        let is_full = set.len() >= SET;
        match least(&set) {
            Some((worth, place)) if is_full || worth == 0 => set[place] = (key, value),
            _ => set.push((key, value)),
        }
        result
    }
}

impl<V> fmt::Debug for Table<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("max_entries", &(self.sets.len() * SET)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u32) -> Key {
        Key::of(&[&number.to_be_bytes()])
    }

    impl<V> Table<V> {
        fn len(&self) -> usize {
            self.sets.iter().map(|set| set.lock().map_or(0, |set| set.len())).sum()
        }
    }

    #[test]
    fn a_table_never_outgrows_its_bound() {
        let table = Table::new(160);
        for number in 0..10_000 {
            table.update(key(number), number, |_| 1, |_| ());
        }
        assert_eq!(table.len(), 160);
        assert_eq!(size_of::<(Key, [u64; 2])>(), 32);
    }

    #[test]
    fn the_entry_that_is_worth_least_makes_room() {
        let table = Table::new(16);
        for number in 0..100 {
            table.update(key(number), number, |&value| u64::from(value) + 1, |_| ());
        }
        // The first 16 fill the set. From then on the least one goes, and the 15 largest stay.
        let kept: Vec<u32> = (0..100).filter_map(|number| table.get(key(number))).collect();
        assert_eq!(kept, (84..100).collect::<Vec<_>>());
    }

    #[test]
    fn worthless_entries_make_room_before_the_table_grows() {
        let table = Table::new(16);
        for number in 0..100 {
            table.update(key(number), 0, |&value| value, |_| ());
        }
        assert_eq!(table.len(), 1);
        assert_eq!((table.get(key(98)), table.get(key(99))), (None, Some(0)));
    }

    #[test]
    fn a_known_key_keeps_its_value() {
        let table = Table::new(1000);
        for _ in 0..3 {
            for number in 0..100 {
                table.update(key(number), number, |_| 1, |value| *value += 1);
            }
        }
        assert!((0..100).all(|number| table.get(key(number)) == Some(number + 3)));
    }
}
