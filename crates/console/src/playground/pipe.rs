//! A connection in memory that knows when the server waits for its client.
//!
//! # Why
//!
//! A page shows all replies to a line at once. The server has said all of them when it reads and finds nothing, after
//! it has read every byte that the client has written. So no page waits for a timer.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::sync::watch;

/// Bytes that may be on their way in each direction. The replies to one input always fit.
const PIPE: usize = 4 * 1024 * 1024;

/// Bytes on the wire that are remembered.
const TAPPED: usize = 512;

/// How far the server has come.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    /// Bytes that it had read when it last found nothing.
    idle_at: u64,
    has_closed: bool,
}

/// Returns both ends of a connection.
pub(super) fn pipe() -> (ClientEnd, ServerEnd) {
    let (ours, theirs) = tokio::io::duplex(PIPE);
    let (sender, progress) = watch::channel(Progress::default());
    let client = ClientEnd { io: ours, written: 0, tap: Vec::new(), progress };
    let turn = Turn { found_nothing_at: Arc::default(), progress: sender };
    (client, ServerEnd { io: theirs, read: 0, turn })
}

/// The state of the pipe when the server was last woken.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    /// The bytes that it had read when it found nothing, and 1 more; 0 if it has not.
    found_nothing_at: Arc<AtomicU64>,
    progress: watch::Sender<Progress>,
}

impl Turn {
    /// Tells the client that the server waits, but only after the server has done all that it does before: its last
    /// events come after its read.
    pub(super) async fn tell_idle(self, serving: impl Future) {
        let mut serving = pin!(serving);
        poll_fn(|context| {
            self.found_nothing_at.store(0, Ordering::Release);
            let outcome = serving.as_mut().poll(context);
            let idle_at = self.found_nothing_at.load(Ordering::Acquire);
            if outcome.is_pending() && idle_at > 0 {
                self.progress.send_modify(|progress| progress.idle_at = idle_at);
            }
            outcome.map(|_| ())
        })
        .await;
    }
}

/// The end of the server.
#[derive(Debug)]
pub(super) struct ServerEnd {
    io: DuplexStream,
    read: u64,
    turn: Turn,
}

impl ServerEnd {
    /// Returns what tells when the server waits.
    pub(super) fn turn(&self) -> Turn {
        self.turn.clone()
    }
}

impl Drop for ServerEnd {
    fn drop(&mut self) {
        self.turn.progress.send_modify(|progress| progress.has_closed = true);
    }
}

impl AsyncRead for ServerEnd {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.io).poll_read(context, buffer);
        if outcome.is_pending() {
            // 1 more, so that a server that has not read yet is not taken for one that waits.
            self.turn.found_nothing_at.store(self.read + 1, Ordering::Release);
        } else {
            self.read += (buffer.filled().len() - before) as u64;
        }
        outcome
    }
}

impl AsyncWrite for ServerEnd {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

/// The end of the client.
#[derive(Debug)]
pub(super) struct ClientEnd {
    io: DuplexStream,
    written: u64,
    tap: Vec<u8>,
    progress: watch::Receiver<Progress>,
}

impl ClientEnd {
    /// Waits until the server waits for the client, or has closed the connection. Returns whether it is open.
    pub(super) async fn until_idle(&mut self) -> bool {
        let read_all = self.written + 1;
        match self.progress.wait_for(|progress| progress.has_closed || progress.idle_at == read_all).await {
            Ok(progress) => !progress.has_closed,
            Err(_) => false,
        }
    }

    /// Returns the first bytes that went out since the last call, as somebody on the way sees them.
    pub(super) fn take_tap(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.tap)
    }
}

impl AsyncRead for ClientEnd {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl AsyncWrite for ClientEnd {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.io).poll_write(context, bytes);
        if let Poll::Ready(Ok(count)) = outcome {
            self.written += count as u64;
            let room = TAPPED.saturating_sub(self.tap.len());
            self.tap.extend_from_slice(&bytes[..count.min(room)]);
        }
        outcome
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
