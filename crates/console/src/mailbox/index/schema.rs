//! The file of the index and its tables.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, Error, OpenFlags};

use super::Index;

/// The name of the file, next to `new/` and `cur/`.
pub(in crate::mailbox) const FILE: &str = "mailchute-index.sqlite";

/// The mark of a file that is such an index, in its header.
const APPLICATION_ID: i64 = i64::from_be_bytes(*b"\0\0\0\0MCIX");

/// The layout of the tables, and of what is in them. Another number makes a new index.
const VERSION: i64 = 4;

/// How long another process may hold the file.
const LOCKED: Duration = Duration::from_secs(2);

/// Lists and counts read a separate table: it is small, so that counting 100,000 messages takes
/// milliseconds. The key of all is the message's `Id`.
const TABLES: &str = "
    CREATE TABLE messages (
        key INTEGER PRIMARY KEY, hash INTEGER NOT NULL UNIQUE, location INTEGER NOT NULL, place INTEGER NOT NULL,
        flags INTEGER NOT NULL, size INTEGER NOT NULL
    );
    CREATE TABLE summaries (
        key INTEGER PRIMARY KEY, name BLOB NOT NULL, queue_id TEXT, message_id TEXT, envelope_from TEXT,
        recipients TEXT NOT NULL, authors TEXT NOT NULL, addressees TEXT NOT NULL, copies TEXT NOT NULL, subject TEXT,
        snippet TEXT NOT NULL, attachments INTEGER NOT NULL, findings TEXT NOT NULL, client TEXT,
        login TEXT, tags TEXT NOT NULL
    );
    CREATE INDEX summaries_queue_id ON summaries (queue_id) WHERE queue_id IS NOT NULL;
    CREATE INDEX summaries_message_id ON summaries (message_id) WHERE message_id IS NOT NULL;
    CREATE TABLE fields (tags TEXT NOT NULL);
    CREATE TABLE places (number INTEGER PRIMARY KEY, maildir BLOB NOT NULL, folder BLOB);
    CREATE VIRTUAL TABLE words USING fts5 (
        sender, recipients, subject, body,
        content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
    );
    INSERT INTO words (words, rank) VALUES ('hashsize', 8388608);";

/// The groups of each message, and how many messages each group has. [`super::counts`] keeps them.
const COUNTS: &str = "
    CREATE TABLE members (key INTEGER, kind INTEGER, name, PRIMARY KEY (key, kind, name)) WITHOUT ROWID;
    CREATE INDEX members_name ON members (kind, name, key);
    CREATE TABLE counts (
        kind INTEGER, name, total INTEGER NOT NULL, unread INTEGER NOT NULL, PRIMARY KEY (kind, name)
    ) WITHOUT ROWID;
    CREATE INDEX counts_largest ON counts (kind, total DESC, name);";

/// Messages that are about to be deleted, and their counts. A crash forgets them, so that they are there again. The last
/// table has the messages that a change is about.
const HIDDEN: &str = "
    CREATE TEMP TABLE hidden (key INTEGER PRIMARY KEY, deletion INTEGER NOT NULL);
    CREATE INDEX temp.hidden_deletion ON hidden (deletion);
    CREATE TEMP TABLE hidden_counts (
        kind INTEGER, name, total INTEGER NOT NULL, unread INTEGER NOT NULL, PRIMARY KEY (kind, name)
    ) WITHOUT ROWID;
    CREATE TEMP TABLE changed (key INTEGER PRIMARY KEY);";

impl Index {
    /// Opens the index in a directory, and makes it if it is missing. `tags` is the field that tags are read from.
    ///
    /// # Errors
    /// The file cannot be used, is damaged, or has another layout or the tags of another field.
    pub(in crate::mailbox) fn open(directory: &Path, tags: &str) -> Result<Self, Error> {
        let path = file(directory);
        // Others must not read mail in it. SQLite gives the files next to it the same mode.
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN);
                return Err(Error::SqliteFailure(code, Some(error.to_string())));
            }
            _ => {}
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        Self::begin(Connection::open_with_flags(path, flags)?, tags)
    }

    /// Makes an index in memory.
    pub(in crate::mailbox) fn in_memory(tags: &str) -> Result<Self, Error> {
        Self::begin(Connection::open_in_memory()?, tags)
    }

    fn begin(connection: Connection, tags: &str) -> Result<Self, Error> {
        connection.busy_timeout(LOCKED)?;
        // In this mode a commit waits for no disk, and a power cut never damages the file.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "cache_size", -8_192)?;
        // A sandbox or a read-only root may have no directory for temporary files.
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        let mut index = Self { connection, has_hidden: false };
        index.transaction(|index| {
            let number = |sql: &str| index.connection.query_row(sql, [], |row| row.get::<_, i64>(0));
            let has_tables = number("SELECT count(*) FROM sqlite_schema")? > 0;
            match (has_tables, number("PRAGMA application_id")?, number("PRAGMA user_version")?) {
                (true, APPLICATION_ID, VERSION) => index.check_fields(tags),
                (false, ..) => {
                    index.connection.execute_batch(TABLES)?;
                    index.connection.execute_batch(COUNTS)?;
                    index.connection.execute("INSERT INTO fields VALUES (?1)", [tags])?;
                    index.connection.pragma_update(None, "application_id", APPLICATION_ID)?;
                    index.connection.pragma_update(None, "user_version", VERSION)
                }
                _ => Err(of_another("it has another layout")),
            }
        })?;
        index.connection.execute_batch(HIDDEN)?;
        Ok(index)
    }

    /// Makes sure that tags were read from this field.
    fn check_fields(&self, tags: &str) -> Result<(), Error> {
        let kept: String = self.connection.query_row("SELECT tags FROM fields", [], |row| row.get(0))?;
        if kept == tags { Ok(()) } else { Err(of_another("its tags are of another field")) }
    }

    /// Removes the files of an index, so that a new one can be made.
    pub(in crate::mailbox) fn delete(directory: &Path) -> io::Result<()> {
        let path = file(directory);
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let mut path = path.clone().into_os_string();
            path.push(suffix);
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Returns the error of an index that was made otherwise.
fn of_another(how: &str) -> Error {
    Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_MISMATCH), Some(how.to_owned()))
}

fn file(directory: &Path) -> PathBuf {
    directory.join(FILE)
}
