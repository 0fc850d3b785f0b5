//! A message that one of several stores has taken, before the others have said yes.
//!
//! ```text
//!   message ──► Prepared ──publish──► Taken ──keep──► receipt
//! ```
//!
//! A store that can take a message back does so when one of the two is dropped. A Maildir shows nothing before it is
//! published; a bucket shows its objects at once. Other stores have the message as soon as it is prepared.

use std::pin::Pin;

use mailchute::{Receipt, Refusal};

/// A message that is safe in a store. If this is dropped, the store takes the message back, if it can.
#[must_use = "the message is taken back when this is dropped"]
pub(crate) struct Prepared(Pin<Box<dyn Future<Output = Result<Taken, Refusal>> + Send>>);

/// A message that readers can see. If this is dropped, the store takes the message back, if it can.
#[must_use = "the message is taken back when this is dropped"]
pub(crate) struct Taken(Box<dyn FnOnce() -> Result<Receipt, Refusal> + Send>);

impl Prepared {
    pub(crate) fn new(publish: impl Future<Output = Result<Taken, Refusal>> + Send + 'static) -> Self {
        Self(Box::pin(publish))
    }

    /// For a store that has the message already, and calls `keep` when all others have it too.
    pub(crate) fn taken(keep: impl FnOnce() -> Result<Receipt, Refusal> + Send + 'static) -> Self {
        let taken = Taken::new(keep);
        Self::new(async { Ok(taken) })
    }

    /// Shows the message.
    pub(crate) async fn publish(self) -> Result<Taken, Refusal> {
        self.0.await
    }
}

impl Taken {
    pub(crate) fn new(keep: impl FnOnce() -> Result<Receipt, Refusal> + Send + 'static) -> Self {
        Self(Box::new(keep))
    }

    /// Leaves the message where it is.
    pub(crate) fn keep(self) -> Result<Receipt, Refusal> {
        (self.0)()
    }
}
