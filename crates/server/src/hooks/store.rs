//! Stores: where messages end up.

use std::future::Future;
use std::sync::Arc;

use mailchute_proto::Reply;

use crate::hooks::BoxFuture;
use crate::message::Message;
use crate::session::Session;

/// Keeps messages, and answers for them. Whoever wants to keep a handle on its own gives it in an [`Arc`].
///
/// # Examples
/// ```
/// use mailchute::{Message, Reply, Session, Store};
///
/// /// Counts and forgets.
/// struct Counter(std::sync::atomic::AtomicU64);
///
/// impl Store for Counter {
///     async fn store(&self, mut message: Message, _session: &Session) -> Result<Reply, Reply> {
///         while message.chunk().await?.is_some() {}
///         self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
///         Ok(Reply::new(250, (2, 6, 0), format!("Counted as {}", message.id())))
///     }
/// }
/// ```
pub trait Store: Send + Sync + 'static {
    /// Takes a message and answers the client.
    ///
    /// `Ok` is the promise that the message is safe: written and flushed, not merely handed on. The content is
    /// whole when [`Message::chunk`] has returned `None`; before that nothing may become visible.
    ///
    /// [`Message::refuse`] refuses single recipients, for whom it cannot be kept; `Ok` then is the promise for the others.
    ///
    /// # Errors
    /// The refusal that the client gets. `?` makes a `451 4.3.0` of any [`std::error::Error`]; others need
    /// `.map_err(Reply::internal)?`.
    ///
    /// # Cancel safety
    /// When the client goes before the end of the message, or the store takes longer than the
    /// [time limit](crate::Builder::store_timeout), the future is dropped: nothing of the message may remain.
    fn store(&self, message: Message, session: &Session)
    -> impl Future<Output = Result<Reply, Reply>> + Send;
}

/// The same store, of which the application keeps a handle.
impl<S: Store> Store for Arc<S> {
    fn store(
        &self,
        message: Message,
        session: &Session,
    ) -> impl Future<Output = Result<Reply, Reply>> + Send {
        S::store(self, message, session)
    }
}

/// The private twin of [`Store`] that can be a trait object.
pub(crate) trait ErasedStore: Send + Sync {
    fn store<'a>(&'a self, message: Message, session: &'a Session) -> BoxFuture<'a, Result<Reply, Reply>>;
}

impl<S: Store> ErasedStore for S {
    fn store<'a>(&'a self, message: Message, session: &'a Session) -> BoxFuture<'a, Result<Reply, Reply>> {
        Box::pin(async move {
            match Store::store(self, message, session).await {
                // Neither a yes that says no nor a no that says yes may count as a promise.
                Ok(reply) if !reply.is_positive() => Err(reply),
                Err(reply) if !reply.is_refusal() => {
                    Err(Reply::internal("a store answered Err with a positive reply"))
                }
                as_said => as_said,
            }
        })
    }
}
