//! A message: its envelope, and its content as it comes.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use mailchute_proto::Envelope;

use crate::body::{Body, BodyError};
use crate::session::Session;
use crate::trace;

/// A message that a client hands over.
///
/// The content is asked of the client (354) when it is first read. It comes chunk by chunk as fast as it is
/// read and no faster; a message of any size takes the memory of one chunk.
///
/// Each data hook, and the store behind them, reads from the first octet on. As long as another reader is to
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
    body: Body,
    session: Session,
    /// Octets up to which [`bytes`](Self::bytes) reads.
    limit: u64,
}

/// The name of a message in logs, stores and `Received:`: the session's, and the number of the message in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessageId {
    session: crate::SessionId,
    number: u32,
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.session, self.number)
    }
}

impl Message {
    pub(crate) fn new(
        number: u32,
        envelope: Arc<Envelope>,
        body: Body,
        session: Session,
        limit: u64,
    ) -> Self {
        Self { id: MessageId { session: session.id(), number }, envelope, body, session, limit }
    }

    /// The same message for another reader, who begins at its first octet.
    pub(crate) fn for_reader(&self, keeps: bool) -> Self {
        Self {
            id: self.id,
            envelope: Arc::clone(&self.envelope),
            body: self.body.for_reader(keeps),
            session: self.session.clone(),
            limit: self.limit,
        }
    }

    /// The same message for a closure, which takes it whole; it goes on where this one stands.
    pub(crate) fn hand_over(&self) -> Self {
        Self {
            id: self.id,
            envelope: Arc::clone(&self.envelope),
            body: self.body.clone(),
            session: self.session.clone(),
            limit: self.limit,
        }
    }

    /// The message's name, as unique as that of its [session](crate::SessionId).
    #[must_use]
    pub fn id(&self) -> MessageId {
        self.id
    }

    /// Who sends it, and to whom.
    #[must_use]
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The next octets of the content, never none; `None` at its end. Lines end with CRLF, and dots that the
    /// client stuffed are taken out.
    ///
    /// # Errors
    /// [`BodyError`]: most of all that the client has gone before the end. Content that was read up to then is
    /// not a message and must not be kept.
    ///
    /// # Cancel safety
    /// When the future is dropped while a chunk is being kept for the next reader, that chunk is lost, and every
    /// later read says [`BodyError::Gone`].
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        self.body.chunk().await
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
        self.body.bytes(limit).await
    }

    /// The header fields that whoever keeps the message puts on top of it, lines ended by CRLF:
    /// `Return-Path:`, a `Delivered-To:` for every recipient, and `Received:` (RFC 5321 §4.4).
    #[must_use]
    pub fn trace_fields(&self) -> String {
        trace::fields(self.id, &self.envelope, &self.session)
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
