//! A limit on the size of one message.

use mailchute_proto::Refusal;

use super::Session;

impl Session {
    /// Lowers the size limit of this transaction's message to this many bytes of content. A longer message
    /// gets `refusal` at its end, or before it is sent if the client has declared its size. Filters and the
    /// store then get only a part of the message, or nothing.
    ///
    /// Call it in the hooks of MAIL and RCPT, where the sender and each recipient are known. The lowest limit
    /// counts, even if the recipient that it was for is refused later.
    ///
    /// ```
    /// use mailchute::{Refusal, Server};
    ///
    /// Server::builder().on_rcpt_to(|to, session| async move {
    ///     if to.domain_is("small.example") {
    ///         session.limit_size(100_000, Refusal::new(552, (5, 2, 3), "small.example takes 100 kB a message"));
    ///     }
    /// });
    /// ```
    pub fn limit_size(&self, bytes: u64, refusal: Refusal) {
        let limit = &mut self.facts().transaction.size_limit;
        if limit.as_ref().is_none_or(|(lowest, _)| bytes < *lowest) {
            *limit = Some((bytes, refusal));
        }
    }

    /// Returns the lowest limit in bytes, and the refusal of a longer message.
    pub(crate) fn size_limit(&self) -> Option<(u64, Refusal)> {
        self.facts().transaction.size_limit.clone()
    }

    /// Forgets the limit that a hook has set for a transaction that does not begin.
    pub(crate) fn forget_size_limit(&self) {
        self.facts().transaction.size_limit = None;
    }
}
