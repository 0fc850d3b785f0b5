//! What a session can do to its connection.

use mailchute_proto::Refusal;

/// The connection of a session.
pub(crate) trait HangUp: Send + Sync {
    /// Tells the client this, and closes.
    fn hang_up(&self, refusal: Refusal);
}
