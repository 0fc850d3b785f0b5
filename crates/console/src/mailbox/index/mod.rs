//! The index: a SQLite database of what the files say, with the words of the messages.
//!
//! # Why
//! It is a cache. Whatever is wrong with it, it is made again from the files, so no format of it is ever migrated.

mod counts;
mod groups;
mod insert;
mod query;
mod read;
mod row;
mod schema;

use rusqlite::{Connection, Error, ErrorCode, params};

use super::Id;
use super::known::{Known, KnownFiles, State};
use super::scan::{MailFile, directory_number};
use super::walk::PlacePath;

pub(super) use insert::NewMessage;
pub(super) use row::Located;
pub(super) use schema::FILE;

/// An open index.
#[derive(Debug)]
pub(super) struct Index {
    connection: Connection,
    /// Whether some messages are hidden, since they are about to be deleted.
    has_hidden: bool,
}

/// Bits of `flags`.
const UNREAD: i64 = 1;
const HAS_ATTACHMENT: i64 = 2;
const IN_CUR: i64 = 4;

/// Returns whether another process holds the file.
pub(super) fn is_busy(error: &Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Returns whether another file would do no better, since the disk or another process is in the way.
pub(super) fn is_trouble_outside(error: &Error) -> bool {
    is_busy(error)
        || matches!(
            error.sqlite_error_code(),
            Some(
                ErrorCode::ReadOnly
                    | ErrorCode::DiskFull
                    | ErrorCode::CannotOpen
                    | ErrorCode::PermissionDenied
                    | ErrorCode::SystemIoFailure
                    | ErrorCode::FileLockingProtocolFailed
            )
        )
}

impl Index {
    /// Returns all files in the index, and the places that they are in.
    pub(super) fn load(&self) -> Result<(KnownFiles, Vec<PlacePath>), Error> {
        let mut known = KnownFiles::default();
        let mut statement =
            self.connection.prepare("SELECT key, hash, location, place, flags FROM messages")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let state = State::Indexed(Id::from_key(row.get(0)?));
            let (hash, location, place) = (row.get::<_, i64>(1)?, row.get(2)?, row.get::<_, i64>(3)?);
            let directory = directory_number(place.cast_unsigned(), row.get::<_, i64>(4)? & IN_CUR != 0);
            known.insert(hash.cast_unsigned(), Known::new(state, directory, location, 0));
        }
        let mut statement = self.connection.prepare("SELECT maildir, folder FROM places")?;
        let place = |row: &rusqlite::Row<'_>| Ok(PlacePath { maildir: row.get(0)?, folder: row.get(1)? });
        let places = statement.query_map([], place)?.collect::<Result<_, _>>()?;
        Ok((known, places))
    }

    /// Runs changes as one: all of them are done, or none.
    pub(super) fn transaction<T>(
        &mut self,
        change: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let outcome = change(self);
        let end = if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = self.connection.execute_batch(end);
        let value = outcome?;
        ended?;
        Ok(value)
    }

    /// Notes that the files of messages have other places or other flags.
    pub(super) fn relocate(&mut self, moved: &[(Id, MailFile)]) -> Result<(), Error> {
        self.counting(moved.iter().map(|(id, _)| *id), |index| {
            let mut message = index.connection.prepare(
                "UPDATE messages SET location = ?2, place = ?3, flags = (flags & ~?4) | ?5 WHERE key = ?1",
            )?;
            let mut summary = index.connection.prepare("UPDATE summaries SET name = ?2 WHERE key = ?1")?;
            for (id, file) in moved {
                let set = i64::from(file.is_unread()) * UNREAD + i64::from(file.in_cur) * IN_CUR;
                let (location, place) = (file.location(), file.place.cast_signed());
                message.execute(params![id.key(), location, place, UNREAD | IN_CUR, set])?;
                summary.execute(params![id.key(), file.name])?;
            }
            Ok(())
        })
    }

    /// Removes messages.
    pub(super) fn remove(&mut self, ids: &[Id]) -> Result<(), Error> {
        self.counting(ids.iter().copied(), |index| {
            for table in ["messages", "summaries", "members", "hidden"] {
                let remove = format!("DELETE FROM {table} WHERE key IN (SELECT key FROM temp.changed)");
                index.connection.execute(&remove, [])?;
            }
            let words = "DELETE FROM words WHERE rowid IN (SELECT key FROM temp.changed)";
            index.connection.execute(words, []).map(drop)
        })
    }

    /// Lets go of memory that the next query would use.
    pub(super) fn rest(&self) -> Result<(), Error> {
        self.connection.execute_batch("PRAGMA shrink_memory")
    }
}
