//! Summaries as rows.

use rusqlite::{Error, Row};

use crate::mail::Address;
use crate::mailbox::scan::MailFile;
use crate::mailbox::summary::Client;
use crate::mailbox::walk::PlacePath;
use crate::mailbox::{Id, Summary};

use super::{IN_CUR, UNREAD};

/// The columns of a summary, as [`read`] takes them.
pub(super) const COLUMNS: &str = "m.flags, m.place, s.name, m.key, m.size, s.queue_id, s.message_id, s.envelope_from, s.recipients, s.authors, \
     s.addressees, s.copies, s.subject, s.snippet, s.attachments, s.findings, s.client, s.login, s.tags, p.maildir, p.folder";

/// The tables of [`COLUMNS`].
pub(super) const TABLES: &str =
    "messages m JOIN summaries s ON s.key = m.key JOIN places p ON p.number = m.place";

/// A message, and where its file is.
pub(in crate::mailbox) struct Located {
    pub(in crate::mailbox) summary: Summary,
    pub(in crate::mailbox) file: MailFile,
}

pub(super) fn read(row: &Row<'_>) -> Result<Located, Error> {
    let id = Id::from_key(row.get(3)?);
    let (flags, size) = (row.get::<_, i64>(0)?, row.get::<_, i64>(4)?);
    let path = PlacePath { maildir: row.get(19)?, folder: row.get(20)? };
    let summary = Summary {
        id,
        received: id.received(),
        queue_id: row.get(5)?,
        message_id: row.get(6)?,
        envelope_from: row.get(7)?,
        recipients: list(&row.get::<_, String>(8)?),
        from: addresses(&row.get::<_, String>(9)?),
        to: addresses(&row.get::<_, String>(10)?),
        cc: addresses(&row.get::<_, String>(11)?),
        subject: row.get(12)?,
        snippet: row.get(13)?,
        size: u64::try_from(size).unwrap_or_default(),
        is_unread: flags & UNREAD != 0,
        attachments: row.get(14)?,
        mailbox: path.mailbox_name(),
        folder: path.folder_name(),
        findings: list(&row.get::<_, String>(15)?),
        client: row.get::<_, Option<String>>(16)?.and_then(|text| client(&text)),
        login: row.get(17)?,
        tags: list(&row.get::<_, String>(18)?),
    };
    Ok(Located { summary, file: file(row)? })
}

/// Reads the file of a message from columns that begin with flags, place and name.
pub(super) fn file(row: &Row<'_>) -> Result<MailFile, Error> {
    let (flags, place) = (row.get::<_, i64>(0)?, row.get::<_, i64>(1)?);
    Ok(MailFile { place: place.cast_unsigned(), in_cur: flags & IN_CUR != 0, name: row.get(2)? })
}

/// The separator of the items of a list. No field of a message has it.
const ITEM: char = '\u{1e}';
const PART: char = '\u{1f}';

pub(super) fn list_text(items: &[String]) -> String {
    items.join("\u{1e}")
}

fn list(text: &str) -> Vec<String> {
    text.split(ITEM).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

pub(super) fn addresses_text(addresses: &[Address]) -> String {
    let text = |one: &Address| format!("{}{PART}{}", one.name.as_deref().unwrap_or_default(), one.address);
    list_text(&addresses.iter().map(text).collect::<Vec<_>>())
}

fn addresses(text: &str) -> Vec<Address> {
    let read = |item: &str| {
        let (name, address) = item.split_once(PART).unwrap_or(("", item));
        Address { name: Some(name.to_owned()).filter(|name| !name.is_empty()), address: address.to_owned() }
    };
    text.split(ITEM).filter(|item| !item.is_empty()).map(read).collect()
}

pub(super) fn client_text(client: &Client) -> String {
    format!("{}{PART}{}{PART}{}", client.helo, client.address, client.protocol)
}

fn client(text: &str) -> Option<Client> {
    let (helo, rest) = text.split_once(PART)?;
    let (address, protocol) = rest.split_once(PART)?;
    Some(Client { helo: helo.to_owned(), address: address.to_owned(), protocol: protocol.to_owned() })
}
