//! Counts messages by recipient, domain, login, tag, Maildir and directory.

use std::collections::HashMap;

use rusqlite::{Error, OptionalExtension as _, Row, params};

use super::Index;
use super::counts::Kind;
use super::read::unsigned;
use crate::mailbox::search::quoted;
use crate::mailbox::walk::PlacePath;
use crate::mailbox::{Group, Groups};

impl Index {
    pub(in crate::mailbox) fn groups(&self) -> Result<Groups, Error> {
        let mut groups = Groups::default();
        let (mut mailboxes, mut folders) = (HashMap::new(), HashMap::new());
        for (number, total, unread) in self.counted(Kind::Place, usize::MAX, read::<i64>)? {
            groups.total += total;
            groups.unread += unread;
            let Some(place) = self.place(number)? else { continue };
            add(&mut mailboxes, &place.mailbox_name(), total, unread);
            if let Some(folder) = place.folder_name() {
                add(&mut folders, &folder, total, unread);
            }
        }
        // A single Maildir needs no list.
        if mailboxes.len() < 2 {
            mailboxes.clear();
        }
        let named = |kind, search: fn(&str) -> String| {
            let counted = self.counted(kind, Groups::LARGEST, read::<String>)?;
            Ok::<_, Error>(counted.into_iter().map(|counted| group(counted, search)).collect::<Vec<_>>())
        };
        groups.recipients = named(Kind::Recipient, |name| format!("mailbox:{}", quoted(name)))?;
        groups.domains = named(Kind::Domain, |name| format!("mailbox:{}", quoted(&format!("@{name}"))))?;
        groups.logins = named(Kind::Login, |name| format!("login:{}", quoted(name)))?;
        groups.tags = named(Kind::Tag, |name| format!("tag:{}", quoted(name)))?;
        groups.mailboxes = largest(mailboxes, |name| format!("mailbox:{}", quoted(name)));
        groups.folders = largest(folders, |name| format!("folder:{}", quoted(name)));
        Ok(groups)
    }

    /// Returns the largest groups of a kind with the numbers of their messages that are shown.
    fn counted<T>(
        &self,
        kind: Kind,
        most: usize,
        read: fn(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let all = "SELECT name, total, unread FROM counts WHERE kind = ?1";
        let shown = "SELECT c.name AS name, c.total - coalesce(h.total, 0) AS total, c.unread - coalesce(h.unread, 0) \
             FROM counts c LEFT JOIN temp.hidden_counts h ON h.kind = c.kind AND h.name = c.name \
             WHERE c.kind = ?1 AND c.total > coalesce(h.total, 0)";
        let counts = if self.has_hidden { shown } else { all };
        let mut statement =
            self.connection.prepare(&format!("{counts} ORDER BY total DESC, name LIMIT ?2"))?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = statement.query_map(params![kind as i64, most], read)?;
        rows.collect()
    }

    fn place(&self, number: i64) -> Result<Option<PlacePath>, Error> {
        let query = "SELECT maildir, folder FROM places WHERE number = ?1";
        let path = |row: &Row<'_>| Ok(PlacePath { maildir: row.get(0)?, folder: row.get(1)? });
        self.connection.query_row(query, [number], path).optional()
    }
}

/// Returns the name of a group, and the numbers of its messages and of the unread ones.
fn read<T: rusqlite::types::FromSql>(row: &Row<'_>) -> Result<(T, u64, u64), Error> {
    Ok((row.get(0)?, unsigned(row.get(1)?), unsigned(row.get(2)?)))
}

fn group((name, total, unread): (String, u64, u64), search: impl Fn(&str) -> String) -> Group {
    let search = search(&name);
    Group { name, search, total, unread }
}

fn add(groups: &mut HashMap<String, (u64, u64)>, name: &str, total: u64, unread: u64) {
    let (all, all_unread) = groups.entry(name.to_owned()).or_default();
    *all += total;
    *all_unread += unread;
}

/// Sorts groups, and keeps the largest ones.
fn largest(groups: HashMap<String, (u64, u64)>, search: impl Fn(&str) -> String) -> Vec<Group> {
    let named = groups.into_iter().map(|(name, (total, unread))| group((name, total, unread), &search));
    let mut groups: Vec<_> = named.collect();
    groups.sort_by(|a, b| b.total.cmp(&a.total).then_with(|| a.name.cmp(&b.name)));
    groups.truncate(Groups::LARGEST);
    groups
}
