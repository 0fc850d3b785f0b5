//! Puts messages into the index.

use rusqlite::{Error, OptionalExtension as _, Statement, params};

use super::counts::Kind;
use super::row::{addresses_text, client_text, list_text};
use super::{HAS_ATTACHMENT, IN_CUR, Index, UNREAD};
use crate::mailbox::Id;
use crate::mailbox::entry::Entry;
use crate::mailbox::scan::MailFile;
use crate::mailbox::walk::PlacePath;

/// A message that is put into the index.
pub(in crate::mailbox) struct NewMessage {
    pub(in crate::mailbox) micros: i64,
    pub(in crate::mailbox) hash: u64,
    pub(in crate::mailbox) file: MailFile,
    pub(in crate::mailbox) entry: Entry,
}

/// The statements that put a message into all tables.
struct Insertion<'c> {
    message: Statement<'c>,
    by_hash: Statement<'c>,
    summary: Statement<'c>,
    member: Statement<'c>,
    words: Statement<'c>,
}

impl Index {
    /// Notes where places are.
    pub(in crate::mailbox) fn add_place(&mut self, number: u64, place: &PlacePath) -> Result<(), Error> {
        self.connection.execute(
            "INSERT OR IGNORE INTO places (number, maildir, folder) VALUES (?1, ?2, ?3)",
            params![number.cast_signed(), place.maildir, place.folder],
        )?;
        Ok(())
    }

    /// Puts messages into the index, and returns their names. Another process may have put them there meanwhile.
    pub(in crate::mailbox) fn insert(&mut self, messages: &[NewMessage]) -> Result<Vec<Id>, Error> {
        self.transaction(|index| {
            let mut insertion = Insertion::prepare(index)?;
            let inserted = messages.iter().map(|message| insertion.run(message));
            let inserted = inserted.collect::<Result<Vec<_>, _>>()?;
            drop(insertion);
            index.count_new(inserted.iter().filter(|(_, is_new)| *is_new).map(|(id, _)| *id))?;
            Ok(inserted.into_iter().map(|(id, _)| id).collect())
        })
    }
}

impl<'c> Insertion<'c> {
    fn prepare(index: &'c Index) -> Result<Self, Error> {
        let prepare = |sql| index.connection.prepare(sql);
        Ok(Self {
            message: prepare("INSERT OR IGNORE INTO messages VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?,
            by_hash: prepare("SELECT key FROM messages WHERE hash = ?1")?,
            summary: prepare(
                "INSERT OR REPLACE INTO summaries VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
            )?,
            member: prepare("INSERT INTO members VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?,
            words: prepare(
                "INSERT INTO words (rowid, sender, recipients, subject, body) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?,
        })
    }

    /// Returns the name of the message, and whether it was not there before.
    fn run(&mut self, new: &NewMessage) -> Result<(Id, bool), Error> {
        let (file, entry) = (&new.file, &new.entry);
        let flags = i64::from(file.is_unread()) * UNREAD
            + i64::from(entry.attachments > 0) * HAS_ATTACHMENT
            + i64::from(file.in_cur) * IN_CUR;
        let (hash, place) = (new.hash.cast_signed(), file.place.cast_signed());
        let (mut id, mut attempt) = (Id::new(new.micros, new.hash), 0);
        let size = i64::try_from(entry.size).unwrap_or(i64::MAX);
        // Either the hash is there already, or another message has this key.
        while self.message.execute(params![id.key(), hash, file.location(), place, flags, size])? == 0 {
            let there = self.by_hash.query_row([hash], |row| row.get(0)).optional()?;
            if let Some(key) = there {
                return Ok((Id::from_key(key), false));
            }
            attempt += 1;
            id = Id::attempt(new.micros, new.hash, attempt);
        }
        let key = id.key();
        self.summary.execute(params![
            key,
            file.name,
            entry.queue_id,
            entry.message_id,
            entry.envelope_from,
            list_text(&entry.recipients),
            addresses_text(&entry.from),
            addresses_text(&entry.to),
            addresses_text(&entry.cc),
            entry.subject,
            entry.snippet,
            entry.attachments,
            list_text(&entry.findings),
            entry.client.as_ref().map(client_text),
            entry.login,
            list_text(&entry.tags),
        ])?;
        let mut add = |kind: Kind, name: &str| self.member.execute(params![key, kind as i64, name]);
        for address in &entry.recipients {
            let address = address.to_lowercase();
            add(Kind::Recipient, &address)?;
            if let Some((_, domain)) = address.rsplit_once('@') {
                add(Kind::Domain, domain)?;
            }
        }
        for (kind, name) in of_kind(Kind::Login, &entry.login).chain(of_kind(Kind::Tag, &entry.tags)) {
            add(kind, &name.to_lowercase())?;
        }
        let words = &entry.words;
        self.words.execute(params![key, words.sender, words.recipients, words.subject, words.body])?;
        Ok((id, true))
    }
}

fn of_kind<'n>(
    kind: Kind,
    names: impl IntoIterator<Item = &'n String>,
) -> impl Iterator<Item = (Kind, &'n String)> {
    names.into_iter().map(move |name| (kind, name))
}
