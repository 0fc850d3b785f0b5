//! The recipients of each copy of a message.

use mailchute::Refusal;
use mailchute::message::Copies;

use crate::group::Group;

/// The copies of a message, one for each group.
pub(super) struct CopyRecipients {
    pub(super) groups: Vec<Group>,
    pub(super) copies: Copies,
}

impl CopyRecipients {
    /// Refuses the recipients of a copy.
    pub(super) fn refuse(&self, number: usize, refusal: &Refusal) {
        self.groups[number].places.iter().for_each(|place| self.copies.refuse(*place, refusal.clone()));
    }

    /// Returns whether any recipient of a copy is left, whom no other store has refused.
    pub(super) fn want(&self, number: usize) -> bool {
        self.groups[number].places.iter().any(|place| self.copies.refusal(*place).is_none())
    }
}
