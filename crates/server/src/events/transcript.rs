//! The transcript of a session, from its events.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use mailchute_proto::escaped;

use super::event::Event;
use crate::session::{Session, SessionId};

/// Bytes of text that the transcript of one session keeps.
const TEXT: usize = 64 * 1024;

/// The conversation of one session: what the client sent (`C:`) and the server replied (`S:`). Each line has
/// the seconds since the first event.
///
/// Lines that begin with `*` show what is not on the wire: TLS, logins, accepted messages, the hook that
/// refused, the end. Credentials are left out, since events do not have them. Messages appear by size,
/// without content. A transcript keeps the last 64 KiB of text.
///
/// # Examples
/// ```
/// use mailchute::Server;
/// use mailchute::events::Transcript;
///
/// async fn print(server: Server, session: mailchute::Session) {
///     let mut events = server.events().of_session(session.id());
///     let mut transcript = Transcript::of(&session);
///     while let Some(event) = events.next().await {
///         transcript.add(&event);
///     }
///     println!("{transcript}");
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Transcript {
    session: SessionId,
    client: String,
    began: Option<SystemTime>,
    lines: VecDeque<Line>,
    /// Bytes that the lines hold.
    octets: usize,
    /// Lines that were dropped at the front.
    dropped: u64,
    is_over: bool,
}

#[derive(Debug, Clone)]
struct Line {
    at: Duration,
    said: Said,
}

#[derive(Debug, Clone)]
enum Said {
    Client(String),
    /// Bytes of a message.
    Content(usize),
    Server(String),
    Note(String),
}

impl Line {
    fn held_bytes(&self) -> usize {
        let text = match &self.said {
            Said::Client(text) | Said::Server(text) | Said::Note(text) => text.capacity(),
            Said::Content(_) => 0,
        };
        size_of::<Self>() + text
    }
}

impl Transcript {
    /// Returns the empty transcript of a session.
    #[must_use]
    pub fn of(session: &Session) -> Self {
        Self {
            session: session.id(),
            client: session.origin().to_string(),
            began: None,
            lines: VecDeque::new(),
            octets: 0,
            dropped: 0,
            is_over: false,
        }
    }

    /// Returns the session.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Returns whether the session has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Returns the bytes of memory that it holds.
    pub(super) fn held_bytes(&self) -> usize {
        size_of::<Self>() + self.client.capacity() + self.octets
    }

    /// Adds an event. Events of other sessions are left out. `Missed` has no session, and is noted in each
    /// transcript that gets it.
    pub fn add(&mut self, event: &Event) {
        if event.session().is_some_and(|session| session.id() != self.session) {
            return;
        }
        let began = *self.began.get_or_insert(event.time());
        let at = event.time().duration_since(began).unwrap_or_default();
        match event {
            Event::Command { line, .. } => self.push(at, Said::Client(line.clone())),
            Event::DataChunk { chunk, .. } => match self.lines.back_mut() {
                Some(Line { said: Said::Content(octets), .. }) => *octets += chunk.len(),
                _ => self.push(at, Said::Content(chunk.len())),
            },
            Event::Reply { reply, .. } => {
                let mut wire = Vec::new();
                reply.encode(&mut wire);
                for line in String::from_utf8_lossy(&wire).lines() {
                    self.push(at, Said::Server(line.trim_end().to_owned()));
                }
            }
            Event::Refused { hook: None, .. }
            | Event::Connect { .. }
            | Event::TurnedAway { .. }
            | Event::Ehlo { .. }
            | Event::Mail { .. }
            | Event::Rcpt { .. } => {}
            Event::Refused { hook: Some(hook), cause, took, .. } => {
                let mut note = format!("refused by {hook}");
                if let Some(took) = took {
                    note += &format!(" after {:.3} s", took.as_secs_f64());
                }
                if let Some(cause) = cause {
                    note += &format!(": {}", escaped(cause.as_bytes()));
                }
                self.push(at, Said::Note(note));
            }
            Event::Missed { ended, .. } => {
                self.push(at, Said::Note(event.to_string()));
                self.is_over |= ended.contains(&self.session);
            }
            Event::Disconnect { .. }
            | Event::Secure { .. }
            | Event::HandshakeFailed { .. }
            | Event::Auth { .. }
            | Event::Finding { .. }
            | Event::Message { .. } => {
                let line = event.to_string();
                let note = line.split_once(' ').map_or(&*line, |(_session, note)| note);
                self.push(at, Said::Note(note.to_owned()));
                self.is_over |= matches!(event, Event::Disconnect { .. });
            }
        }
    }

    fn push(&mut self, at: Duration, said: Said) {
        let line = Line { at, said };
        self.octets += line.held_bytes();
        self.lines.push_back(line);
        while self.octets > TEXT
            && let Some(first) = self.lines.pop_front()
        {
            self.octets -= first.held_bytes();
            self.dropped += 1;
        }
    }
}

/// Writes the session, its client and when it began, then the lines.
impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "session {} of {}", self.session, self.client)?;
        if let Some(began) = self.began.and_then(|began| Timestamp::try_from(began).ok()) {
            write!(f, " at {began:.6}")?;
        }
        if self.dropped > 0 {
            write!(f, "\n  ({} earlier lines are not kept)", self.dropped)?;
        }
        for Line { at, said } in &self.lines {
            write!(f, "\n{:>9.3} ", at.as_secs_f64())?;
            match said {
                Said::Client(line) => write!(f, "C: {line}")?,
                Said::Content(length) => write!(f, "C: ({length} bytes of a message)")?,
                Said::Server(line) => write!(f, "S: {line}")?,
                Said::Note(note) => write!(f, "* {note}")?,
            }
        }
        Ok(())
    }
}
