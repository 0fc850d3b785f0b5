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
pub(crate) struct Refusals(Mutex<Vec<Refused>>);

/// One refused recipient.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    place: usize,
    pub(crate) refusal: Refusal,
    /// The name of the filter or store that refuses.
    pub(crate) by: &'static str,
}

impl Refusals {
    fn list(&self) -> MutexGuard<'_, Vec<Refused>> {
        // Only a push happens under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses a recipient. The first refusal stays.
    pub(crate) fn refuse(&self, place: usize, refusal: Refusal, by: &'static str) {
        let mut list = self.list();
        if list.iter().all(|refused| refused.place != place) {
            list.push(Refused { place, refusal, by });
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

    /// Returns the refusal of the recipient at this place.
    pub(crate) fn of(&self, place: usize) -> Option<Refused> {
        self.list().iter().find(|refused| refused.place == place).cloned()
    }

    /// Returns the one answer for all recipients.
    pub(crate) fn answer(&self) -> Answer {
        Verdict::for_all(self.list().iter().map(|refused| Err(refused.refusal.clone())))
    }
}
