//! The content of a message as the client sent it.

use bytes::Bytes;

use super::Message;
use super::body::Body;
use super::body_error::BodyError;
use super::header::Header;

/// A reader of the content as it was received, without the edits of filters. Signatures such as DKIM need it.
///
/// [`Message::original`] returns it.
#[derive(Debug)]
pub struct Original {
    body: Body,
    limit: u64,
    header_limit: u64,
}

impl Original {
    /// Returns the header as the client sent it. [`Message::header`] returns the one with edits. This reader still reads
    /// from where it stands.
    ///
    /// # Errors
    /// As [`Message::header`].
    ///
    /// # Cancel safety
    /// As [`Message::chunk`].
    pub async fn header(&self) -> Result<Header, BodyError> {
        super::content::received_fields(&self.body, self.header_limit).await.map(Header::new)
    }

    /// Returns the header as the client sent it, and goes to the body: [`chunk`](Self::chunk) then returns what follows the
    /// empty line. A header ends as for [`Message::header`].
    ///
    /// ```
    /// use mailchute::Message;
    /// use mailchute::message::BodyError;
    ///
    /// async fn count_body(message: &mut Message) -> Result<usize, BodyError> {
    ///     let mut original = message.original().await?;
    ///     original.read_header().await?;
    ///     let mut bytes = 0;
    ///     while let Some(chunk) = original.chunk().await? {
    ///         bytes += chunk.len();
    ///     }
    ///     Ok(bytes)
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`Message::header`].
    ///
    /// # Cancel safety
    /// As [`Message::chunk`].
    pub async fn read_header(&mut self) -> Result<Header, BodyError> {
        self.body = self.body.for_reader(true);
        super::content::read_fields(&mut self.body, self.header_limit).await.map(Header::new)
    }

    /// Returns the next bytes, or `None` at the end of the message.
    ///
    /// # Errors
    /// As [`Message::chunk`].
    ///
    /// # Cancel safety
    /// As [`Message::chunk`].
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        self.body.chunk().await
    }

    /// Returns the unread content in one piece, up to the limit of [`Message::bytes`].
    ///
    /// # Errors
    /// As [`Message::bytes`].
    ///
    /// # Cancel safety
    /// Not cancel safe: bytes that were read are lost if the future is dropped.
    pub async fn bytes(&mut self) -> Result<Bytes, BodyError> {
        self.body.bytes(self.limit).await
    }
}

impl Message {
    /// Returns a reader of the content exactly as the client sent it, from the first byte. It has no edits and no trace
    /// fields. Dot-stuffing is removed.
    ///
    /// The message can still be read after that. Bytes that either reader reads are kept, in memory up to 1
    /// MiB and then in a temporary file. Call this before anything is read, or the last reader's content is
    /// [gone](BodyError::Gone).
    ///
    /// ```
    /// use mailchute::{Message, Refusal};
    ///
    /// async fn sign(message: &mut Message) -> Result<(), Refusal> {
    ///     let signed = message.original().await?.bytes().await?;
    ///     message.add_above_trace("X-Length", &signed.len().to_string())?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`BodyError`] if a read as [`AsyncRead`](tokio::io::AsyncRead) was dropped half-way. That read is
    /// ended first, and may fail.
    ///
    /// # Cancel safety
    /// As [`chunk`](Self::chunk).
    pub async fn original(&mut self) -> Result<Original, BodyError> {
        self.end_reading().await?;
        self.content.body.keep();
        let header_limit = self.content.header_limit();
        Ok(Original { body: self.content.body.for_reader(true), limit: self.limit, header_limit })
    }
}
