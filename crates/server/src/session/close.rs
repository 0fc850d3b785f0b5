//! Closes a session from outside.

use mailchute_proto::Refusal;

use crate::session::Session;

impl Session {
    /// Ends the session. The client gets `refusal` as soon as it can be told, and the connection closes. Any
    /// task may call this, with a clone that a hook has kept or that
    /// [`Server::sessions`](crate::Server::sessions) returned.
    ///
    /// - A client that is silent, or in the middle of a message, is told at once. Such a message is not kept.
    /// - A hook or store that is awaited is dropped, as at a timeout, and `refusal` is the answer. The same
    ///   holds for a hook that calls this itself: its verdict does not count. Only a verdict that was already
    ///   given on a whole message stands, so that no client sends again what was kept. `refusal` follows it.
    /// - During a TLS handshake, or if the client reads nothing, the connection closes without `refusal`.
    ///
    /// Disconnect hooks and events get [`Disconnect::Closed`](crate::Disconnect::Closed). The first of
    /// several calls counts. If the session is over, nothing happens.
    ///
    /// # Examples
    /// ```
    /// use mailchute::{Refusal, Server};
    ///
    /// /// Ends all sessions of a user who was blocked.
    /// fn block(server: &Server, user: &str) {
    ///     for session in server.sessions() {
    ///         if session.identity().as_deref() == Some(user) {
    ///             session.close(Refusal::new(421, (4, 7, 0), "Account blocked"));
    ///         }
    ///     }
    /// }
    /// ```
    pub fn close(&self, refusal: Refusal) {
        self.0.wire.hang_up(Some(refusal));
    }

    /// Ends the session without a word to the client, as a lost connection does. Otherwise it does the same as
    /// [`close`](Self::close): a message without an answer is not kept.
    ///
    /// Replies that have not been sent yet are lost too. Use it to test how clients bear that.
    ///
    /// ```
    /// use mailchute::{Server, Verdict};
    ///
    /// Server::builder().on_rcpt_to(|to, session| async move {
    ///     if to.as_str() == "drop@example.com" {
    ///         session.cut_off();
    ///     }
    ///     Ok(Verdict::Accept)
    /// });
    /// ```
    pub fn cut_off(&self) {
        self.0.wire.hang_up(None);
    }
}
