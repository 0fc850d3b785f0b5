//! Filters: read a message before the store gets it.

use std::future::Future;
use std::sync::Arc;

use mailchute_proto::Refusal;

use crate::message::Message;
use crate::session::Session;

/// Reads messages, and lets them pass or refuses them.
///
/// Filters are asked in the order in which the [builder](crate::Builder::filter) got them, and the store after them. Each reads
/// the message from its first byte. What a filter reads is kept for those after it: up to 1 MiB in memory, the rest in a
/// temporary file. The client hears the reply of the store; a filter cannot replace it.
///
/// To refuse a message by its envelope, without its content, implement [`Hooks::data`](crate::Hooks::data).
///
/// # Examples
/// ```
/// use mailchute::{Filter, Message, Refusal, Session};
///
/// struct NoExecutables;
///
/// impl Filter for NoExecutables {
///     async fn filter(&self, message: &mut Message, _session: &Session) -> Result<(), Refusal> {
///         let content = message.bytes().await?;
///         if content.windows(5).any(|window| window == b".exe\"") {
///             return Err(Refusal::new(554, (5, 7, 1), "Executables are not accepted here"));
///         }
///         Ok(())
///     }
/// }
/// ```
pub trait Filter: Send + Sync + 'static {
    /// Reads the message and lets it pass. [`Message::refuse`] refuses it for single recipients.
    ///
    /// The client is asked for the content (354) when it is first read, so a refusal before that saves the transfer.
    ///
    /// # Errors
    /// The refusal that the client gets. `?` makes a `451 4.3.0` of any [`std::error::Error`]; others need
    /// `.map_err(Refusal::internal)?`.
    ///
    /// # Cancel safety
    /// The future is dropped when the client disconnects before the end of the message, and after the
    /// [time limit](crate::Builder::store_timeout).
    fn filter(
        &self,
        message: &mut Message,
        session: &Session,
    ) -> impl Future<Output = Result<(), Refusal>> + Send;
}

/// The same filter, of which the application keeps a handle.
impl<T: Filter> Filter for Arc<T> {
    fn filter(
        &self,
        message: &mut Message,
        session: &Session,
    ) -> impl Future<Output = Result<(), Refusal>> + Send {
        T::filter(self, message, session)
    }
}
