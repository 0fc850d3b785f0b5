//! A message of which the server has all objects, before its client has an answer.

use mailchute::Receipt;
use mailchute::message::Copies;

use super::object::Object;

/// The objects of a message. They are taken back unless they are [kept](Self::keep).
#[derive(Debug)]
pub(super) struct Uploaded {
    objects: Vec<Object>,
    copies: Copies,
    receipt: Receipt,
}

impl Uploaded {
    /// Refuses the recipients whose object has failed.
    pub(super) fn new(objects: Vec<Object>, copies: Copies, receipt: Receipt) -> Self {
        for object in &objects {
            if let Some(refusal) = &object.refused {
                object.places.iter().for_each(|place| copies.refuse(*place, refusal.clone()));
            }
        }
        Self { objects, copies, receipt }
    }

    /// Leaves the objects where they are, but not those whose recipients have all been refused.
    pub(super) fn keep(self) -> Receipt {
        let Self { objects, copies, receipt } = self;
        for object in objects {
            if object.places.iter().any(|place| copies.refusal(*place).is_none()) {
                object.remains.keep();
            }
        }
        receipt
    }
}
