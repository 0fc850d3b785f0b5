//! The transaction of a session, as hooks see it.

use std::sync::Arc;

use mailchute_proto::{Envelope, Sender};

use super::Session;

/// The transaction that is under way.
impl Session {
    /// Returns the envelope of the current transaction, as far as it was accepted: the sender from the reply to MAIL on, and
    /// the recipients that were accepted before this moment. Without a transaction there is none.
    ///
    /// The hook of RCPT sees the recipients before its own, and that of MAIL sees no envelope yet.
    ///
    /// ```
    /// # use mailchute::{Refusal, Server, Verdict};
    /// Server::builder().on_rcpt_to(|_to, session| async move {
    ///     let before = session.envelope().map_or(0, |envelope| envelope.recipients.len());
    ///     Verdict::accept_or(before < 10, Refusal::new(452, (4, 5, 3), "Too many recipients"))
    /// });
    /// ```
    #[must_use]
    pub fn envelope(&self) -> Option<Arc<Envelope>> {
        self.facts().transaction.envelope.clone()
    }

    /// Returns the sender of the current transaction: that of its [envelope](Self::envelope).
    ///
    /// ```
    /// # use mailchute::{Server, Verdict};
    /// Server::builder().on_rcpt_to(|to, session| async move {
    ///     let is_report = session.sender().is_some_and(|sender| sender.is_null());
    ///     Verdict::accept_if(!is_report || to.is_local_to(["example.com"]))
    /// });
    /// ```
    #[must_use]
    pub fn sender(&self) -> Option<Sender> {
        self.envelope().map(|envelope| envelope.sender.clone())
    }
}
