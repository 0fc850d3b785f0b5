//! The stream of a session: the connection as it came, or TLS over it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::net::io::Io;
use crate::tls::Secured;

pub(crate) enum Transport {
    Plain(Box<dyn Io>),
    Tls(Box<Secured>),
    /// A handshake failed or is under way. Nothing can be sent.
    Gone,
}

impl Transport {
    pub(crate) fn is_secure(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// Limits how much is taken from the connection at a time.
    pub(crate) fn read_at_most(&mut self, octets: usize) {
        if let Self::Tls(secured) = self {
            secured.read_ahead().at_most = octets;
        }
    }

    /// Releases the memory that is kept for the next read.
    pub(crate) fn shrink(&mut self) {
        if let Self::Tls(secured) = self {
            secured.read_ahead().shrink();
        }
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_read(context, buffer),
            Self::Tls(secured) => secured.poll_read(context, buffer),
            Self::Gone => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_write(context, octets),
            Self::Tls(secured) => Pin::new(&mut secured.stream).poll_write(context, octets),
            Self::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_flush(context),
            Self::Tls(secured) => Pin::new(&mut secured.stream).poll_flush(context),
            Self::Gone => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_shutdown(context),
            Self::Tls(secured) => Pin::new(&mut secured.stream).poll_shutdown(context),
            Self::Gone => Poll::Ready(Ok(())),
        }
    }
}
