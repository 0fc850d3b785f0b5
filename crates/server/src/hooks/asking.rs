//! A hook while it is asked.
//!
//! # Why
//!
//! The server drops the future of a hook that is too late, or whose client is gone. A value in it may panic then. Only
//! the future knows which hook it is, so it leaves the name in the session when it is dropped. A hook that answers costs
//! nothing more.
//!
//! A hook that is measured counts its time: that for which it has held its client up. A filter reads a message while the
//! client sends it, so its time begins when the message has come. At the end of a session no client waits.

use mailchute_proto::Answer;
use tokio::time::Instant;

use super::catch_panic::{Outcome, report_panic};
use super::decision::Decision;
use super::measured::Measured;
use super::named::Named;
use crate::events::stage::Stage;
use crate::message::Message;
use crate::message::body::End;
use crate::session::Session;
use crate::session::interrupted::InterruptedHook;

/// A hook that has been asked and has not answered yet. Dropped before its answer, it is the interrupted hook of the
/// session.
pub(super) struct Asking<'a> {
    stage: Stage,
    hook: &'static str,
    began: Instant,
    session: &'a Session,
    has_answered: bool,
    measured: Option<&'a Measured>,
    /// The end of the message that a filter which is measured reads.
    end: Option<End>,
}

impl<'a> Asking<'a> {
    pub(super) fn new<T>(stage: Stage, hook: &'a Named<T>, session: &'a Session) -> Self {
        let measured = hook.measured.as_deref();
        Self {
            stage,
            hook: hook.name,
            began: Instant::now(),
            session,
            has_answered: false,
            measured,
            end: None,
        }
    }

    /// Counts here.
    pub(super) fn measured_by(mut self, measured: &'a Measured) -> Self {
        self.measured = Some(measured);
        self
    }

    /// Counts the time from the end of a message on.
    pub(super) fn starting_at_end_of(mut self, message: &Message) -> Self {
        self.end = self.measured.map(|_| message.end());
        self
    }

    /// Returns since when the client waits for the hook.
    fn holds_up_since(&self) -> Option<Instant> {
        match (&self.end, self.stage) {
            (Some(end), _) => end.came_at().map(|came| came.max(self.began)),
            (None, Stage::Disconnect) => None,
            (None, _) => Some(self.began),
        }
    }

    /// Takes the outcome of the hook. A panic goes to the log.
    pub(super) fn ends<T>(&mut self, outcome: Outcome<T>) -> Option<T> {
        self.has_answered = true;
        outcome.map_err(|panic| report_panic(Some(self.stage.name()), Some(self.hook), &*panic)).ok()
    }

    /// Makes a decision of the outcome of the hook. A panic refuses.
    pub(super) fn decide(mut self, outcome: Outcome<Answer>) -> Decision {
        let answer = self.ends(outcome).unwrap_or(Decision::FAILED.answer);
        let decision = Decision::new(answer, self.stage, self.hook, || self.began.elapsed());
        if let Some(measured) = self.measured.filter(|_| !decision.is_yes()) {
            measured.refuse();
        }
        decision
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if let Some((measured, since)) = self.measured.zip(self.holds_up_since()) {
            measured.add_time(since.elapsed());
        }
        if !self.has_answered {
            let Self { stage, hook, began, session, .. } = self;
            session.interrupt(InterruptedHook { stage: stage.name(), hook, took: began.elapsed() });
        }
    }
}

/// Writes a hook to the log that did not answer in time.
pub(crate) fn report_late(interrupted: Option<&InterruptedHook>) {
    let (stage, hook) = (interrupted.map(|by| by.stage), interrupted.map(|by| by.hook));
    let took = interrupted.map(|by| by.took.as_secs_f64());
    tracing::error!(name: "hook-late", stage, hook, took, "a hook or store did not answer in time");
}

/// Asks a hook and catches its panic. Returns the [`Outcome`]. This is a macro because an async function would hold the
/// future twice.
macro_rules! asked {
    ($asking:expr) => {{
        // The code that makes the future is guarded as well. The future is dropped here, while the hook is still known.
        let mut asking = std::pin::pin!(async move { $asking.await });
        std::future::poll_fn(|context| $crate::hooks::catch_panic::poll_guarded(asking.as_mut(), context)).await
    }};
}

pub(super) use asked;
