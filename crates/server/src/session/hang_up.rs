//! The connection of a session, as far as the session can close it.

use mailchute_proto::Refusal;

/// The connection of a session.
pub(crate) trait HangUp: Send + Sync {
    /// Sends `refusal` to the client, and closes the connection.
    fn hang_up(&self, refusal: Refusal);
}
