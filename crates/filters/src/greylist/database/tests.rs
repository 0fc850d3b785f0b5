//! The database: it decides as the memory does, and stays within its bound.

use proptest::prelude::*;

use super::*;
use crate::greylist::decide::{Decision, Keys, decide, note};
use crate::table::Table;

const TIMES: Times = Times { delay: 300, retry_window: 1000, expiry: 10_000, known_after: 2 };

fn database() -> Database {
    Database::begin(Connection::open_in_memory().expect("memory")).expect("a new database")
}

fn ask(database: &mut Database, triplet: u32, times: &Times, now: u64) -> Decision {
    let keys = Keys { triplet: Key::of(&[&triplet.to_be_bytes()]), network: Key::of(&[b"n"]) };
    decide(database, keys, times, now).expect("a decision")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]
    #[test]
    fn the_database_decides_as_the_memory_does(
        asks in prop::collection::vec((0..3_u8, 0..3_u8, prop_oneof![0..400_u64, 0..12_000_u64]), 1..60)
    ) {
        let (table, mut database) = (Table::new(1000), database());
        let mut now = 1_000_000;
        for (network, mail, later) in asks {
            now += later;
            let keys = Keys { triplet: Key::of(&[&[network], &[mail]]), network: Key::of(&[&[network]]) };
            let Ok(expected) = decide(&mut &table, keys, &TIMES, now);
            let decision = database.transaction(|database| {
                let decision = decide(database, keys, &TIMES, now)?;
                database.clean(1000, &TIMES, now)?;
                Ok(decision)
            });
            prop_assert_eq!(decision.expect("a decision"), expected);
        }
    }
}

fn clean(database: &mut Database, max_entries: usize, now: u64) {
    database.clean(max_entries, &TIMES, now).expect("cleaning");
}

/// Asks and cleans as a batch does.
fn ask_and_clean(database: &mut Database, triplet: u32, max_entries: usize, now: u64) -> Decision {
    let decision = ask(database, triplet, &Times { known_after: 0, ..TIMES }, now);
    clean(database, max_entries, now);
    decision
}

fn records(database: &Database) -> u64 {
    database.records().expect("a number")
}

#[test]
fn expired_records_go_and_so_do_those_that_are_too_many() {
    let (mut database, times) = (database(), Times { known_after: 0, ..TIMES });
    ask(&mut database, 0, &times, 1);
    assert_eq!(ask(&mut database, 0, &times, 301), Decision::Pass);
    for triplet in 1..500 {
        ask(&mut database, triplet, &times, 302);
    }
    clean(&mut database, 100, 303);
    // A crowd that waits does not wash away the one that passed.
    assert_eq!(ask(&mut database, 0, &times, 304), Decision::Known);
    assert!((90..=100).contains(&records(&database)), "{}", records(&database));
    clean(&mut database, 100, 5_000);
    assert_eq!(records(&database), 2, "the triplet that passed, and its network");
    clean(&mut database, 100, 50_000);
    assert_eq!((records(&database), database.count), (0, 0));
}

const WAIT: Decision = Decision::Wait(Duration::from_millis(TIMES.delay));

/// Fills a database with triplets that have passed.
fn fill_with_passed(database: &mut Database, max_entries: u32) {
    for triplet in 0..max_entries {
        let keys = Keys { triplet: Key::of(&[&triplet.to_be_bytes()]), network: Key::of(&[b"n"]) };
        note(database, keys, &TIMES, 1, Decision::Pass).expect("a record");
    }
    clean(database, max_entries as usize, 1);
}

#[test]
fn a_new_client_waits_and_passes_when_the_file_is_full() {
    for max_entries in [16, 17, 64, 1000] {
        let mut database = database();
        fill_with_passed(&mut database, max_entries);
        let bound = max_entries as usize;
        for (round, now) in (0..400).map(|round| (round, 10 + u64::from(round) * 10)) {
            // Each comes again after 30 others: fewer than the share of those that wait.
            let triplet = 1_000_000 + round;
            assert_eq!(ask_and_clean(&mut database, triplet, bound, now), WAIT);
            if max_entries >= 128 && round >= 30 {
                assert_eq!(ask_and_clean(&mut database, triplet - 30, bound, now), Decision::Pass);
            }
            assert!(records(&database) <= u64::from(max_entries));
        }
        assert_eq!(ask_and_clean(&mut database, 3_000_000, bound, 8_000), WAIT);
        assert_eq!(ask_and_clean(&mut database, 3_000_000, bound, 8_300), Decision::Pass);
        assert_eq!(ask_and_clean(&mut database, 3_000_000, bound, 8_301), Decision::Known);
    }
}

#[test]
fn two_connections_neither_outgrow_the_bound_nor_empty_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("greylist.db");
    let open = || Database::open(&path).expect("a database");
    let (mut one, mut other) = (open(), open());
    fill_with_passed(&mut one, 256);
    for round in 0..1000_u32 {
        let (triplet, now) = (1_000_000 + round, 10 + u64::from(round));
        let database = if round % 3 == 0 { &mut one } else { &mut other };
        assert_eq!(ask_and_clean(database, triplet, 256, now), WAIT);
        let number = records(database);
        assert!((240..=264).contains(&number), "{number} in round {round}");
    }
    for (database, triplet) in [(&mut one, 1), (&mut other, 2)] {
        assert_eq!(ask_and_clean(database, 2_000_000 + triplet, 256, 1_100), WAIT);
    }
    // The other one knows it.
    assert_eq!(ask_and_clean(&mut one, 2_000_002, 256, 1_400), Decision::Pass);
    assert_eq!(ask_and_clean(&mut other, 2_000_001, 256, 1_400), Decision::Pass);
}

#[test]
fn a_bound_that_was_lowered_is_reached_step_by_step() {
    let mut database = database();
    fill_with_passed(&mut database, 5_000);
    clean(&mut database, 1_000, 2);
    assert_eq!(records(&database), 5_000 - u64::from(EVICTED_AT_ONCE));
    for _ in 0..3 {
        clean(&mut database, 1_000, 2);
    }
    assert!((980..=1_000).contains(&records(&database)));
}

#[test]
fn a_file_of_another_program_or_version_is_left_alone() {
    for (sql, told) in [
        ("CREATE TABLE mail (id INTEGER)", "the file belongs to another program"),
        ("PRAGMA application_id = 7", "the file belongs to another program"),
        ("PRAGMA application_id = 1296254802; PRAGMA user_version = 2", "the file is of the later version 2"),
    ] {
        let connection = Connection::open_in_memory().expect("memory");
        connection.execute_batch(sql).expect("a database");
        assert_eq!(Database::begin(connection).err().as_deref(), Some(told));
    }
    assert_eq!(APPLICATION_ID, 1_296_254_802);
}

#[test]
fn a_flood_of_one_network_washes_no_other_out() {
    let times = Times { known_after: 0, ..TIMES };
    for passed in [0, 1_000] {
        let mut database = database();
        fill_with_passed(&mut database, passed);
        let mut ask = |network: u32, triplet: u32, now| {
            let parts = [network.to_be_bytes(), triplet.to_be_bytes()];
            let keys = Keys { triplet: Key::of(&[&parts[0], &parts[1]]), network: Key::of(&[&parts[0]]) };
            let decision = decide(&mut database, keys, &times, now).expect("a decision");
            clean(&mut database, 1_000, now);
            decision
        };
        for network in 0..100 {
            for triplet in 0..40 {
                ask(1_000, network * 40 + triplet, 400);
            }
            assert_eq!(ask(network, 0, 400), WAIT);
        }
        for triplet in 10_000..13_000 {
            ask(1_000, triplet, 500);
        }
        for network in 0..100 {
            assert_eq!(ask(network, 0, 700), Decision::Pass, "network {network}, {passed} that have passed");
        }
    }
}

#[test]
fn the_largest_are_cut_down_to_a_level() {
    for (numbers, total, expected) in [
        (&[10, 4, 1][..], 3, 7),
        (&[10, 10, 1], 10, 5),
        (&[10, 10, 1], 11, 4),
        (&[3, 2, 1], 100, 1),
        (&[], 5, 1),
    ] {
        assert_eq!(level(numbers.iter().copied(), total), expected, "{numbers:?}");
    }
}
