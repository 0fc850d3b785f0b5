//! A message as a stream of bytes.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf as _;
use tokio::io::{AsyncRead, ReadBuf};

use super::Message;
use super::body_error::BodyError;
use super::reading::{Chunk, Reading};

impl Message {
    /// Ends a read that has begun, so that the content can be read in other ways.
    pub(crate) async fn end_reading(&mut self) -> Result<(), BodyError> {
        if self.reading.is_none() {
            return Ok(());
        }
        if let Some(chunk) = poll_fn(|context| self.poll_chunk(context)).await? {
            self.content.give_back(chunk);
        }
        Ok(())
    }

    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Chunk> {
        let reading = self.reading.get_or_insert_with(|| Reading::new(self.content.take()));
        let (content, chunk) = ready!(reading.poll(context));
        self.reading = None;
        self.content = content;
        Poll::Ready(chunk)
    }
}

/// Reads what [`chunk`](Message::chunk) would return. Each chunk costs an allocation here, so `chunk` is cheaper.
///
/// ```
/// use mailchute::Message;
/// use tokio::io::AsyncReadExt as _;
///
/// async fn magic(message: &mut Message) -> std::io::Result<[u8; 4]> {
///     let mut magic = [0; 4];
///     message.read_exact(&mut magic).await?;
///     Ok(magic)
/// }
/// ```
impl AsyncRead for Message {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let message = self.get_mut();
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let mut chunk = message.content.take_back();
        if chunk.is_empty() {
            match ready!(message.poll_chunk(context))? {
                Some(next) => chunk = next,
                None => return Poll::Ready(Ok(())),
            }
        }
        let length = chunk.len().min(buffer.remaining());
        buffer.put_slice(&chunk[..length]);
        chunk.advance(length);
        message.content.give_back(chunk);
        Poll::Ready(Ok(()))
    }
}
