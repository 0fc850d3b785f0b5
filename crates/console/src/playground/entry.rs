//! The lines of a conversation, as the page shows them.

use std::sync::Arc;

use mailchute::Disconnect;
use mailchute::command::Verb;
use mailchute::tls::TlsFacts;

/// One row of a conversation.
#[derive(Debug, Clone)]
pub(crate) enum Entry {
    /// The client sent a line.
    Command { line: String },
    /// The client sent content of a message, or a part of an AUTH exchange, as it was typed.
    Typed { line: String },
    /// The server replied, by one or several lines.
    Reply { lines: Vec<String>, to: Option<Verb> },
    /// TLS is up. `seen` is what somebody on the way sees of the first line inside TLS.
    Secure { facts: Arc<TlsFacts> },
    /// The last input as it went over the wire, inside TLS.
    Wire { bytes: Vec<u8> },
    /// A login, step by step.
    Decoded { parts: Vec<(String, String)> },
    /// A message was accepted.
    Kept { id: String, bytes: usize },
    /// The session is over.
    Ended { cause: Disconnect },
    /// Something else, for people.
    Note { text: String },
}

impl Entry {
    /// Returns the bytes of memory that it holds.
    fn held(&self) -> usize {
        let texts = match self {
            Self::Command { line } | Self::Typed { line } => line.len(),
            Self::Reply { lines, .. } => lines.iter().map(|line| line.len() + size_of::<String>()).sum(),
            Self::Wire { bytes } => bytes.len(),
            Self::Decoded { parts } => parts.iter().map(|(name, value)| name.len() + value.len() + 48).sum(),
            Self::Kept { id, .. } => id.len(),
            Self::Note { text } => text.len(),
            Self::Secure { .. } | Self::Ended { .. } => 0,
        };
        size_of::<Self>() + texts
    }
}

/// The memory that the rows of a conversation hold at most.
const MOST: usize = 256 * 1024;

/// The rows of a conversation. The oldest ones go if there are too many.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    entries: std::collections::VecDeque<Entry>,
    held: usize,
    dropped: usize,
}

impl Entries {
    pub(super) fn push(&mut self, entry: Entry) {
        self.held += entry.held();
        self.entries.push_back(entry);
        while self.held > MOST
            && let Some(first) = self.entries.pop_front()
        {
            self.held -= first.held();
            self.dropped += 1;
        }
    }

    /// Returns the number of rows that went.
    pub(crate) fn dropped(&self) -> usize {
        self.dropped
    }

    /// Returns the rows with their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &Entry)> {
        self.entries.iter().enumerate().map(|(index, entry)| (index + self.dropped, entry))
    }
}
