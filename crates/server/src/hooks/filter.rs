//! Filters read a message before the store gets it.

use std::future::Future;
use std::sync::Arc;

use mailchute_proto::Refusal;

use crate::message::Message;
use crate::session::Session;

/// Reads messages, and lets them pass or refuses them.
///
/// Filters are asked in the order in which the [builder](crate::Builder::filter) got them, and after them the
/// store. Each reads the message from its first byte. The server keeps what a filter reads for the readers
/// after it: up to 1 MiB in memory, the rest in a temporary file. The client gets the reply of the store; a
/// filter cannot replace it.
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
    /// The first read asks the client for the content (354). A refusal before that saves the transfer.
    ///
    /// # Errors
    /// The refusal that the client gets. `?` turns any [`std::error::Error`] into a `451 4.3.0`. Other errors
    /// need `.map_err(Refusal::internal)?`.
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

/// A filter in an `Arc`, so that the application keeps a handle.
impl<T: Filter> Filter for Arc<T> {
    fn filter(
        &self,
        message: &mut Message,
        session: &Session,
    ) -> impl Future<Output = Result<(), Refusal>> + Send {
        T::filter(self, message, session)
    }
}
