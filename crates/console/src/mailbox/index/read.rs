//! Reads lists and single messages.

use rusqlite::{Error, OptionalExtension as _, params_from_iter};

use super::query::Conditions;
use super::row::{COLUMNS, Located, TABLES, file, read};
use super::{Index, UNREAD};
use crate::mailbox::scan::MailFile;
use crate::mailbox::search::Search;
use crate::mailbox::{Deletion, Id, Listing};

/// The condition of messages that no deletion has hidden.
pub(super) const NOT_HIDDEN: &str = "m.key NOT IN (SELECT key FROM temp.hidden)";

impl Index {
    /// Returns a page of the messages that a search finds, the newest first.
    pub(in crate::mailbox) fn list(
        &self,
        search: &Search,
        before: Option<Id>,
        limit: usize,
    ) -> Result<Listing, Error> {
        let mut conditions = Conditions::of(search, self);
        if conditions.has_words {
            return self.list_found(&conditions, before, limit);
        }
        let (total, unread) = self.count(&conditions)?;
        if let Some(id) = before {
            conditions.before(id);
        }
        // The search sorts keys only, so that few summaries are read.
        let page = format!(
            "SELECT {COLUMNS} FROM (SELECT m.key AS key FROM {} WHERE {} ORDER BY m.key DESC LIMIT {}) found \
             CROSS JOIN {TABLES} WHERE m.key = found.key ORDER BY m.key DESC",
            conditions.tables(),
            conditions.text(),
            limit.saturating_add(1),
        );
        let mut statement = self.connection.prepare(&page)?;
        let rows = statement.query_map(params_from_iter(&conditions.values), read)?;
        let mut messages = rows.map(|row| Ok(row?.summary)).collect::<Result<Vec<_>, Error>>()?;
        let has_more = messages.len() > limit;
        messages.truncate(limit);
        Ok(Listing { messages, total, unread, has_more, progress: None })
    }

    /// Returns a page of the messages that have words. The index of words is asked once, for the page and the counts.
    fn list_found(
        &self,
        conditions: &Conditions,
        before: Option<Id>,
        limit: usize,
    ) -> Result<Listing, Error> {
        let found = format!(
            "SELECT w.rowid, m.flags & {UNREAD} FROM {} WHERE {} ORDER BY w.rowid DESC",
            conditions.tables(),
            conditions.text()
        );
        let mut statement = self.connection.prepare(&found)?;
        let mut rows = statement.query(params_from_iter(&conditions.values))?;
        let (mut listing, mut page) = (Listing::default(), Vec::new());
        while let Some(row) = rows.next()? {
            listing.total += 1;
            listing.unread += u64::from(row.get::<_, bool>(1)?);
            let id = Id::from_key(row.get(0)?);
            if before.is_none_or(|before| id < before) {
                listing.has_more = page.len() >= limit;
                if !listing.has_more {
                    page.push(id);
                }
            }
        }
        for id in page {
            listing.messages.extend(self.get(id)?.map(|found| found.summary));
        }
        Ok(listing)
    }

    /// Counts all messages and the unread ones.
    pub(super) fn count(&self, conditions: &Conditions) -> Result<(u64, u64), Error> {
        let count = format!(
            "SELECT count(*), coalesce(sum(m.flags & {UNREAD}), 0) FROM {} WHERE {}",
            conditions.tables(),
            conditions.text()
        );
        self.connection.query_row(&count, params_from_iter(&conditions.values), |row| {
            Ok((unsigned(row.get(0)?), unsigned(row.get(1)?)))
        })
    }

    /// Returns the files of all messages that a search finds.
    pub(in crate::mailbox) fn files(&self, search: &Search) -> Result<Vec<MailFile>, Error> {
        let conditions = Conditions::of(search, self);
        let query = format!(
            "SELECT m.flags, m.place, s.name FROM {} CROSS JOIN summaries s ON s.key = m.key WHERE {}",
            conditions.tables(),
            conditions.text()
        );
        let mut statement = self.connection.prepare(&query)?;
        let rows = statement.query_map(params_from_iter(&conditions.values), file)?;
        rows.collect()
    }

    /// Returns the newest message that a search finds.
    pub(in crate::mailbox) fn newest(&self, search: &Search) -> Result<Option<Located>, Error> {
        let conditions = Conditions::of(search, self);
        let (key, tables, text) = (conditions.key(), conditions.tables(), conditions.text());
        let newest = format!("SELECT {key} FROM {tables} WHERE {text} ORDER BY {key} DESC LIMIT 1");
        let newest = self
            .connection
            .query_row(&newest, params_from_iter(&conditions.values), |row| row.get(0).map(Id::from_key))
            .optional()?;
        newest.map_or(Ok(None), |id| self.get(id))
    }

    /// Returns the next newer and the next older message of a search.
    pub(in crate::mailbox) fn neighbours(&self, search: &Search, id: Id) -> Result<[Option<Id>; 2], Error> {
        let conditions = Conditions::of(search, self);
        let (key, tables, text) = (conditions.key(), conditions.tables(), conditions.text());
        let next = |side: &str, order: &str| {
            let next = format!(
                "SELECT {key} FROM {tables} WHERE {text} AND {key} {side} {} ORDER BY {key} {order} LIMIT 1",
                id.key()
            );
            let read = |row: &rusqlite::Row<'_>| row.get(0).map(Id::from_key);
            self.connection.query_row(&next, params_from_iter(&conditions.values), read).optional()
        };
        Ok([next(">", "ASC")?, next("<", "DESC")?])
    }

    /// Returns a message, unless it is hidden.
    pub(in crate::mailbox) fn get(&self, id: Id) -> Result<Option<Located>, Error> {
        let visible = if self.has_hidden { NOT_HIDDEN } else { "1" };
        let query = format!("SELECT {COLUMNS} FROM {TABLES} WHERE m.key = ?1 AND {visible}");
        self.connection.query_row(&query, [id.key()], read).optional()
    }

    /// Returns the number of messages that a deletion has hidden.
    pub(in crate::mailbox) fn hidden_count(&self) -> Result<u64, Error> {
        self.connection.query_row("SELECT count(*) FROM temp.hidden", [], |row| row.get(0).map(unsigned))
    }

    /// Returns the bytes of all messages that are not hidden.
    pub(in crate::mailbox) fn bytes(&self) -> Result<u64, Error> {
        let sum = format!("SELECT coalesce(sum(size), 0) FROM messages m WHERE {NOT_HIDDEN}");
        self.connection.query_row(&sum, [], |row| row.get(0).map(unsigned))
    }

    /// Returns the oldest messages with their sizes. Those that are hidden go by themselves, or come back.
    pub(in crate::mailbox) fn oldest(&self, limit: u64) -> Result<Vec<(Id, u64, MailFile)>, Error> {
        let mut statement = self.connection.prepare(&format!(
            "SELECT m.flags, m.place, s.name, m.key, m.size FROM messages m JOIN summaries s ON s.key = m.key \
             WHERE {NOT_HIDDEN} ORDER BY m.key LIMIT ?1",
        ))?;
        let rows = statement.query_map([limit.cast_signed()], |row| {
            Ok((Id::from_key(row.get(3)?), unsigned(row.get(4)?), file(row)?))
        })?;
        rows.collect()
    }

    /// Hides what a search finds, for a deletion.
    pub(in crate::mailbox) fn hide(&mut self, search: &Search, number: u64) -> Result<Deletion, Error> {
        let conditions = Conditions::of(search, self);
        let (key, tables, text) = (conditions.key(), conditions.tables(), conditions.text());
        let hide =
            format!("INSERT OR IGNORE INTO temp.hidden SELECT {key}, {number} FROM {tables} WHERE {text}");
        let messages = self.connection.execute(&hide, params_from_iter(&conditions.values))? as u64;
        self.has_hidden |= messages > 0;
        self.count_hidden(number)?;
        Ok(Deletion { number, messages })
    }

    /// Shows what a deletion has hidden, and returns it.
    pub(in crate::mailbox) fn unhide(&mut self, number: u64) -> Result<Vec<Id>, Error> {
        let ids = self.hidden(number)?;
        self.uncount_hidden(number)?;
        self.connection.execute("DELETE FROM temp.hidden WHERE deletion = ?1", [number.cast_signed()])?;
        self.note_hidden()?;
        Ok(ids)
    }

    /// Returns the messages of a deletion.
    pub(in crate::mailbox) fn hidden(&self, number: u64) -> Result<Vec<Id>, Error> {
        let mut statement = self.connection.prepare("SELECT key FROM temp.hidden WHERE deletion = ?1")?;
        let rows = statement.query_map([number.cast_signed()], |row| row.get(0).map(Id::from_key))?;
        rows.collect()
    }

    /// Returns some files of a deletion, after a message.
    pub(in crate::mailbox) fn hidden_files(
        &self,
        number: u64,
        after: Id,
        limit: u32,
    ) -> Result<Vec<(Id, MailFile)>, Error> {
        let mut statement = self.connection.prepare(
            "SELECT m.flags, m.place, s.name, m.key FROM temp.hidden h JOIN messages m ON m.key = h.key \
             JOIN summaries s ON s.key = m.key WHERE h.deletion = ?1 AND h.key > ?2 ORDER BY h.key LIMIT ?3",
        )?;
        let rows = statement.query_map((number.cast_signed(), after.key(), limit), |row| {
            Ok((Id::from_key(row.get(3)?), file(row)?))
        })?;
        rows.collect()
    }

    /// Notes whether any messages are hidden.
    fn note_hidden(&mut self) -> Result<(), Error> {
        let any = "SELECT EXISTS (SELECT 1 FROM temp.hidden)";
        self.has_hidden = self.connection.query_row(any, [], |row| row.get(0))?;
        Ok(())
    }
}

pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
