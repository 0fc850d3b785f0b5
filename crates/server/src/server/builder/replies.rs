//! The texts of standard replies.

use mailchute_proto::{Reply, StandardReply};

use super::Builder;
use crate::session::Session;

/// Texts of standard replies.
impl Builder {
    /// Changes the texts of standard replies: those that Mailchute gives of its own accord. The closure gets each
    /// standard reply before it is sent, and returns another one or `None`. The first closure that returns a reply
    /// decides. `docs/replies.md` of the repository lists the replies by their names.
    ///
    /// The code may change within its first digit, except 421 and 3yz. Neither can a refusal become an acceptance,
    /// nor the reverse, and the session goes on as after the standard reply. The text is one line of printable ASCII
    /// that fits the 512 bytes of a line. A reply that breaks these rules is an error in the log (`hook-failed`), and
    /// the client gets the standard reply. It also does if the closure panics.
    ///
    /// The host name stays in front of the greeting and of the reply to EHLO. Replies and refusals of hooks, filters
    /// and stores are not asked about, and neither is a connection that is closed before its session begins. The
    /// standard refusal of a stage is ([`Verdict::Refuse`](crate::Verdict::Refuse)), and so is the `451 4.3.0` that
    /// hides an error. The closure must not block.
    ///
    /// ```
    /// use mailchute::reply::Name;
    /// use mailchute::{Reply, Server};
    ///
    /// Server::builder().on_reply(|standard, session| match standard.name() {
    ///     Name::GREETING => Some(standard.with_text("ESMTP Example Mail")),
    ///     Name::TOO_MANY_ERRORS => Some(standard.with_text(format!("Too many errors; ask us about {}", session.id()))),
    ///     Name::MESSAGE_TOO_LARGE => Some(Reply::new(554, (5, 3, 4), "Send a link to files over 25 MB")),
    ///     _ => None,
    /// });
    /// ```
    pub fn on_reply<F>(mut self, edit: F) -> Self
    where
        F: Fn(&StandardReply<'_>, &Session) -> Option<Reply> + Send + Sync + 'static,
    {
        self.chain.push_reply_edit(Box::new(edit));
        self
    }
}
