//! The message itself.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use mailchute_proto::Envelope;

use crate::message::body::{Body, End};
use crate::message::content::Content;
use crate::message::edits::Places;
use crate::message::reading::Reading;
use crate::message::{BodyError, Header, MessageId};
use crate::session::Session;

/// A message that a client sends.
///
/// The server asks the client for the content (354) when it is first read. The content arrives chunk by chunk, only as
/// fast as it is read. So a message of any size takes the memory of one chunk.
///
/// Each filter, and the store after them, reads from the first byte. If another reader follows, the bytes are also kept
/// for it: up to 1 MiB in memory, and the rest in a temporary file. The file is removed with the message. With a single
/// reader nothing is kept.
///
/// # Examples
/// ```
/// # use mailchute::Message;
/// # use mailchute::message::BodyError;
/// async fn count(message: &mut Message) -> Result<u64, BodyError> {
///     let mut bytes = 0;
///     while let Some(chunk) = message.chunk().await? {
///         bytes += chunk.len() as u64;
///     }
///     Ok(bytes)
/// }
/// ```
pub struct Message {
    pub(super) id: MessageId,
    pub(super) envelope: Arc<Envelope>,
    pub(super) content: Content,
    pub(super) session: Session,
    /// Bytes up to which [`bytes`](Self::bytes) reads.
    pub(super) limit: u64,
    /// Where the recipients stand in the client's envelope, if a filter has changed them.
    pub(super) places: Option<Places>,
    /// How many recipients the client has named.
    pub(super) named: usize,
    /// The number of this reader of the message.
    pub(super) reader: u32,
    /// The name of this reader in log and events.
    pub(super) hook: &'static str,
    /// A read that owns the content until it is done.
    pub(super) reading: Option<Reading>,
}

impl Message {
    pub(crate) fn new(
        number: u32,
        envelope: Arc<Envelope>,
        body: Body,
        session: Session,
        limits: ContentLimits,
    ) -> Self {
        Self {
            id: MessageId::new(session.id(), number),
            named: envelope.recipients.len(),
            envelope,
            content: Content::new(body, limits.header),
            session,
            limit: limits.message,
            places: None,
            reader: 0,
            hook: "",
            reading: None,
        }
    }

    pub(crate) fn is_read(&self) -> bool {
        self.content.body.is_read()
    }

    /// Returns the end of the message, which may not have come yet.
    pub(crate) fn end(&self) -> End {
        self.content.body.end()
    }

    /// Returns the same message for the next reader, which begins at its first byte. `hook` is the reader's name.
    pub(crate) fn for_reader(&self, keeps: bool, hook: &'static str) -> Self {
        let reader = self.content.body.edits().next_reader();
        self.with_content(self.content.for_reader(keeps), reader, hook)
    }

    /// Returns the same message for a closure, which takes ownership. It continues where this one stands.
    pub(crate) fn hand_over(&mut self) -> Self {
        let content = self.content.take();
        self.with_content(content, self.reader, self.hook)
    }

    pub(super) fn with_content(&self, content: Content, reader: u32, hook: &'static str) -> Self {
        Self {
            id: self.id,
            envelope: Arc::clone(&self.envelope),
            content,
            session: self.session.clone(),
            limit: self.limit,
            places: self.places.clone(),
            named: self.named,
            reader,
            hook,
            reading: None,
        }
    }

    /// Returns the message's id, which is as unique as that of its [session](crate::session::SessionId).
    #[must_use]
    pub fn id(&self) -> MessageId {
        self.id
    }

    /// Makes a `Message-ID:` for a message that has none (RFC 5322 §3.6.4): its name at this host, in angle brackets.
    ///
    /// ```
    /// use mailchute::{Message, Refusal};
    ///
    /// async fn complete(message: &mut Message) -> Result<(), Refusal> {
    ///     let header = message.header().await?;
    ///     if !header.has("Message-ID") {
    ///         message.add_below_trace("Message-ID", &message.new_message_id())?;
    ///     }
    ///     if !header.has("Date") {
    ///         message.add_below_trace("Date", &mailchute::message::date(std::time::SystemTime::now()))?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    #[must_use]
    pub fn new_message_id(&self) -> String {
        format!("<{}@{}>", self.id, self.session.hostname())
    }

    /// Returns its sender and its recipients, without those that an earlier hook has [refused](Self::refuse).
    #[must_use]
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// Returns the next bytes of the content, at least one; `None` at its end. Lines end with CRLF, and dot-stuffing is
    /// removed.
    ///
    /// # Errors
    /// [`BodyError`]: most often because the client disconnected before the end. Content that was read until then is
    /// not a message and must not be kept.
    ///
    /// # Cancel safety
    /// If the future is dropped while a chunk is being kept for the next reader, that chunk is lost. Every later read
    /// then returns [`BodyError::Gone`].
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        self.end_reading().await?;
        self.content.chunk().await
    }

    /// Reads the header, so that the next [chunk](Self::chunk) is the first of the body. Both have the edits so far. The
    /// empty line between them belongs to neither.
    ///
    /// Use [`header`](Self::header) to look at the fields and still read the message from its first byte.
    ///
    /// ```
    /// use mailchute::Message;
    /// use mailchute::message::BodyError;
    ///
    /// async fn length_of_body(message: &mut Message) -> Result<usize, BodyError> {
    ///     message.read_header().await?;
    ///     let mut bytes = 0;
    ///     while let Some(chunk) = message.chunk().await? {
    ///         bytes += chunk.len();
    ///     }
    ///     Ok(bytes)
    /// }
    /// ```
    ///
    /// # Errors
    /// The errors of [`chunk`](Self::chunk), and [`BodyError::TooLong`] if the header exceeds the [maximum header
    /// size](crate::Builder::max_header_size) by more than 16 MiB.
    ///
    /// # Cancel safety
    /// If the future is dropped, the bytes that it has read are lost.
    pub async fn read_header(&mut self) -> Result<Header, BodyError> {
        self.end_reading().await?;
        self.content.read_header().await
    }

    /// Returns the unread content in one piece, up to the server's [maximum message
    /// size](crate::Builder::max_message_size), or 64 MiB if there is none.
    ///
    /// # Errors
    /// The errors of [`chunk`](Self::chunk), and [`BodyError::TooLong`], which `?` turns into `552 5.3.4`.
    ///
    /// # Cancel safety
    /// If the future is dropped, the bytes that it has read are lost.
    pub async fn bytes(&mut self) -> Result<Bytes, BodyError> {
        self.bytes_up_to(self.limit).await
    }

    /// Does the same as [`bytes`](Self::bytes), up to `limit` bytes.
    ///
    /// # Errors
    /// The errors of [`bytes`](Self::bytes).
    ///
    /// # Cancel safety
    /// As [`bytes`](Self::bytes).
    pub async fn bytes_up_to(&mut self, limit: u64) -> Result<Bytes, BodyError> {
        self.end_reading().await?;
        self.content.bytes(limit).await
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("id", &format_args!("{}", self.id))
            .field("envelope", &self.envelope)
            .finish_non_exhaustive()
    }
}

/// Bytes up to which content is held in one piece.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ContentLimits {
    pub(crate) message: u64,
    /// The longest header that is edited; 0 disables the limit.
    pub(crate) header: u64,
}
