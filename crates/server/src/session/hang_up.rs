//! The connection of a session, as far as the session can close it.

use mailchute_proto::Refusal;

/// The connection of a session.
pub(crate) trait HangUp: Send + Sync {
    /// Sends the farewell to the client, if there is one, and closes the connection.
    fn hang_up(&self, farewell: Option<Refusal>);
}
