//! The signal that tells one session to end: the server stops, or the application closes the session.

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
    /// After the current transaction.
    Drain,
    /// At once.
    Now,
    /// At once, with a reply of the application.
    Closed,
}

impl Urgency {
    /// Returns the outcome for a session that must end at once.
    pub(crate) fn interrupts(self) -> Option<ReadOutcome> {
        match self {
            Self::None | Self::Drain => None,
            Self::Now => Some(ReadOutcome::Shutdown),
            Self::Closed => Some(ReadOutcome::Closed),
        }
    }
}

/// The time that a handshake or PROXY header may take when the server stops. On most routes a tenth of it is enough.
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
    /// The reply with which the application closes the session.
    farewell: Option<Refusal>,
    /// The client gets the farewell, if it can be told at all.
    is_said: bool,
}

impl ShutdownSignal {
    pub(crate) fn new(urgency: Urgency) -> Self {
        Self { urgency: AtomicU8::new(urgency as u8), ..Self::default() }
    }

    /// Remembers the session that is told.
    pub(crate) fn tells(&self, session: &Session) {
        // Set once: a connection has one session.
        let _ = self.session.set(session.downgrade());
    }

    /// Returns the session, while it runs.
    pub(crate) fn session(&self) -> Option<Session> {
        self.session.get()?.upgrade()
    }

    /// Raises the urgency. It never falls.
    pub(crate) fn set(&self, urgency: Urgency) {
        self.raise(&mut self.state(), urgency);
    }

    fn raise(&self, state: &mut State, urgency: Urgency) {
        self.urgency.fetch_max(urgency as u8, Ordering::AcqRel);
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }

    /// The state is always consistent.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how soon to end. No task is woken when that changes.
    pub(crate) fn urgency(&self) -> Urgency {
        match self.urgency.load(Ordering::Acquire) {
            0 => Urgency::None,
            1 => Urgency::Drain,
            2 => Urgency::Now,
            _ => Urgency::Closed,
        }
    }

    /// Returns how soon to end. The task is woken when that changes.
    pub(crate) fn poll(&self, context: &Context<'_>) -> Urgency {
        let mut state = self.state();
        match &state.waker {
            Some(known) if known.will_wake(context.waker()) => {}
            _ => state.waker = Some(context.waker().clone()),
        }
        // Under the lock it cannot change without waking this task.
        self.urgency()
    }

    /// Waits for `work` that comes before the first transaction. If the server stops meanwhile, the work
    /// gets a moment to end: only after it can a new client be told 421.
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

    /// Returns whether the application has closed the session, and the client was told.
    pub(crate) fn has_closed(&self) -> bool {
        self.urgency() == Urgency::Closed && self.state().is_said
    }

    /// Returns the reply with which the application closes the session, to tell the client. It stays, since a
    /// caller that takes it as an answer may be dropped before it sends it.
    pub(crate) fn farewell(&self) -> Option<Refusal> {
        if self.urgency() < Urgency::Closed {
            return None;
        }
        let mut state = self.state();
        state.is_said |= state.farewell.is_some();
        state.farewell.clone()
    }
}

impl HangUp for ShutdownSignal {
    fn hang_up(&self, farewell: Option<Refusal>) {
        let mut state = self.state();
        // The first refusal counts, also if the client has been told already.
        if self.urgency() < Urgency::Closed {
            state.farewell = farewell;
            self.raise(&mut state, Urgency::Closed);
        }
    }
}
