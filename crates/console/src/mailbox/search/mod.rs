//! The language of searches.
//!
//! | search | finds messages |
//! |---|---|
//! | `invoice may` | with words that begin like these, in any order; fewer than three letters are a whole word |
//! | `"your invoice"` | with exactly these words, one after the other; in quotes, `\"` is a quote and `\\` a backslash |
//! | `from:alice`, `to:bob`, `subject:invoice`, `from:"Alice B"` | with the words there; an address with a dot in its domain is whole |
//! | `has:attachment`, `is:unread`, `is:read` | |
//! | `before:2026-01-31`, `after:2d` | before a day or time, or more than 2 days ago; since a day, or within 2 days |
//! | `mailbox:bob@example.com`, `mailbox:@example.com`, `mailbox:bob` | for this recipient, domain or user |
//! | `folder:Junk` | in this directory of the Maildir |
//! | `login:alice`, `tag:welcome` | that this user sent; with this tag in the field `X-Tags` |
//! | `id:1K1BAS6430W-1`, `message-id:<1@x>` | with this id: of the server, in the API, or of the field `Message-ID` |
//! | `-invoice`, `-from:alice`, `!invoice` | that do not match |

mod mistake;
mod time;
mod word;

use jiff::Timestamp;

pub(crate) use mistake::SearchMistake;

use super::Id;
pub(super) use word::quoted;
use word::{Written, words};

/// The longest search, in bytes.
const LONGEST: usize = 2_000;

/// The most terms of a search.
const MOST_TERMS: usize = 50;

/// The fewest letters that stand for all words that begin with them.
const SHORTEST_BEGINNING: usize = 3;

/// Which messages are meant. The default means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Search {
    pub(super) terms: Vec<Term>,
    /// Only these messages.
    pub(super) ids: Option<Vec<Id>>,
    /// Only messages that had come by then.
    pub(super) until: Option<Id>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    /// Whether messages that match are left out.
    pub(super) is_negated: bool,
    pub(super) what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Words {
        field: Option<Field>,
        text: String,
        /// Whether the last word may go on.
        is_beginning: bool,
    },
    HasAttachment,
    IsUnread,
    IsRead,
    Before(Timestamp),
    After(Timestamp),
    /// A recipient, a domain after `@`, a user, or the path of a Maildir.
    Mailbox(String),
    Folder(String),
    Login(String),
    Tag(String),
    Id(String),
}

/// The part of a message in which words are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    From,
    To,
    Subject,
}

impl Search {
    /// Returns the search for all messages.
    pub(crate) fn all() -> Self {
        Self::default()
    }

    /// Returns the search for these messages.
    pub(crate) fn ids(ids: impl IntoIterator<Item = Id>) -> Self {
        Self { ids: Some(ids.into_iter().collect()), ..Self::default() }
    }

    /// Leaves out messages that come later than this one.
    pub(crate) fn until(mut self, id: Id) -> Self {
        self.until = Some(id);
        self
    }

    /// Returns whether messages may match that were not named.
    pub(super) fn is_open(&self) -> bool {
        self.ids.is_none()
    }

    /// Returns the same search for unread messages only, or for the others.
    pub(super) fn only_unread(mut self, is_unread: bool) -> Self {
        self.terms.push(Term { is_negated: !is_unread, what: What::IsUnread });
        self
    }

    /// Reads what a person wrote. Ages count from now.
    ///
    /// # Errors
    /// The mistake in the text, and what to write instead.
    pub(crate) fn parse(text: &str) -> Result<Self, SearchMistake> {
        Self::parse_at(text, Timestamp::now())
    }

    fn parse_at(text: &str, now: Timestamp) -> Result<Self, SearchMistake> {
        if text.len() > LONGEST {
            return Err(SearchMistake::TooLong);
        }
        let mut terms = Vec::new();
        for written in words(text) {
            terms.push(term(&written, now)?);
            if terms.len() > MOST_TERMS {
                return Err(SearchMistake::TooLong);
            }
        }
        Ok(Self { terms, ..Self::default() })
    }
}

/// Returns the term that was written.
fn term(written: &Written<'_>, now: Timestamp) -> Result<Term, SearchMistake> {
    if let Some(key) = written.foreign_key() {
        return Err(SearchMistake::NoKey(key));
    }
    let what = match written.key {
        Some(key) => keyed(key, written, now)?,
        None => find_words(None, written)?,
    };
    Ok(Term { is_negated: written.is_negated, what })
}

/// Returns what is meant by `key:value`.
fn keyed(key: Key, written: &Written<'_>, now: Timestamp) -> Result<What, SearchMistake> {
    let value = written.value.trim();
    if value.is_empty() {
        return Err(SearchMistake::NoValue(key));
    }
    let other = || SearchMistake::Value { key, value: value.to_owned() };
    let time = || time::parse(value, now).ok_or_else(other);
    Ok(match key {
        Key::From => return find_words(Some(Field::From), written),
        Key::To => return find_words(Some(Field::To), written),
        Key::Subject => return find_words(Some(Field::Subject), written),
        Key::Has => match value.to_ascii_lowercase().as_str() {
            "attachment" | "attachments" => What::HasAttachment,
            _ => return Err(other()),
        },
        Key::Is => match value.to_ascii_lowercase().as_str() {
            "unread" => What::IsUnread,
            "read" => What::IsRead,
            _ => return Err(other()),
        },
        Key::Before => What::Before(time()?),
        Key::After => What::After(time()?),
        Key::Mailbox => What::Mailbox(value.to_owned()),
        Key::Folder => What::Folder(value.to_owned()),
        Key::Login => What::Login(value.to_owned()),
        Key::Tag => What::Tag(value.to_owned()),
        Key::Id | Key::MessageId => What::Id(value.trim_matches(['<', '>']).to_owned()),
    })
}

/// Returns words to look for. The index has no other characters: a text without any would find everything, or nothing.
fn find_words(field: Option<Field>, written: &Written<'_>) -> Result<What, SearchMistake> {
    if !written.value.chars().any(char::is_alphanumeric) {
        return Err(SearchMistake::NoWords(written.value.to_string()));
    }
    let text = written.value.replace(|c: char| c == '"' || c.is_control(), " ");
    // Fewer letters begin so many words that the search would take seconds.
    let is_long =
        text.trim_end().chars().rev().take_while(|c| c.is_alphanumeric()).count() >= SHORTEST_BEGINNING;
    // Otherwise the mail for ann@example.community would be found, too.
    let is_address = field.is_some() && text.split_once('@').is_some_and(|(_, domain)| domain.contains('.'));
    Ok(What::Words { field, is_beginning: is_long && !written.is_quoted && !is_address, text })
}

/// The words before a colon that have a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    From,
    To,
    Subject,
    Has,
    Is,
    Before,
    After,
    Mailbox,
    Folder,
    Login,
    Tag,
    Id,
    MessageId,
}

impl Key {
    pub(crate) const ALL: [Self; 13] = [
        Self::From,
        Self::To,
        Self::Subject,
        Self::Has,
        Self::Is,
        Self::Before,
        Self::After,
        Self::Mailbox,
        Self::Folder,
        Self::Login,
        Self::Tag,
        Self::Id,
        Self::MessageId,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::From => "from",
            Self::To => "to",
            Self::Subject => "subject",
            Self::Has => "has",
            Self::Is => "is",
            Self::Before => "before",
            Self::After => "after",
            Self::Mailbox => "mailbox",
            Self::Folder => "folder",
            Self::Login => "login",
            Self::Tag => "tag",
            Self::Id => "id",
            Self::MessageId => "message-id",
        }
    }
}

#[cfg(test)]
mod tests;
