//! Records the transcripts of all sessions, in bounded memory.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::task::AbortHandle;

use super::event::Event;
use super::subscription::Events;
use super::transcript::Transcript;
use crate::session::{Session, SessionId};

/// Bytes of memory that all transcripts take together.
const MEMORY: usize = 4 * 1024 * 1024;

/// Records the [transcripts](Transcript) of sessions. Made by [`Events::record`].
///
/// All transcripts together take at most 4 MiB. Beyond that, the sessions that ended first lose theirs, and
/// after them the oldest sessions. The `Display` of a recorder prints all transcripts, the oldest first.
/// Recording ends when it is dropped.
///
/// # Examples
/// ```
/// use mailchute::{Server, testing};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mailchute::BuildError> {
/// let server = Server::builder().store(testing::Inbox::new()).build()?;
/// let recorder = server.events().record();
///
/// let mut client = testing::connect(&server).open();
/// client.greeting().await.expect(220);
/// client.command("EHLO client.example").await.expect(250);
///
/// let transcript = recorder.last().expect("a session has begun").to_string();
/// assert!(transcript.contains(" C: EHLO client.example\n"), "{transcript}");
/// assert!(transcript.ends_with(" S: 250 HELP"), "{transcript}");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Recorder {
    recording: Arc<Mutex<Recording>>,
    task: AbortHandle,
}

#[derive(Debug)]
struct Recording {
    events: Events,
    transcripts: BTreeMap<SessionId, Transcript>,
    /// Sessions that have ended, in that order.
    over: VecDeque<SessionId>,
    /// Bytes that the transcripts hold.
    octets: usize,
}

impl Events {
    /// Records all events from now on, in its own task. The choice of kinds and of a session still holds.
    ///
    /// # Panics
    /// Panics outside a tokio runtime.
    #[must_use = "recording ends when the recorder is dropped"]
    pub fn record(self) -> Recorder {
        let recording = Arc::new(Mutex::new(Recording {
            events: self,
            transcripts: BTreeMap::new(),
            over: VecDeque::new(),
            octets: 0,
        }));
        let recorded = Arc::clone(&recording);
        let task = tokio::spawn(poll_fn(move |context| lock(&recorded).poll(context))).abort_handle();
        Recorder { recording, task }
    }
}

fn lock(recording: &Mutex<Recording>) -> MutexGuard<'_, Recording> {
    recording.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Recording {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while let Some(event) = ready!(self.events.poll_next(context)) {
            self.add(&event);
        }
        Poll::Ready(())
    }

    /// Adds the events that have already come, so that readers see the latest state.
    fn catch_up(&mut self) {
        while let Some(event) = self.events.try_next() {
            self.add(&event);
        }
    }

    fn add(&mut self, event: &Event) {
        match event.session() {
            Some(session) => self.add_to(session.id(), event, Some(session)),
            // An event of any open session may be missing.
            None if matches!(event, Event::Missed { .. }) => {
                let open = self.transcripts.values().filter(|transcript| !transcript.is_over());
                for id in open.map(Transcript::session).collect::<Vec<_>>() {
                    self.add_to(id, event, None);
                }
            }
            None => {}
        }
        while self.octets > MEMORY {
            let oldest = self.over.pop_front().or_else(|| self.transcripts.keys().next().copied());
            let Some(dropped) = oldest.and_then(|id| self.transcripts.remove(&id)) else { break };
            self.octets -= dropped.held_bytes();
        }
    }

    fn add_to(&mut self, id: SessionId, event: &Event, session: Option<&Session>) {
        let Self { transcripts, over, octets, .. } = self;
        let transcript = match (transcripts.get_mut(&id), session) {
            (Some(transcript), _) => transcript,
            (None, Some(session)) => {
                let begun = Transcript::of(session);
                *octets += begun.held_bytes();
                transcripts.entry(id).or_insert(begun)
            }
            (None, None) => return,
        };
        let (before, was_over) = (transcript.held_bytes(), transcript.is_over());
        transcript.add(event);
        *octets = *octets + transcript.held_bytes() - before;
        if transcript.is_over() && !was_over {
            over.push_back(id);
        }
    }
}

impl Recorder {
    fn recording(&self) -> MutexGuard<'_, Recording> {
        let mut recording = lock(&self.recording);
        recording.catch_up();
        recording
    }

    /// Returns the transcript of a session, unless it was dropped for lack of room.
    #[must_use]
    pub fn transcript(&self, session: SessionId) -> Option<Transcript> {
        self.recording().transcripts.get(&session).cloned()
    }

    /// Returns the transcript of the session that began last.
    #[must_use]
    pub fn last(&self) -> Option<Transcript> {
        self.recording().transcripts.values().next_back().cloned()
    }

    /// Returns all transcripts, the oldest session first.
    #[must_use]
    pub fn transcripts(&self) -> Vec<Transcript> {
        self.recording().transcripts.values().cloned().collect()
    }
}

impl fmt::Display for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, transcript) in self.transcripts().iter().enumerate() {
            write!(f, "{}{transcript}", if index == 0 { "" } else { "\n\n" })?;
        }
        Ok(())
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.task.abort();
    }
}
