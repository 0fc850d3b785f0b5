//! The lines of a transcript that an event stands for.

use std::fmt;

use mailchute_proto::escaped;

use super::event::Event;
use crate::session::disconnect::Disconnect;
use crate::tls::TlsVersion;

/// One line of a transcript, without its time.
#[derive(Debug, Clone)]
pub(crate) enum Said {
    Client(String),
    /// Bytes of a message.
    Content(usize),
    Server(String),
    Note(String, About),
}

/// The subject of a note, beyond its text.
#[derive(Debug, Clone, Copy)]
pub(crate) enum About {
    Tls(TlsVersion, &'static str),
    HandshakeFailed,
    Disconnect(Disconnect),
    Other,
}

impl Said {
    /// Returns the lines of an event. Events that only repeat the command before them have none.
    pub(crate) fn of(event: &Event) -> Vec<Self> {
        match event {
            Event::Command { line, .. } => vec![Self::Client(line.clone())],
            Event::DataChunk { chunk, .. } => vec![Self::Content(chunk.len())],
            Event::Reply { reply, .. } => {
                let mut wire = Vec::new();
                reply.encode(&mut wire);
                let wire = String::from_utf8_lossy(&wire);
                wire.lines().map(|line| Self::Server(line.trim_end().to_owned())).collect()
            }
            Event::Refused { hook: None, .. }
            | Event::Connect { .. }
            | Event::TurnedAway { .. }
            | Event::Ehlo { .. }
            | Event::Mail { .. }
            | Event::Rcpt { .. } => Vec::new(),
            Event::Refused { hook: Some(hook), cause, took, .. } => {
                let mut note = format!("refused by {hook}");
                if let Some(took) = took {
                    note += &format!(" after {:.3} s", took.as_secs_f64());
                }
                if let Some(cause) = cause {
                    note += &format!(": {}", escaped(cause.as_bytes()));
                }
                vec![Self::Note(note, About::Other)]
            }
            Event::Missed { .. } => vec![Self::Note(event.to_string(), About::Other)],
            Event::Secure { tls, .. } => vec![Self::note(event, About::Tls(tls.version, tls.cipher))],
            Event::HandshakeFailed { .. } => vec![Self::note(event, About::HandshakeFailed)],
            Event::Disconnect { cause, .. } => vec![Self::note(event, About::Disconnect(*cause))],
            Event::Auth { .. } | Event::Finding { .. } | Event::Message { .. } => {
                vec![Self::note(event, About::Other)]
            }
        }
    }

    /// Returns the text of an event without the session's id.
    fn note(event: &Event, about: About) -> Self {
        let line = event.to_string();
        let note = line.split_once(' ').map_or(&*line, |(_session, note)| note);
        Self::Note(note.to_owned(), about)
    }

    /// Returns the bytes of memory that the text holds.
    pub(super) fn text_bytes(&self) -> usize {
        match self {
            Self::Client(text) | Self::Server(text) | Self::Note(text, _) => text.capacity(),
            Self::Content(_) => 0,
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(line) => write!(f, "C: {line}"),
            Self::Content(length) => write!(f, "C: ({length} bytes of a message)"),
            Self::Server(line) => write!(f, "S: {line}"),
            Self::Note(note, _) => write!(f, "* {note}"),
        }
    }
}
