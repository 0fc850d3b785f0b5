//! Reads of the socket beneath TLS.

use std::future::poll_fn;
use std::io;
use std::mem::{replace, take};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BufMut as _, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};

use super::pass_through::writes_pass_through;
use crate::net::io::Io;
use crate::runtime::read_buffer::{self, READ};

/// A connection that reads more than was asked for. With the 4 KiB that rustls asks for, a record takes four
/// or five reads of the socket. This way four records take one.
pub(crate) struct ReadAhead {
    io: Box<dyn Io>,
    /// Holds memory only between a read and the next that finds nothing.
    ahead: BytesMut,
    /// The most bytes that one read may bring.
    pub(crate) at_most: usize,
}

impl ReadAhead {
    pub(crate) fn new(io: Box<dyn Io>) -> Self {
        Self { io, ahead: BytesMut::new(), at_most: READ }
    }

    /// Waits for the first bytes.
    ///
    /// # Errors
    /// [`NotConnected`](io::ErrorKind::NotConnected) if the client closes or loses the connection before.
    pub(crate) async fn begin(&mut self) -> io::Result<()> {
        match poll_fn(|context| self.poll_more(context)).await {
            Ok(1..) => Ok(()),
            Ok(0) | Err(_) => {
                Err(io::Error::new(io::ErrorKind::NotConnected, "the connection ended before a handshake"))
            }
        }
    }

    pub(crate) fn shrink(&mut self) {
        read_buffer::shrink(&mut self.ahead);
    }

    /// Returns the bytes that were not consumed. It reads if there are none, and returns none at the end.
    pub(super) async fn fill(&mut self) -> io::Result<&[u8]> {
        if self.ahead.is_empty() {
            poll_fn(|context| self.poll_more(context)).await?;
        }
        Ok(&self.ahead)
    }

    pub(super) fn consume(&mut self, length: usize) {
        self.ahead.advance(length);
    }

    /// Puts a layer on the connection. The layer gets the bytes that were not consumed, and all later ones pass through
    /// it.
    pub(super) fn pass_through<T: Io + 'static>(&mut self, layer: impl FnOnce(Box<dyn Io>, BytesMut) -> T) {
        let io = replace(&mut self.io, Box::new(tokio::io::empty()));
        self.io = Box::new(layer(io, BytesMut::from(&self.ahead[..])));
        read_buffer::give_back(take(&mut self.ahead));
    }

    fn poll_more(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if !self.ahead.try_reclaim(READ) {
            self.ahead = read_buffer::take();
        }
        let mut room = (&mut self.ahead).limit(self.at_most);
        let read = pin!(self.io.read_buf(&mut room)).poll(context);
        if !matches!(read, Poll::Ready(Ok(1..))) {
            read_buffer::give_back(take(&mut self.ahead));
        }
        read
    }
}

impl AsyncRead for ReadAhead {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.ahead.is_empty() {
            ready!(this.poll_more(context))?;
        }
        let length = read_buffer::copy(&this.ahead, buffer);
        this.ahead.advance(length);
        Poll::Ready(Ok(()))
    }
}

writes_pass_through!(ReadAhead);

impl Drop for ReadAhead {
    fn drop(&mut self) {
        read_buffer::give_back(take(&mut self.ahead));
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt as _, duplex};

    use super::*;
    use crate::runtime::read_buffer::REMAINDER;

    #[tokio::test]
    async fn what_is_left_of_a_limited_read_waits_in_a_buffer_of_its_size() {
        let (mut ours, theirs) = duplex(READ);
        let sent: Vec<u8> = (0..=u8::MAX).cycle().take(READ).collect();
        ours.write_all(&sent).await.expect("it is open");
        let mut reader = ReadAhead::new(Box::new(theirs));
        reader.at_most = REMAINDER;
        let mut got = vec![0; 4096];
        reader.read_exact(&mut got).await.expect("that much has come");
        assert_eq!(reader.ahead.len(), REMAINDER - got.len());
        reader.shrink();
        assert_eq!(reader.ahead.capacity(), REMAINDER - got.len());
        let mut rest = vec![0; READ - got.len()];
        reader.read_exact(&mut rest).await.expect("the rest has come");
        assert_eq!([got, rest].concat(), sent);
        let nothing = poll_fn(|context| Poll::Ready(pin!(reader.read_u8()).poll(context).is_pending())).await;
        assert!(nothing);
        assert_eq!(reader.ahead.capacity(), 0);
    }
}
