//! Recipients that a filter or the store refuses after the message has come, while others get it.
//!
//! # Why
//!
//! Readers only refuse single recipients; they never accept one. So success is always the word of the last
//! reader, and a later failure takes it back. In SMTP one refused recipient refuses the message, since a
//! second delivery to the others is better than a loss.

use std::sync::{Mutex, MutexGuard, PoisonError};

use mailchute_proto::{Answer, Refusal, Verdict};

/// The refused recipients of one message, by their places in the client's envelope.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<Vec<(usize, Refusal)>>);

impl Refusals {
    fn list(&self) -> MutexGuard<'_, Vec<(usize, Refusal)>> {
        // Only a push happens under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses a recipient. The first refusal stays.
    pub(crate) fn refuse(&self, place: usize, refusal: Refusal) {
        let mut list = self.list();
        if list.iter().all(|(refused, _)| *refused != place) {
            list.push((place, refusal));
        }
    }

    /// Forgets all refusals.
    pub(crate) fn clear(&self) {
        self.list().clear();
    }

    pub(crate) fn are_none(&self) -> bool {
        self.list().is_empty()
    }

    pub(crate) fn count(&self) -> usize {
        self.list().len()
    }

    pub(crate) fn of(&self, place: usize) -> Option<Refusal> {
        self.list().iter().find(|(refused, _)| *refused == place).map(|(_, refusal)| refusal.clone())
    }

    /// Returns the answer for each recipient by its place: its own refusal as `sanitize` makes it, or `others`.
    pub(crate) fn with(
        &self,
        others: &Answer,
        recipients: usize,
        sanitize: impl Fn(Answer) -> Answer,
    ) -> Vec<Answer> {
        let answer = |place| match self.of(place) {
            Some(refusal) => sanitize(Err(refusal)),
            None => others.clone(),
        };
        (0..recipients).map(answer).collect()
    }

    /// Returns the one answer for all recipients.
    pub(crate) fn answer(&self) -> Answer {
        Verdict::for_all(self.list().iter().map(|(_, refusal)| Err(refusal.clone())))
    }
}
