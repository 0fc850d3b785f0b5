//! The same bytes, read by a strict and by a tolerant server.

use std::sync::Arc;

use mailchute::Server;
use tokio_rustls::rustls::ClientConfig;

use super::conversation::{Conversation, Kept};
use super::entry::Entry;
use super::input::{Input, LineEnd};

/// What a server makes of the bytes.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    /// The messages that it kept.
    pub(crate) kept: Vec<Kept>,
    /// The commands that it saw, and its replies.
    pub(crate) lines: Vec<(bool, String)>,
}

impl Reading {
    /// Plays all inputs of a conversation to another server.
    pub(super) async fn of(server: &Server, connector: Arc<ClientConfig>, raw: &[u8]) -> Self {
        let mut conversation = Conversation::begin(server, connector, false).await;
        let mut rest = raw;
        while !rest.is_empty() && conversation.is_open() {
            let text = String::from_utf8_lossy(rest);
            // A client waits for the 354 before it sends content.
            let end = if conversation.wants_more().is_some() { None } else { text.find('\n') };
            let (now, later) = rest.split_at(end.map_or(rest.len(), |end| end + 1).min(rest.len()));
            let input = Input { text: as_escapes(now), end: LineEnd::None, escapes: true };
            if conversation.send(&input).await.is_err() {
                break;
            }
            rest = later;
        }
        let lines = conversation.entries.iter().flat_map(|(_, entry)| match entry {
            Entry::Command { line } => vec![(true, line.clone())],
            Entry::Reply { lines, .. } => lines.iter().map(|line| (false, line.clone())).collect(),
            _ => Vec::new(),
        });
        Self { lines: lines.collect(), kept: conversation.kept.clone() }
    }
}

/// Writes bytes as an input with escapes.
fn as_escapes(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        match byte {
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(char::from(*byte)),
            byte => text.push_str(&format!("\\x{byte:02x}")),
        }
        text
    })
}
