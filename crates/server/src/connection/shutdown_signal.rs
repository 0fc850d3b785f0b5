//! How one session is told to end: the server stops, or the application closes it.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use mailchute_proto::Refusal;
use tokio::time::sleep;

use crate::connection::read_outcome::ReadOutcome;
use crate::session::hang_up::HangUp;
use crate::session::{Session, WeakSession};

/// How soon a session has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[repr(u8)]
pub(crate) enum Urgency {
    #[default]
    None,
    /// After the transaction that is under way.
    Drain,
    /// At once.
    Now,
    /// At once, with a reply of the application's.
    Closed,
}

impl Urgency {
    /// What a session that has to end at once has waited for.
    pub(crate) fn interrupts(self) -> Option<ReadOutcome> {
        match self {
            Self::None | Self::Drain => None,
            Self::Now => Some(ReadOutcome::Shutdown),
            Self::Closed => Some(ReadOutcome::Closed),
        }
    }
}

/// How long a handshake or PROXY header that is under way may take when the server stops; on most ways it takes a tenth.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// Tells one session to end.
#[derive(Debug, Default)]
pub(crate) struct ShutdownSignal {
    urgency: AtomicU8,
    state: Mutex<State>,
    /// The session, once there is one.
    session: OnceLock<WeakSession>,
}

#[derive(Debug, Default)]
struct State {
    waker: Option<Waker>,
    /// What the application closes the session with, until the client is told.
    farewell: Option<Refusal>,
}

impl ShutdownSignal {
    pub(crate) fn new(urgency: Urgency) -> Self {
        Self { urgency: AtomicU8::new(urgency as u8), ..Self::default() }
    }

    /// Remembers whom it is that is told.
    pub(crate) fn tells(&self, session: &Session) {
        // Set once: a connection has one session.
        let _ = self.session.set(session.downgrade());
    }

    /// The session, while it goes on.
    pub(crate) fn session(&self) -> Option<Session> {
        self.session.get()?.upgrade()
    }

    /// Raises the urgency; it never falls.
    pub(crate) fn set(&self, urgency: Urgency) {
        self.raise(&mut self.state(), urgency);
    }

    fn raise(&self, state: &mut State, urgency: Urgency) {
        self.urgency.fetch_max(urgency as u8, Ordering::AcqRel);
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }

    /// Nothing here is ever half-done.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How soon to end; nobody is woken when that changes.
    pub(crate) fn urgency(&self) -> Urgency {
        match self.urgency.load(Ordering::Acquire) {
            0 => Urgency::None,
            1 => Urgency::Drain,
            2 => Urgency::Now,
            _ => Urgency::Closed,
        }
    }

    /// How soon to end; the task is woken when that changes.
    pub(crate) fn poll(&self, context: &Context<'_>) -> Urgency {
        let mut state = self.state();
        match &state.waker {
            Some(known) if known.will_wake(context.waker()) => {}
            _ => state.waker = Some(context.waker().clone()),
        }
        // Under the lock it cannot change without waking this task.
        self.urgency()
    }

    /// Waits for what comes before a session can have a transaction. When the server stops meanwhile there is a moment
    /// left to be done: who has just connected can then be told 421, and before that nobody can.
    pub(crate) async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Result<T, ReadOutcome> {
        let mut work = pin!(work);
        let mut last_moment = None;
        poll_fn(|context| {
            let urgency = self.poll(context);
            if let Some(wake) = urgency.interrupts() {
                return Poll::Ready(Err(wake));
            }
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(Ok(done));
            }
            if urgency == Urgency::None {
                return Poll::Pending;
            }
            let last_moment = last_moment.get_or_insert_with(|| Box::pin(sleep(LAST_MOMENT)));
            last_moment.as_mut().poll(context).map(|()| Err(ReadOutcome::Shutdown))
        })
        .await
    }

    /// Whether the application has closed the session and the client was told.
    pub(crate) fn has_closed(&self) -> bool {
        self.urgency() == Urgency::Closed && self.state().farewell.is_none()
    }

    /// What the application closes the session with; given once.
    pub(crate) fn take_farewell(&self) -> Option<Refusal> {
        if self.urgency() < Urgency::Closed {
            return None;
        }
        self.state().farewell.take()
    }
}

impl HangUp for ShutdownSignal {
    fn hang_up(&self, refusal: Refusal) {
        let mut state = self.state();
        // The first refusal counts, also if the client has been told already.
        if self.urgency() < Urgency::Closed {
            state.farewell = Some(refusal);
            self.raise(&mut state, Urgency::Closed);
        }
    }
}
