//! The transcript of a session, from its events.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::event::Event;
use super::said::Said;
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
pub(crate) struct Line {
    pub(crate) at: Duration,
    pub(crate) said: Said,
}

impl Line {
    fn held_bytes(&self) -> usize {
        size_of::<Self>() + self.said.text_bytes()
    }
}

/// Writes when, and what was said.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>9.3} {}", self.at.as_secs_f64(), self.said)
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
        for said in Said::of(event) {
            match (said, self.lines.back_mut()) {
                (Said::Content(more), Some(Line { said: Said::Content(octets), .. })) => *octets += more,
                (said, _) => self.push(at, said),
            }
        }
        self.is_over |= match event {
            Event::Disconnect { .. } => true,
            Event::Missed { ended, .. } => ended.contains(&self.session),
            _ => false,
        };
    }

    /// Returns the lines that are kept.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter()
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

    /// Writes the session, its client and when it began.
    pub(crate) fn write_head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "session {} of {}", self.session, self.client)?;
        if let Some(began) = self.began.and_then(|began| Timestamp::try_from(began).ok()) {
            write!(f, " at {began:.6}")?;
        }
        if self.dropped > 0 {
            write!(f, "\n  ({} earlier lines are not kept)", self.dropped)?;
        }
        Ok(())
    }
}

/// Writes the session, its client and when it began, then the lines.
impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_head(f)?;
        self.lines.iter().try_for_each(|line| write!(f, "\n{line}"))
    }
}
