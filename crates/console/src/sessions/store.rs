//! The handle to all sessions: records them in its own task, and finds them again.

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use mailchute::Server;
use mailchute::events::Kind;
use mailchute::session::SessionId;
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore};
use tokio::task::{AbortHandle, spawn_blocking};
use tokio::time::{Instant, sleep, sleep_until};

use super::filter::Filter;
use super::list::{Listing, State};
use super::ring::Ring;
use super::summary::Summary;
use super::transcript::Transcript;

/// Bytes of memory that all sessions take together.
const MEMORY: usize = 16 * 1024 * 1024;

/// Sessions that are looked at before others may use the ring again.
const AT_ONCE: usize = 64;

/// The shortest time between two changes that a reader is told of.
const PACE: Duration = Duration::from_millis(200);

/// The pause after events were recorded. The subscription holds the events of a longer time, at any rate of mail.
const PAUSE: Duration = Duration::from_millis(5);

/// The search of sessions that runs.
static SEARCHING: Semaphore = Semaphore::const_new(1);

/// The kinds of events that a transcript needs. The others say the same again, or come by the kilobyte.
const KINDS: [Kind; 11] = [
    Kind::Connect,
    Kind::TurnedAway,
    Kind::Disconnect,
    Kind::Secure,
    Kind::HandshakeFailed,
    Kind::Command,
    Kind::Auth,
    Kind::Finding,
    Kind::Message,
    Kind::Refused,
    Kind::Reply,
];

/// The sessions of a server, open and ended. Clones share them. By default nothing is recorded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sessions(Option<Arc<Recording>>);

#[derive(Debug)]
struct Recording {
    shared: Arc<Shared>,
    /// Runs from the first call within a runtime on.
    task: OnceLock<AbortHandle>,
}

#[derive(Debug)]
struct Shared {
    ring: Mutex<Ring>,
    /// Counts the times that events came.
    version: AtomicU64,
    changed: Notify,
}

impl Shared {
    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sessions {
    /// Records the sessions of a server from now on. Outside a tokio runtime, recording goes on when somebody looks.
    pub(crate) fn of(server: &Server) -> Self {
        Self::within(server, MEMORY)
    }

    /// Records the sessions of a server in at most so many bytes.
    pub(super) fn within(server: &Server, most: usize) -> Self {
        let ring = Mutex::new(Ring::new(server.events().only(KINDS), most));
        let shared = Arc::new(Shared { ring, version: AtomicU64::new(0), changed: Notify::new() });
        let recording = Recording { shared, task: OnceLock::new() };
        recording.start();
        Self(Some(Arc::new(recording)))
    }

    fn ring(&self) -> Option<MutexGuard<'_, Ring>> {
        let recording = self.0.as_ref()?;
        recording.start();
        let mut ring = recording.shared.ring();
        ring.catch_up();
        Some(ring)
    }

    /// Returns the same as [`list`](Self::list). It searches where blocking is allowed, since the texts of all sessions may
    /// be searched. With a runtime that stops, it finds nothing.
    pub(crate) async fn find(&self, filter: Filter, before: Option<SessionId>, limit: usize) -> Listing {
        // One search at a time leaves the threads to the store.
        let _turn = SEARCHING.acquire().await;
        let sessions = self.clone();
        let found = spawn_blocking(move || sessions.list(&filter, before, limit)).await;
        found.unwrap_or_else(|_| Listing { sessions: Vec::new(), has_more: false, state: self.state() })
    }

    /// Returns the sessions that fit the filter and began before another, the newest first.
    pub(super) fn list(&self, filter: &Filter, before: Option<SessionId>, limit: usize) -> Listing {
        let mut found = Vec::new();
        let mut last = before;
        let mut has_more = false;
        // Readers copy a few sessions at a time, so that recording never waits for a search.
        'all: loop {
            let Some(ring) = self.ring() else { break };
            let some: Vec<_> = ring.before(last).take(AT_ONCE).cloned().collect();
            drop(ring);
            let Some(oldest) = some.last() else { break };
            last = Some(oldest.id);
            for kept in some.iter().filter(|kept| filter.fits(kept)) {
                if found.len() == limit {
                    has_more = true;
                    break 'all;
                }
                found.push(Summary::of(kept));
            }
        }
        Listing { sessions: found, has_more, state: self.state() }
    }

    /// Returns a session.
    pub(crate) fn get(&self, id: SessionId) -> Option<Transcript> {
        let kept = self.ring()?.get(id)?.clone();
        Some(Transcript::of(&kept))
    }

    /// Returns what is known besides the single sessions.
    pub(crate) fn state(&self) -> State {
        let Some(ring) = self.ring() else { return State::default() };
        let (kept, open) = ring.count();
        State {
            kept,
            open,
            missed: ring.missed,
            missed_at: ring.missed_at,
            evicted: ring.evicted,
            turned_away: ring.turned_away,
            held_bytes: ring.held_bytes(),
        }
    }

    /// Returns the changes from now on.
    pub(crate) fn changes(&self) -> Changes {
        let shared = self.0.as_ref().map(|recording| Arc::clone(&recording.shared));
        let seen = shared.as_ref().map_or(0, |shared| shared.version.load(Ordering::Relaxed));
        Changes { shared, seen, next: Instant::now() }
    }
}

impl Recording {
    /// Begins to record, unless that has begun or there is no runtime.
    fn start(&self) {
        let Ok(runtime) = Handle::try_current() else { return };
        self.task.get_or_init(|| {
            let shared = Arc::clone(&self.shared);
            runtime.spawn(async move { shared.record().await }).abort_handle()
        });
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }
}

impl Shared {
    /// Records events until the server is gone. Events that come during the pause are recorded together, as a turn of this
    /// task costs more than an event. Readers catch up by themselves.
    async fn record(&self) {
        while poll_fn(|context| self.take(context)).await {
            self.version.fetch_add(1, Ordering::Relaxed);
            self.changed.notify_waiters();
            sleep(PAUSE).await;
        }
    }

    /// Waits for events, and records all that have come. Returns false if no more will come.
    fn take(&self, context: &mut Context<'_>) -> Poll<bool> {
        let mut ring = self.ring();
        let Some(event) = ready!(ring.events.poll_next(context)) else { return Poll::Ready(false) };
        ring.add(event);
        Poll::Ready(true)
    }
}

/// Tells that something has changed, at most a few times per second.
#[derive(Debug)]
pub(crate) struct Changes {
    /// `None` if nothing is recorded.
    shared: Option<Arc<Shared>>,
    seen: u64,
    next: Instant,
}

impl Changes {
    /// Waits until events have come since the last call.
    pub(crate) async fn next(&mut self) {
        sleep_until(self.next).await;
        let Some(shared) = &self.shared else { return pending().await };
        loop {
            let mut changed = pin!(shared.changed.notified());
            // From here on no change goes unnoticed.
            changed.as_mut().enable();
            let version = shared.version.load(Ordering::Relaxed);
            if version != self.seen {
                self.seen = version;
                self.next = Instant::now() + PACE;
                return;
            }
            changed.await;
        }
    }
}
