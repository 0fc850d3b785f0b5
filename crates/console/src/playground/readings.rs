//! The same bytes, as a strict server reads them, and as one does that takes a bare LF for a line end.
//!
//! # Why
//!
//! Mailchute takes a bare LF for the end of a message in none of its settings. Another server that does so reads the
//! same as this one, if each bare LF were a CRLF.

use std::sync::Arc;

use mailchute::Server;
use tokio_rustls::rustls::ClientConfig;

use super::conversation::{Conversation, Kept};
use super::entry::Entry;
use super::input::{Input, LineEnd};

/// The bytes as one server reads them.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    /// The messages that it kept.
    pub(crate) kept: Vec<Kept>,
    /// The lines of the client, and the replies.
    pub(crate) lines: Vec<(bool, String)>,
}

impl Reading {
    /// Plays all inputs of a conversation to another server.
    pub(super) async fn of(server: &Server, connector: Arc<ClientConfig>, raw: &[u8]) -> Self {
        let mut conversation = Conversation::begin(server, connector, false).await;
        let mut rest = raw;
        while !rest.is_empty() && conversation.is_open() {
            // Line by line, as a client waits for the 354 before it sends content.
            let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
            let (now, later) = rest.split_at(end);
            let input = Input { text: as_escapes(now), end: LineEnd::None, escapes: true };
            if conversation.send(&input).await.is_err() {
                break;
            }
            rest = later;
        }
        let lines = conversation.entries.iter().flat_map(|(_, entry)| match entry {
            Entry::Command { line } | Entry::Typed { line } => vec![(true, line.clone())],
            Entry::Reply { lines, .. } => lines.iter().map(|line| (false, line.clone())).collect(),
            _ => Vec::new(),
        });
        Self { lines: lines.collect(), kept: conversation.kept.clone() }
    }
}

/// Makes each bare LF a CRLF.
pub(super) fn with_whole_line_ends(raw: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(raw.len());
    for byte in raw {
        if *byte == b'\n' && whole.last() != Some(&b'\r') {
            whole.push(b'\r');
        }
        whole.push(*byte);
    }
    whole
}

/// Writes bytes as an input with escapes.
fn as_escapes(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        match byte {
            b'\\' => text.push_str("\\\\"),
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b' '..=b'~' => text.push(char::from(*byte)),
            byte => text.push_str(&format!("\\x{byte:02x}")),
        }
        text
    })
}
