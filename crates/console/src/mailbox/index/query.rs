//! Searches as SQL.

use rusqlite::types::Value;

use super::counts::Kind;
use super::{HAS_ATTACHMENT, Index, UNREAD};
use crate::mailbox::Id;
use crate::mailbox::search::{Field, Search, Term, What};

/// The conditions of a search, for tables that [`Conditions::tables`] joins.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    conditions: Vec<String>,
    pub(super) values: Vec<Value>,
    /// Whether words are looked for, in the table `w`.
    pub(super) has_words: bool,
}

impl Conditions {
    pub(super) fn of(search: &Search, index: &Index) -> Self {
        let mut all = Self::default();
        let words: Vec<String> = search
            .terms
            .iter()
            .filter(|term| !term.is_negated)
            .filter_map(|term| words(&term.what))
            .collect();
        if !words.is_empty() {
            all.has_words = true;
            all.add("w.words MATCH ?", [Value::Text(words.join(" AND "))]);
        }
        for term in &search.terms {
            all.add_term(term);
        }
        if let Some(ids) = &search.ids {
            // Names are numbers, so that they need no parameters, which are bounded.
            let keys: Vec<_> = ids.iter().map(|id| id.key().to_string()).collect();
            all.add(&format!("{} IN ({})", all.key(), keys.join(",")), []);
        }
        if let Some(id) = search.until {
            all.add(&format!("{} <= ?", all.key()), [Value::Integer(id.key())]);
        }
        if index.has_hidden {
            all.add(&format!("{} NOT IN (SELECT key FROM temp.hidden)", all.key()), []);
        }
        all
    }

    /// Adds the bound of a page.
    pub(super) fn before(&mut self, id: Id) {
        self.add(&format!("{} < ?", self.key()), [Value::Integer(id.key())]);
    }

    /// Returns the column of the key, by which a query is fast.
    pub(super) fn key(&self) -> &'static str {
        if self.has_words { "w.rowid" } else { "m.key" }
    }

    /// Returns the tables that conditions are about.
    pub(super) fn tables(&self) -> &'static str {
        if self.has_words { "words w CROSS JOIN messages m ON m.key = w.rowid" } else { "messages m" }
    }

    pub(super) fn text(&self) -> String {
        if self.conditions.is_empty() { "1".to_owned() } else { self.conditions.join(" AND ") }
    }

    fn add(&mut self, condition: &str, values: impl IntoIterator<Item = Value>) {
        self.conditions.push(condition.to_owned());
        self.values.extend(values);
    }

    fn add_term(&mut self, term: &Term) {
        let (condition, values) = match &term.what {
            What::Words { .. } if !term.is_negated => return,
            What::Words { .. } => {
                let Some(words) = words(&term.what) else { return };
                let found = "m.key IN (SELECT rowid FROM words WHERE words MATCH ?)";
                (found.to_owned(), vec![Value::Text(words)])
            }
            What::HasAttachment => (format!("m.flags & {HAS_ATTACHMENT}"), vec![]),
            What::IsUnread => (format!("m.flags & {UNREAD}"), vec![]),
            What::IsRead => (format!("NOT m.flags & {UNREAD}"), vec![]),
            What::Before(time) => (format!("{} < ?", self.key()), vec![Value::Integer(Id::key_at(*time))]),
            What::After(time) => (format!("{} >= ?", self.key()), vec![Value::Integer(Id::key_at(*time))]),
            What::Mailbox(name) => mailbox(name),
            What::Folder(name) => {
                let folder = format!(".{}", name.replace('/', "."));
                let places = "SELECT number FROM places WHERE lower(CAST(folder AS TEXT)) = lower(?)";
                (format!("m.place IN ({places})"), vec![Value::Text(folder)])
            }
            What::Login(name) => member(Kind::Login, name),
            What::Tag(name) => member(Kind::Tag, name),
            What::Id(name) => {
                let key = name.parse().map_or(-1, Id::key);
                let named = "SELECT key FROM summaries WHERE queue_id = ? UNION ALL SELECT key FROM summaries WHERE message_id = ?";
                let names = [Value::Text(name.clone()), Value::Text(name.clone())];
                (format!("m.key IN ({named} UNION ALL SELECT {key})"), names.to_vec())
            }
        };
        let condition = if term.is_negated { format!("NOT ({condition})") } else { condition };
        self.add(&condition, values);
    }
}

/// Returns the condition of a group.
fn member(kind: Kind, name: &str) -> (String, Vec<Value>) {
    let members = format!("m.key IN (SELECT key FROM members WHERE kind = {} AND name = ?)", kind as i64);
    (members, vec![Value::Text(name.to_lowercase())])
}

/// Returns the condition of a mailbox: the address of a recipient, a domain, a user or the path of a Maildir.
fn mailbox(name: &str) -> (String, Vec<Value>) {
    // As one set of keys, which is looked up once. Most names are of no Maildir, so that no message is read for that.
    let maildir = "SELECT x.key FROM places p CROSS JOIN messages x ON x.place = p.number WHERE lower(CAST(p.maildir AS TEXT)) = ?";
    let members = |kind: Kind, condition: &str| {
        let kind = kind as i64;
        let members = format!("SELECT key FROM members WHERE kind = {kind} AND {condition}");
        format!("m.key IN ({members} UNION ALL {maildir})")
    };
    let text = |text: &str| Value::Text(text.to_owned());
    // SQLite lowers ASCII only.
    let place = text(&name.to_ascii_lowercase());
    let name = &*name.to_lowercase();
    match name.split_once('@') {
        Some(("", domain)) => (members(Kind::Domain, "name = ?"), vec![text(domain), place]),
        Some(_) => (members(Kind::Recipient, "name = ?"), vec![text(name), place]),
        None => {
            // All addresses that begin with `name@`.
            let (first, last) = (format!("{name}@"), format!("{name}A"));
            (members(Kind::Recipient, "name >= ? AND name < ?"), vec![text(&first), text(&last), place])
        }
    }
}

/// Returns words in the language of FTS5. Nothing in the quotes has a meaning there.
fn words(what: &What) -> Option<String> {
    let What::Words { field, text, is_beginning } = what else { return None };
    let columns = match field {
        None => "",
        Some(Field::From) => "sender : ",
        Some(Field::To) => "recipients : ",
        Some(Field::Subject) => "subject : ",
    };
    let star = if *is_beginning { " *" } else { "" };
    Some(format!("({columns}\"{}\"{star})", text.replace('"', " ")))
}
