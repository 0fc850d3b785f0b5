//! Records in a SQLite database.

#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, Error, OptionalExtension as _, params};

use super::decide::{Record, Records, TIME_BITS, Times, WAITS};
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

/// Networks with many triplets that wait, which make room at once.
const FLOODING_AT_ONCE: u32 = 64;

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
    /// there are more, those of the networks with the most before the others. Otherwise the records that have passed make
    /// room, the one that ends first before the others.
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
        let left = of_short - self.remove_most(horizon, of_short)?;
        self.remove(ending, horizon, left)?;
        let passed = "DELETE FROM records WHERE key IN (SELECT key FROM records WHERE until > ?1 ORDER BY until LIMIT ?2)";
        self.remove(passed, horizon, excess - of_short)
    }

    /// Removes triplets that wait, of the networks that have the most of them. Returns how many it has removed.
    fn remove_most(&mut self, horizon: u64, number: u64) -> Result<u64, Error> {
        if number == 0 {
            return Ok(0);
        }
        let most = format!(
            "SELECT value >> {TIME_BITS} AS mark, count(*) AS waiting FROM records WHERE until <= ?1 AND value >= {WAITS}
             GROUP BY mark ORDER BY waiting DESC LIMIT {FLOODING_AT_ONCE}"
        );
        let networks: Vec<(i64, u64)> = {
            let mut statement = self.connection.prepare(&most)?;
            let rows =
                statement.query_map([signed(horizon)], |row| Ok((row.get(0)?, unsigned(row.get(1)?))))?;
            rows.collect::<Result<_, _>>()?
        };
        let of = format!(
            "DELETE FROM records WHERE key IN
             (SELECT key FROM records WHERE until <= ?1 AND value >> {TIME_BITS} = ?3 ORDER BY until LIMIT ?2)"
        );
        let level = level(networks.iter().map(|(_, waiting)| *waiting), number);
        let mut left = number;
        for (mark, waiting) in networks {
            let excess = waiting.saturating_sub(level).min(left);
            if excess > 0 {
                let removed = self.connection.execute(&of, [signed(horizon), signed(excess), mark])? as u64;
                self.count = self.count.saturating_sub(removed);
                left -= removed.min(left);
            }
        }
        Ok(number - left)
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

/// Returns down to which number the largest ones must be cut, at least 1, so that this much is cut off in total.
fn level(numbers: impl Iterator<Item = u64> + Clone, total: u64) -> u64 {
    let cut_off = |level: u64| numbers.clone().map(|number| number.saturating_sub(level)).sum::<u64>();
    let (mut low, mut high) = (1, numbers.clone().max().unwrap_or_default().max(1));
    while low < high {
        let middle = (low + high).div_ceil(2);
        if cut_off(middle) >= total {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
