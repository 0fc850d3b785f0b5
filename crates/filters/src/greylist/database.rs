//! Records in a SQLite database.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, Error, OptionalExtension as _, params};

use super::decide::{Record, Records};
use crate::key::Key;

/// The mark of a file that is a greylist, in its header.
const APPLICATION_ID: i64 = i64::from_be_bytes(*b"\0\0\0\0MCGR");

/// The layout of the tables.
const VERSION: i64 = 1;

/// Expired records that are removed at once, so that no batch takes long.
const CLEANED_AT_ONCE: u32 = 200;

/// How long another process may hold the file.
const LOCKED: Duration = Duration::from_millis(200);

/// A database with an open file.
pub(super) struct Database {
    connection: Connection,
    /// The number of records, as far as this process knows.
    count: u64,
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
        let make = || -> Result<u64, Error> {
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
            ))?;
            Ok(unsigned(number("SELECT count(*) FROM records")?))
        };
        let count = make().map_err(|error| error.to_string())?;
        Ok(Self { connection, count })
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

    /// Removes some of the expired records, and as many others as are too many.
    pub(super) fn clean(&mut self, max_entries: usize, now: u64) -> Result<(), Error> {
        let expired = "DELETE FROM records WHERE key IN (SELECT key FROM records WHERE until <= ?1 ORDER BY until LIMIT ?2)";
        let removed = self.connection.execute(expired, params![signed(now), CLEANED_AT_ONCE])?;
        self.count = self.count.saturating_sub(removed as u64);
        let excess = self.count.saturating_sub(max_entries as u64);
        if excess > 0 {
            let soonest =
                "DELETE FROM records WHERE key IN (SELECT key FROM records ORDER BY until LIMIT ?1)";
            let removed = self.connection.execute(soonest, [signed(excess)])?;
            self.count = self.count.saturating_sub(removed as u64);
        }
        Ok(())
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
    use crate::greylist::decide::{Decision, Keys, Times, decide};
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
                    database.clean(1000, now)?;
                    Ok(decision)
                });
                prop_assert_eq!(decision.expect("a decision"), expected);
            }
        }
    }

    #[test]
    fn expired_records_go_and_so_do_those_that_are_too_many() {
        let (mut database, times) = (database(), Times { known_after: 0, ..TIMES });
        ask(&mut database, 0, &times, 1);
        assert_eq!(ask(&mut database, 0, &times, 301), Decision::Pass);
        for triplet in 1..500 {
            ask(&mut database, triplet, &times, 302);
        }
        database.clean(100, 303).expect("cleaning");
        // The one that passed is kept longest.
        assert_eq!((database.count, ask(&mut database, 0, &times, 304)), (100, Decision::Known));
        database.clean(100, 5_000).expect("cleaning");
        assert_eq!(database.count, 2, "the triplet that passed, and its network");
        database.clean(100, 50_000).expect("cleaning");
        assert_eq!(database.count, 0);
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
