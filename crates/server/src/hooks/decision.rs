//! The decision of a stage's hooks, and the origin of a refusal.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use mailchute_proto::catalog;
use mailchute_proto::{Answer, Refusal, Verdict};

use crate::events::stage::Stage;
use crate::session::interrupted::InterruptedHook;

/// The origin of a refusal.
#[derive(Debug, Clone)]
pub(crate) struct RefusedBy {
    /// The name of the stage.
    pub(crate) stage: &'static str,
    /// The name of its type, or for a closure the method of the builder.
    pub(crate) hook: &'static str,
    /// The error because of which the hook refused.
    pub(crate) cause: Option<Arc<dyn Error + Send + Sync>>,
    /// How long the hook took. `None` if it refused single recipients.
    pub(crate) took: Option<Duration>,
}

/// The answer of a stage's hooks.
#[derive(Debug)]
pub(crate) struct Decision {
    pub(crate) answer: Answer,
    /// Boxed, since few answers refuse.
    pub(crate) refused_by: Option<Box<RefusedBy>>,
}

impl Decision {
    pub(crate) const ACCEPT: Self = Self { answer: Ok(Verdict::Accept), refused_by: None };

    /// The answer for hooks that failed or did not answer in time, without their name.
    pub(crate) const FAILED: Self =
        Self { answer: Err(Refusal::from_reply(catalog::INTERNAL_ERROR)), refused_by: None };

    /// Makes a decision. A refusal keeps its origin.
    pub(crate) fn new(
        answer: Answer,
        stage: Stage,
        hook: &'static str,
        took: impl FnOnce() -> Duration,
    ) -> Self {
        if is_yes(&answer) {
            return Self { answer, refused_by: None };
        }
        let cause = answer.as_ref().err().and_then(Refusal::cause).cloned();
        let (stage, took) = (stage.name(), Some(took()));
        Self { answer, refused_by: Some(Box::new(RefusedBy { stage, hook, cause, took })) }
    }

    /// Makes the decision for hooks that failed or did not answer in time, of which one was being asked.
    pub(crate) fn failed(interrupted: Option<Box<InterruptedHook>>) -> Self {
        let refused_by = interrupted.map(|by| {
            let InterruptedHook { stage, hook, took } = *by;
            Box::new(RefusedBy { stage, hook, cause: None, took: Some(took) })
        });
        Self { refused_by, ..Self::FAILED }
    }

    pub(crate) fn is_yes(&self) -> bool {
        is_yes(&self.answer)
    }

    /// Returns whether a hook could not decide: it failed, panicked or was too slow.
    pub(crate) fn has_failed(&self) -> bool {
        let is_failure = |refusal: &Refusal| refusal.is_internal() || refusal.cause().is_some();
        self.answer.as_ref().is_err_and(is_failure)
    }
}

impl From<Answer> for Decision {
    fn from(answer: Answer) -> Self {
        Self { answer, refused_by: None }
    }
}

/// Returns whether the conversation goes on as the client wished.
pub(crate) fn is_yes(answer: &Answer) -> bool {
    answer.as_ref().is_ok_and(Verdict::is_positive)
}
