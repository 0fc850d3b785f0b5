//! Stores keep messages.

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;

use mailchute_proto::{Enhanced, Refusal, Reply};

use crate::message::Message;
use crate::session::Session;

/// The promise of a [`Store`] that a message is safe, with the text that the client gets.
///
/// The reply is `250 2.6.0` with that text, unless another [detail](Self::with_enhanced) is set.
///
/// # Examples
/// ```
/// use mailchute::Receipt;
///
/// let receipt = Receipt::new("Queued as 4Xy1");
/// assert_eq!(receipt.text(), "Queued as 4Xy1");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a receipt does nothing until it is returned"]
pub struct Receipt {
    enhanced: Enhanced,
    text: Cow<'static, str>,
}

impl Receipt {
    /// Makes a receipt with this text, which may name the message.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self { enhanced: Enhanced::new(2, 6, 0), text: text.into() }
    }

    /// Sets the last two numbers of the enhanced status code. Each is 0 to 999; larger ones become 999. The
    /// first number is always 2. Default is `2.6.0`.
    ///
    /// ```
    /// # use mailchute::Receipt;
    /// let receipt = Receipt::new("Delivered").with_enhanced(1, 5); // 250 2.1.5 Delivered
    /// ```
    pub fn with_enhanced(mut self, subject: u16, detail: u16) -> Self {
        self.enhanced = Enhanced::new(2, subject.min(999), detail.min(999));
        self
    }

    /// Returns the text that the client gets.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl From<Receipt> for Reply {
    fn from(receipt: Receipt) -> Self {
        Self::new(250, receipt.enhanced, receipt.text)
    }
}

/// Keeps messages, and answers for them. A server has one store. To keep a handle on it, give it in an [`Arc`].
///
/// # Examples
/// ```
/// use mailchute::{Message, Receipt, Refusal, Session, Store};
///
/// /// Counts and forgets.
/// struct Counter(std::sync::atomic::AtomicU64);
///
/// impl Store for Counter {
///     async fn store(&self, mut message: Message, _session: &Session) -> Result<Receipt, Refusal> {
///         while message.chunk().await?.is_some() {}
///         self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
///         Ok(Receipt::new(format!("Counted as {}", message.id())))
///     }
/// }
/// ```
///
/// # Stores that block
/// A call that blocks its thread, as those of most databases do, holds up all sessions of that thread. So read the
/// message, and then write it by [`spawn_blocking`](tokio::task::spawn_blocking):
///
/// ```
/// use std::sync::{Arc, Mutex};
///
/// use mailchute::{Message, Receipt, Refusal, Session, Store};
///
/// # struct Connection;
/// # impl Connection {
/// #     fn insert(&self, _id: &str, _content: &[u8]) -> std::io::Result<()> { Ok(()) }
/// # }
/// struct Database(Arc<Mutex<Connection>>);
///
/// impl Store for Database {
///     async fn store(&self, mut message: Message, _session: &Session) -> Result<Receipt, Refusal> {
///         let content = message.bytes().await?; // at most max_message_size
///         let id = message.id().to_string();
///         let receipt = Receipt::new(format!("Kept as {id}"));
///         let connection = Arc::clone(&self.0);
///         let insert = move || connection.lock().expect("no insert panics").insert(&id, &content);
///         tokio::task::spawn_blocking(insert).await??;
///         Ok(receipt)
///     }
/// }
/// ```
///
/// Such a call goes on when the future is dropped. At the [time limit](crate::Builder::store_timeout) a message may then be
/// kept although the client got a `451`. The client sends it again, so nothing is lost.
pub trait Store: Send + Sync + 'static {
    /// Takes a message and answers the client.
    ///
    /// `Ok` promises that the message is safe: written and flushed, not merely passed on. The content is
    /// complete when [`Message::chunk`] has returned `None`. Before that nothing may become visible.
    ///
    /// [`Message::refuse`] refuses single recipients for whom the message cannot be kept. `Ok` is then the
    /// promise for the others. [`Copies::refuse`](crate::message::Copies::refuse) does the same while several copies are
    /// written. In LMTP each recipient has its reply. SMTP has one, so there a refused recipient refuses the message for
    /// all: the client tries again, and those who have the message get it twice.
    ///
    /// # Errors
    /// The refusal that the client gets. `?` turns any [`std::error::Error`] into a `451 4.3.0`, and a full
    /// disk into a `452 4.3.1`. Other errors need `.map_err(Refusal::internal)?`.
    ///
    /// # Cancel safety
    /// The future is dropped when the client disconnects before the end of the message, and after the [time
    /// limit](crate::Builder::store_timeout). Nothing of the message may remain then.
    fn store(
        &self,
        message: Message,
        session: &Session,
    ) -> impl Future<Output = Result<Receipt, Refusal>> + Send;
}

/// A store in an `Arc`, so that the application keeps a handle.
impl<S: Store> Store for Arc<S> {
    fn store(
        &self,
        message: Message,
        session: &Session,
    ) -> impl Future<Output = Result<Receipt, Refusal>> + Send {
        S::store(self, message, session)
    }
}
