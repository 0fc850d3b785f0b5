//! Records in the memory of this process.

use std::cmp::Reverse;
use std::convert::Infallible;

use super::decide::{Record, Records};
use crate::key::Key;
use crate::table::{SET, Table};

impl Records for &Table<Record> {
    type Error = Infallible;

    fn get(&mut self, key: Key) -> Result<Option<Record>, Infallible> {
        Ok(Table::get(self, key))
    }

    fn put(&mut self, key: Key, record: Record, now: u64) -> Result<(), Infallible> {
        self.update_by(key, record, |set| makes_room(set, record, now), |kept| *kept = record);
        Ok(())
    }
}

/// Returns which record makes room for a new one, and how long it would be kept otherwise.
///
/// A quarter of a set is for triplets that wait, as in the file. If there are more, the network with the most gives up the
/// one that it would forget first. Otherwise a record makes room that has passed.
fn makes_room(set: &[(Key, Record)], new: Record, now: u64) -> Option<(u64, usize)> {
    let records = || set.iter().enumerate().map(|(place, (_, record))| (place, *record));
    let left = |record: Record| record.until.saturating_sub(now);
    if let Some((place, _)) = records().find(|(_, record)| left(*record) == 0) {
        return Some((0, place));
    }
    let waits =
        |mark: u64| records().map(|(_, record)| record).chain([new]).filter(move |r| r.mark() == Some(mark));
    let waiting = records().filter_map(|(place, record)| Some((place, record, record.mark()?)));
    let has_passed = records().any(|(_, record)| record.mark().is_none());
    let (place, record) = if waiting.clone().count() < SET / 4 && has_passed {
        records().filter(|(_, record)| record.mark().is_none()).min_by_key(|(_, record)| record.until)
    } else {
        let most = waiting.max_by_key(|(_, record, mark)| (waits(*mark).count(), Reverse(record.until)));
        most.map(|(place, record, _)| (place, record))
    }?;
    Some((left(record), place))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::greylist::decide::{Decision, Keys, Times, decide};

    const TIMES: Times = Times { delay: 300, retry_window: 1000, expiry: 10_000, known_after: 2 };

    /// A greylist as a person would describe it, without any bound.
    #[derive(Default)]
    struct Model {
        first_seen: HashMap<(u8, u8), u64>,
        passed_until: HashMap<(u8, u8), u64>,
        /// For each network, the passes and when they are forgotten.
        passes: HashMap<u8, (u64, u64)>,
    }

    impl Model {
        fn ask(&mut self, network: u8, mail: u8, now: u64) -> Decision {
            let triplet = (network, mail);
            // A time that is renewed is only written if it grows by a 32nd of the expiry.
            let renew = |until: &mut u64| {
                if *until + TIMES.expiry / 32 < now + TIMES.expiry {
                    *until = now + TIMES.expiry;
                }
            };
            self.passes.retain(|_, (_, until)| *until > now);
            self.passed_until.retain(|_, until| *until > now);
            self.first_seen.retain(|_, first| *first + TIMES.delay + TIMES.retry_window > now);
            if let Some((2.., until)) = self.passes.get_mut(&network) {
                renew(until);
                return Decision::KnownNetwork;
            }
            if let Some(until) = self.passed_until.get_mut(&triplet) {
                renew(until);
                return Decision::Known;
            }
            let waited = now - *self.first_seen.entry(triplet).or_insert(now);
            if waited < TIMES.delay {
                return Decision::Wait(Duration::from_millis(TIMES.delay - waited));
            }
            self.first_seen.remove(&triplet);
            self.passed_until.insert(triplet, now + TIMES.expiry);
            let (count, until) = self.passes.entry(network).or_default();
            (*count, *until) = (*count + 1, now + TIMES.expiry);
            Decision::Pass
        }
    }

    proptest! {
        #[test]
        fn the_memory_decides_as_the_model_does(
            asks in prop::collection::vec((0..3_u8, 0..3_u8, prop_oneof![0..400_u64, 0..12_000_u64]), 1..80)
        ) {
            let (table, mut model) = (Table::new(1000), Model::default());
            let mut now = 1_000_000;
            for (network, mail, later) in asks {
                now += later;
                let keys = Keys { triplet: Key::of(&[&[network], &[mail]]), network: Key::of(&[&[network]]) };
                let Ok(decision) = decide(&mut &table, keys, &TIMES, now);
                prop_assert_eq!(decision, model.ask(network, mail, now));
            }
        }
    }

    #[test]
    fn a_clock_that_is_set_back_begins_the_wait_again() {
        let (table, keys) = (Table::new(100), Keys { triplet: Key::of(&[b"t"]), network: Key::of(&[b"n"]) });
        let ask = |now| decide(&mut &table, keys, &TIMES, now).unwrap_or(Decision::Known);
        let wait = |millis| Decision::Wait(Duration::from_millis(millis));
        assert_eq!(ask(9_000_000), wait(300));
        assert_eq!(ask(1_000), wait(300));
        assert_eq!(ask(1_100), wait(200));
        assert_eq!(ask(1_300), Decision::Pass);
    }

    #[test]
    fn a_crowd_of_new_triplets_does_not_wash_away_those_that_passed() {
        let table = Table::new(160);
        let keys =
            |triplet: u32| Keys { triplet: Key::of(&[&triplet.to_be_bytes()]), network: Key::of(&[b"n"]) };
        let times = Times { known_after: 0, ..TIMES };
        let ask = |triplet, now| decide(&mut &table, keys(triplet), &times, now).unwrap_or(Decision::Known);
        ask(0, 1);
        assert_eq!(ask(0, 301), Decision::Pass);
        for triplet in 1..10_000 {
            assert_eq!(ask(triplet, 302), Decision::Wait(Duration::from_millis(300)));
        }
        assert_eq!(ask(0, 303), Decision::Known);
    }

    #[test]
    fn a_flood_of_one_network_washes_no_other_out() {
        let times = Times { known_after: 0, ..TIMES };
        let keys = |network: &[u8], triplet: u32| Keys {
            triplet: Key::of(&[network, &triplet.to_be_bytes()]),
            network: Key::of(&[network]),
        };
        for passed in [0, 20_000] {
            let table = Table::new(1600);
            let ask = |network: &[u8], triplet, now| decide(&mut &table, keys(network, triplet), &times, now);
            for triplet in 0..passed {
                let _ = ask(b"known", triplet, 1);
                let _ = ask(b"known", triplet, 301);
            }
            let honest: [&[u8]; 3] = [b"a", b"b", b"c"];
            for (number, network) in (0_u32..).zip(honest) {
                for triplet in 0..20_000 {
                    let _ = ask(b"flood", number * 100_000 + triplet, 400);
                }
                assert!(matches!(ask(network, 0, 400), Ok(Decision::Wait(_))));
            }
            for triplet in 500_000..600_000 {
                let _ = ask(b"flood", triplet, 500);
            }
            for network in honest {
                assert_eq!(ask(network, 0, 700), Ok(Decision::Pass), "{passed} that have passed");
            }
        }
    }
}
