use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

#[path = "../../crates/server/src/proxy/reference.rs"]
mod reference;

use crate::proxy::{self, Header};

/// A PROXY header matches the specification in any pieces, and no byte after it is read. The first byte selects the
/// size of the pieces.
pub fn proxy_header(octets: &[u8]) {
    let Some((&size, stream)) = octets.split_first() else { return };
    for piece in [usize::from(size).max(1), 1, usize::MAX] {
        let mut connection = Connection { stream, taken: 0, piece };
        let read = pin!(proxy::read(&mut connection)).poll(&mut Context::from_waker(Waker::noop()));
        let Poll::Ready(header) = read else { panic!("octets that are there need no waiting") };
        let taken = connection.taken;
        assert_eq!(header.ok().map(|header| (header, taken)), reference::reference(stream));
    }
}

/// A connection whose bytes come in pieces.
struct Connection<'o> {
    stream: &'o [u8],
    taken: usize,
    piece: usize,
}

impl AsyncRead for Connection<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let rest = &self.stream[self.taken..];
        let length = rest.len().min(self.piece).min(buffer.remaining());
        buffer.put_slice(&rest[..length]);
        self.taken += length;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection<'_> {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        panic!("a header is not answered")
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
