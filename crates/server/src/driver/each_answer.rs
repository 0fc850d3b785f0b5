//! The answers to a message of which a filter or the store has refused single recipients.

use mailchute_proto::{Answer, Verdict};

use crate::driver::ask_hooks::sanitize;
use crate::events::stage::Stage;
use crate::hooks::{Decision, RefusedBy};
use crate::message::refusals::{Refusals, Refused};

/// The answer for each recipient, by its place in the client's envelope, and the origin of each refusal.
pub(super) struct EachAnswer {
    pub(super) answers: Vec<Answer>,
    pub(super) refused_by: Vec<Option<Box<RefusedBy>>>,
}

impl EachAnswer {
    /// Combines the refusals of single recipients with the decision for all others.
    pub(super) fn new(others: &Decision, refusals: &Refusals, recipients: usize) -> Self {
        let each = (0..recipients).map(|place| match refusals.of(place) {
            Some(Refused { refusal, by: hook, .. }) => {
                let cause = refusal.cause().cloned();
                let by = RefusedBy { stage: Stage::Message.name(), hook, cause, took: None };
                (sanitize(Err(refusal), Some(&by)), Some(Box::new(by)))
            }
            None => (others.answer.clone(), others.refused_by.clone()),
        });
        let (answers, refused_by) = each.unzip();
        Self { answers, refused_by }
    }

    /// Returns the origin of the answer that stands for all, as in SMTP.
    pub(super) fn refused_by_one(&mut self) -> Option<Box<RefusedBy>> {
        let one = Verdict::for_all(self.answers.iter().cloned());
        let place = self.answers.iter().position(|answer| *answer == one)?;
        self.refused_by[place].take()
    }
}
