//! A mistake in a search, and what to write instead.

use std::fmt;

use super::{Key, LONGEST, MOST_TERMS};

/// A search that cannot be understood. Its text says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SearchMistake {
    TooLong,
    NoValue(Key),
    /// A text without a letter or digit.
    NoWords(String),
    /// A key of other programs.
    NoKey(&'static str),
    Value {
        key: Key,
        value: String,
    },
}

impl Key {
    /// Returns what may follow its colon.
    fn advice(self) -> &'static str {
        match self {
            Self::From => "write a word after it, such as from:alice",
            Self::To => "write a word after it, such as to:bob",
            Self::Subject => "write a word after it, such as subject:invoice",
            Self::Has => "write has:attachment",
            Self::Is => "write is:unread or is:read",
            Self::Before => {
                "write a day (before:2026-01-31), a time (before:2026-01-31T12:00) or an age (before:2d)"
            }
            Self::After => {
                "write a day (after:2026-01-31), a time (after:2026-01-31T12:00) or an age (after:2d)"
            }
            Self::Mailbox => {
                "write an address, a domain or a user, such as mailbox:bob@example.com or mailbox:@example.com"
            }
            Self::Folder => "write the name of a folder, such as folder:Junk",
            Self::Login => "write the name of a user, such as login:alice",
            Self::Tag => "write a tag, such as tag:welcome",
            Self::Id => "write the id of a message, such as id:1K1BAS6430W-1",
            Self::MessageId => "write the id in the field Message-ID, such as message-id:1@example.com",
        }
    }
}

impl fmt::Display for SearchMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => {
                write!(f, "the search is too long: write at most {LONGEST} bytes and {MOST_TERMS} words")
            }
            Self::NoValue(key) => write!(f, "{}: needs a value: {}", key.name(), key.advice()),
            Self::NoWords(text) => {
                write!(f, "{:?} has nothing to look for: write a word with a letter or a digit", short(text))
            }
            Self::NoKey(key) => {
                let keys = Key::ALL.map(|key| format!("{}:", key.name())).join(" ");
                write!(f, "{key}: is not supported: write one of {keys}, or \"{key}:\" in quotes")
            }
            Self::Value { key, value } => {
                write!(f, "{}:{} has no meaning: {}", key.name(), short(value), key.advice())
            }
        }
    }
}

fn short(text: &str) -> &str {
    &text[..text.floor_char_boundary(40)]
}

impl std::error::Error for SearchMistake {}
