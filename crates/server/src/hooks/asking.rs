//! A hook while it is asked.
//!
//! # Why
//!
//! The server drops the future of a hook that is too late, or whose client is gone. A value in it may panic then. Only
//! the future knows which hook it is, so it leaves the name in the session when it is dropped. A hook that answers costs
//! nothing more.

use mailchute_proto::Answer;
use tokio::time::Instant;

use super::catch_panic::{Outcome, report_panic};
use super::decision::Decision;
use super::named::Named;
use crate::events::stage::Stage;
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
}

impl<'a> Asking<'a> {
    pub(super) fn new<T>(stage: Stage, hook: &Named<T>, session: &'a Session) -> Self {
        Self { stage, hook: hook.name, began: Instant::now(), session, has_answered: false }
    }

    /// Takes the outcome of the hook. A panic goes to the log.
    pub(super) fn ends<T>(&mut self, outcome: Outcome<T>) -> Option<T> {
        self.has_answered = true;
        outcome.map_err(|panic| report_panic(Some(self.stage.name()), Some(self.hook), &*panic)).ok()
    }

    /// Makes a decision of the outcome of the hook. A panic refuses.
    pub(super) fn decide(mut self, outcome: Outcome<Answer>) -> Decision {
        let answer = self.ends(outcome).unwrap_or(Decision::FAILED.answer);
        Decision::new(answer, self.stage, self.hook, || self.began.elapsed())
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
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
