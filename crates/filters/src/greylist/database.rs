//! Records in a SQLite database.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, Error, OptionalExtension as _, params};

use super::decide::{Record, Records, Times};
use crate::key::Key;

/// The mark of a file that is a greylist, in its header.
const APPLICATION_ID: i64 = i64::from_be_bytes(*b"\0\0\0\0MCGR");

/// The layout of the tables.
const VERSION: i64 = 1;

/// Expired records that are removed at once, so that no batch takes long.
const CLEANED_AT_ONCE: u32 = 200;

/// Records that make room at once, so that no batch takes long after the bound was lowered.
const EVICTED_AT_ONCE: u32 = 2_000;

/// The largest number of records that are free after others made room, so that they are not counted for each one.
const SPARE: u64 = 1_000;

/// The least bound, as in memory.
const LEAST_ENTRIES: u64 = 16;

/// How long another process may hold the file.
const LOCKED: Duration = Duration::from_millis(200);

/// A database with an open file.
pub(super) struct Database {
    connection: Connection,
    /// The number of records, if no other connection has added or removed any since they were counted.
    count: u64,
    /// The records that this connection has added since they were counted.
    added: u64,
}

impl Database {
    /// Opens a file, and makes it if it does not exist.
    ///
    /// # Errors
    /// The file cannot be opened, is locked or damaged, or belongs to another program. It is left as it is.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        Self::begin(Connection::open(path).map_err(|error| error.to_string())?)
    }

    fn begin(connection: Connection) -> Result<Self, String> {
        let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        let read = || -> Result<_, Error> {
            connection.busy_timeout(LOCKED)?;
            let tables = number("SELECT count(*) FROM sqlite_schema")?;
            Ok((number("PRAGMA application_id")?, number("PRAGMA user_version")?, tables))
        };
        match read().map_err(|error| error.to_string())? {
            (APPLICATION_ID, VERSION, _) | (0, 0, 0) => {}
            (APPLICATION_ID, version, _) => {
                return Err(format!("the file is of the later version {version}"));
            }
            _ => return Err("the file belongs to another program".to_owned()),
        }
        let make = || -> Result<(), Error> {
            // In this mode a commit waits for no disk. A crash of the program loses nothing, and a power cut a few
            // records, but never the file.
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            connection.execute_batch(&format!(
                "BEGIN IMMEDIATE;
                 PRAGMA application_id = {APPLICATION_ID};
                 PRAGMA user_version = {VERSION};
                 CREATE TABLE IF NOT EXISTS records (key BLOB PRIMARY KEY, value INTEGER, until INTEGER) WITHOUT ROWID;
                 CREATE INDEX IF NOT EXISTS records_until ON records (until);
                 COMMIT;"
            ))
        };
        make().map_err(|error| error.to_string())?;
        let mut database = Self { connection, count: 0, added: 0 };
        database.count = database.records().map_err(|error| error.to_string())?;
        Ok(database)
    }

    /// Makes changes, all or none of them.
    ///
    /// # Errors
    /// The first failure.
    pub(super) fn transaction<T>(
        &mut self,
        change: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let result = change(self)?;
        self.connection.execute_batch("COMMIT")?;
        Ok(result)
    }

    /// Removes some of the expired records, and some others if there are too many.
    ///
    /// A record that waits has little time left, so the one that ends first would often be the newest. A quarter of the
    /// records is therefore theirs: the records that end within the time of a new wait. They make room for one another if
    /// there are more. Otherwise the records that have passed make room, the one that ends first before the others.
    pub(super) fn clean(&mut self, max_entries: usize, times: &Times, now: u64) -> Result<(), Error> {
        let ending = "DELETE FROM records WHERE key IN (SELECT key FROM records WHERE until <= ?1 ORDER BY until LIMIT ?2)";
        self.remove(ending, now, CLEANED_AT_ONCE.into())?;
        let bound = (max_entries as u64).max(LEAST_ENTRIES);
        let spare = (bound / 64).min(SPARE);
        if self.count > bound || self.added > spare {
            // Others may have the file open too, and add and remove records.
            (self.count, self.added) = (self.records()?, 0);
        }
        if self.count <= bound {
            return Ok(());
        }
        let excess = (self.count - (bound - spare)).min(EVICTED_AT_ONCE.into());
        let wait = times.delay.saturating_add(times.retry_window);
        // Sessions and processes do not read their clocks at the same moment.
        let horizon = now.saturating_add(wait).saturating_add(wait / 32);
        let short = "SELECT count(*) FROM records WHERE until <= ?1";
        let short = self.connection.query_row(short, [signed(horizon)], |row| row.get(0)).map(unsigned)?;
        let of_short = excess.min(short.saturating_sub(bound.div_ceil(4)));
        self.remove(ending, horizon, of_short)?;
        let passed = "DELETE FROM records WHERE key IN (SELECT key FROM records WHERE until > ?1 ORDER BY until LIMIT ?2)";
        self.remove(passed, horizon, excess - of_short)
    }

    /// Removes records before or after a time.
    fn remove(&mut self, statement: &str, time: u64, limit: u64) -> Result<(), Error> {
        if limit > 0 {
            let removed = self.connection.execute(statement, [signed(time), signed(limit)])?;
            self.count = self.count.saturating_sub(removed as u64);
        }
        Ok(())
    }

    /// Counts the records of the file.
    fn records(&self) -> Result<u64, Error> {
        self.connection.query_row("SELECT count(*) FROM records", [], |row| row.get(0)).map(unsigned)
    }
}

impl Records for Database {
    type Error = Error;

    fn get(&mut self, key: Key) -> Result<Option<Record>, Error> {
        let select = "SELECT value, until FROM records WHERE key = ?1";
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Record { value: unsigned(row.get(0)?), until: unsigned(row.get(1)?) })
        };
        self.connection.query_row(select, [key.bytes()], read).optional()
    }

    fn put(&mut self, key: Key, record: Record, _now: u64) -> Result<(), Error> {
        let values = params![key.bytes(), signed(record.value), signed(record.until)];
        let update = "UPDATE records SET value = ?2, until = ?3 WHERE key = ?1";
        if self.connection.execute(update, values)? == 0 {
            self.connection.execute("INSERT INTO records VALUES (?1, ?2, ?3)", values)?;
            self.count += 1;
            self.added += 1;
        }
        Ok(())
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
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
            (
                "PRAGMA application_id = 1296254802; PRAGMA user_version = 2",
                "the file is of the later version 2",
            ),
        ] {
            let connection = Connection::open_in_memory().expect("memory");
            connection.execute_batch(sql).expect("a database");
            assert_eq!(Database::begin(connection).err().as_deref(), Some(told));
        }
        assert_eq!(APPLICATION_ID, 1_296_254_802);
    }
}
