//! A message: its envelope, and its content as it comes, with what filters change of both.

pub(crate) mod body;
pub(crate) mod body_error;
mod content;
mod date;
mod editing;
mod edits;
mod field;
mod header;
mod header_parser;
pub(crate) mod id;
mod new_body;
mod original;
mod prefix;
mod recipients;
pub(crate) mod refusals;
mod rewritten;
mod saved;
mod spool;
mod stream;
#[cfg(test)]
mod tests;
mod trace;
mod trace_fields;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use mailchute_proto::Envelope;

pub use date::date;
pub use field::{EditError, Field, FieldName};
pub use header::Header;
pub use new_body::BodyWriter;
pub use original::Original;
pub use saved::Saved;
pub use trace::Copies;

use crate::message::body::Body;
use crate::message::body_error::BodyError;
use crate::message::content::Content;
use crate::message::edits::Places;
use crate::message::id::MessageId;
use crate::message::stream::Reading;
use crate::session::Session;

/// A message that a client hands over.
///
/// The content is asked of the client (354) when it is first read. It comes chunk by chunk as fast as it is
/// read and no faster; a message of any size takes the memory of one chunk.
///
/// Each filter, and the store after them, reads from the first octet on. As long as another reader is to
/// come, what is read is also kept for it: up to 1 MiB in memory, the rest in a temporary file that is gone with
/// the message. With a single reader nothing is kept.
///
/// # Examples
/// ```
/// # use mailchute::{BodyError, Message};
/// async fn count(message: &mut Message) -> Result<u64, BodyError> {
///     let mut octets = 0;
///     while let Some(chunk) = message.chunk().await? {
///         octets += chunk.len() as u64;
///     }
///     Ok(octets)
/// }
/// ```
pub struct Message {
    id: MessageId,
    envelope: Arc<Envelope>,
    content: Content,
    session: Session,
    /// Octets up to which [`bytes`](Self::bytes) reads.
    limit: u64,
    /// Where the recipients stand in the envelope as the client gave it, if they are not those of that envelope.
    places: Option<Places>,
    /// How many recipients the client has named.
    named: usize,
    /// Which of the message's readers this is.
    reader: u32,
    /// A read that has the content until it is done.
    reading: Option<Reading>,
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
            reading: None,
        }
    }

    pub(crate) fn is_read(&self) -> bool {
        self.content.body.is_read()
    }

    /// The same message for the next reader, who begins at its first octet.
    pub(crate) fn for_reader(&self, keeps: bool) -> Self {
        let reader = self.content.body.edits().next_reader();
        self.with_content(self.content.for_reader(keeps), reader)
    }

    /// The same message for a closure, which takes it whole; it goes on where this one stands.
    pub(crate) fn hand_over(&mut self) -> Self {
        let content = self.content.take();
        self.with_content(content, self.reader)
    }

    fn with_content(&self, content: Content, reader: u32) -> Self {
        Self {
            id: self.id,
            envelope: Arc::clone(&self.envelope),
            content,
            session: self.session.clone(),
            limit: self.limit,
            places: self.places.clone(),
            named: self.named,
            reader,
            reading: None,
        }
    }

    /// The message's name, as unique as that of its [session](crate::SessionId).
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

    /// Its sender and its recipients. Recipients that an earlier hook has [refused](Self::refuse) are left out.
    #[must_use]
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The next octets of the content, never none; `None` at its end. Lines end with CRLF, and dots that the
    /// client stuffed are taken out.
    ///
    /// # Errors
    /// [`BodyError`]: most often that the client has gone before the end. Content that was read up to then is not a
    /// message and must not be kept.
    ///
    /// # Cancel safety
    /// When the future is dropped while a chunk is being kept for the next reader, that chunk is lost, and every
    /// later read says [`BodyError::Gone`].
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        self.end_reading().await?;
        self.content.chunk().await
    }

    /// All of the content that was not read yet, in one piece, up to the server's
    /// [maximum message size](crate::Builder::max_message_size), or 64 MiB where there is none.
    ///
    /// # Errors
    /// As [`chunk`](Self::chunk), and [`BodyError::TooLong`], which `?` turns into `552 5.3.4`.
    ///
    /// # Cancel safety
    /// What was read is lost when the future is dropped.
    pub async fn bytes(&mut self) -> Result<Bytes, BodyError> {
        self.bytes_up_to(self.limit).await
    }

    /// As [`bytes`](Self::bytes), up to `limit` octets.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
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
    /// 0 is no limit.
    pub(crate) header: u64,
}
