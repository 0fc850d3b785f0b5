//! Recipients whom a hook or a store refuses after the message has come, while others get it.
//!
//! # Why
//!
//! Readers only refuse single recipients; they never accept one. So a success is always the word of the last reader,
//! and a later failure takes it back. In SMTP one refused recipient refuses the message: a second delivery to the
//! others is better than a loss.

use std::sync::{Mutex, MutexGuard, PoisonError};

use mailchute_proto::{Reply, Verdict};

/// The refused recipients of one message, by their places in the envelope as the client gave it.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<Vec<(usize, Reply)>>);

impl Refusals {
    fn list(&self) -> MutexGuard<'_, Vec<(usize, Reply)>> {
        // One push is all that happens under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses a recipient; the first refusal stays.
    pub(crate) fn refuse(&self, place: usize, reply: Reply) {
        let mut list = self.list();
        if list.iter().all(|(refused, _)| *refused != place) {
            list.push((place, reply));
        }
    }

    pub(crate) fn are_none(&self) -> bool {
        self.list().is_empty()
    }

    pub(crate) fn count(&self) -> usize {
        self.list().len()
    }

    pub(crate) fn of(&self, place: usize) -> Option<Reply> {
        self.list().iter().find(|(refused, _)| *refused == place).map(|(_, reply)| reply.clone())
    }

    /// What each recipient is answered, by its place: its own refusal as `answer` makes it, or `others`.
    pub(crate) fn with(
        &self,
        others: &Verdict,
        recipients: usize,
        answer: impl Fn(Verdict) -> Verdict,
    ) -> Vec<Verdict> {
        let verdict = |place| match self.of(place) {
            Some(refusal) => answer(Verdict::Reply(refusal)),
            None => others.clone(),
        };
        (0..recipients).map(verdict).collect()
    }

    /// What speaks for all of them where there is one reply only.
    pub(crate) fn verdict(&self) -> Verdict {
        Verdict::for_all(self.list().iter().map(|(_, reply)| Verdict::Reply(reply.clone())))
    }
}
