//! Counts messages by recipient, domain, Maildir and directory.

use std::collections::HashMap;

use rusqlite::Error;

use super::query::Conditions;
use super::read::unsigned;
use super::{Index, UNREAD};
use crate::mailbox::search::Search;
use crate::mailbox::walk::PlacePath;
use crate::mailbox::{Group, Groups};

impl Index {
    pub(in crate::mailbox) fn groups(&self) -> Result<Groups, Error> {
        let shown = Conditions::of(&Search::all(), self);
        let (total, unread) = self.count(&shown)?;
        let (mut mailboxes, mut folders) = (HashMap::new(), HashMap::new());
        for (place, total, unread) in self.places(&shown)? {
            let counted = Group { name: String::new(), search: String::new(), total, unread };
            add(&mut mailboxes, &place.mailbox_name(), &counted);
            if let Some(folder) = place.folder_name() {
                add(&mut folders, &folder, &counted);
            }
        }
        // A single Maildir needs no list.
        if mailboxes.len() < 2 {
            mailboxes.clear();
        }
        Ok(Groups {
            total,
            unread,
            recipients: largest(self.recipients(&shown)?),
            domains: largest(self.domains(&shown)?),
            mailboxes: largest(found_by(mailboxes, |name| format!("mailbox:{}", quoted(name)))),
            folders: largest(found_by(folders, |name| format!("folder:{}", quoted(name)))),
        })
    }

    fn recipients(&self, shown: &Conditions) -> Result<Vec<Group>, Error> {
        let query = format!(
            "SELECT r.address, count(*), sum(m.flags & {UNREAD}) FROM recipients r INDEXED BY recipients_address \
             CROSS JOIN messages m ON m.key = r.key WHERE {} GROUP BY r.address",
            shown.text()
        );
        self.counted(&query, |name| format!("mailbox:{}", quoted(name)))
    }

    /// Returns the groups of a query with names and counts.
    fn counted(&self, query: &str, search: impl Fn(&str) -> String) -> Result<Vec<Group>, Error> {
        let mut statement = self.connection.prepare(query)?;
        let rows = statement.query_map([], |row| {
            let name: String = row.get(0)?;
            let search = search(&name);
            Ok(Group { name, search, total: unsigned(row.get(1)?), unread: unsigned(row.get(2)?) })
        })?;
        rows.collect()
    }

    /// Counts by what stands after the last `@`. A message to several recipients of a domain counts once.
    fn domains(&self, shown: &Conditions) -> Result<Vec<Group>, Error> {
        let domain = "substr(r.address, 1 + length(rtrim(r.address, replace(r.address, '@', ''))))";
        let query = format!(
            "SELECT domain, count(*), sum(unread) FROM (SELECT DISTINCT {domain} AS domain, r.key, m.flags & {UNREAD} AS unread \
             FROM recipients r CROSS JOIN messages m ON m.key = r.key WHERE {}) GROUP BY domain",
            shown.text()
        );
        self.counted(&query, |name| format!("mailbox:@{name}"))
    }

    fn places(&self, shown: &Conditions) -> Result<Vec<(PlacePath, u64, u64)>, Error> {
        let query = format!(
            "SELECT p.maildir, p.folder, c.total, c.unread FROM places p JOIN (SELECT m.place, count(*) AS total, \
             sum(m.flags & {UNREAD}) AS unread FROM messages m WHERE {} GROUP BY m.place) c ON c.place = p.number",
            shown.text()
        );
        let mut statement = self.connection.prepare(&query)?;
        let rows = statement.query_map([], |row| {
            let place = PlacePath { maildir: row.get(0)?, folder: row.get(1)? };
            Ok((place, unsigned(row.get(2)?), unsigned(row.get(3)?)))
        })?;
        rows.collect()
    }
}

fn add(groups: &mut HashMap<String, (u64, u64)>, name: &str, counted: &Group) {
    let (total, unread) = groups.entry(name.to_owned()).or_default();
    *total += counted.total;
    *unread += counted.unread;
}

fn found_by(groups: HashMap<String, (u64, u64)>, search: impl Fn(&str) -> String) -> Vec<Group> {
    let group = |(name, (total, unread)): (String, (u64, u64))| {
        let search = search(&name);
        Group { name, search, total, unread }
    };
    groups.into_iter().map(group).collect()
}

/// Sorts groups, and keeps the largest ones.
fn largest(mut groups: Vec<Group>) -> Vec<Group> {
    groups.sort_by(|a, b| b.total.cmp(&a.total).then_with(|| a.name.cmp(&b.name)));
    groups.truncate(Groups::LARGEST);
    groups
}

/// Returns a name as the value of a key in a search.
fn quoted(name: &str) -> String {
    if name.contains(char::is_whitespace) { format!("\"{name}\"") } else { name.to_owned() }
}
