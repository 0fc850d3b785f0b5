//! Clients that send without reading the replies: the memory that each can make the server hold. This file is its own
//! process with one test, so that other allocations are not counted.

mod support;

use crate::support::StoreBy as _;
use std::future::pending;
use std::io;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use mailchute::{Builder, Message, Refusal, Session};
use peak_alloc::PeakAlloc;
use support::talk::CLIENT;
use support::{accepting, build, read_all, tls};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::sleep;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

const SESSIONS: usize = 100;

/// The bytes allowed for each: commands, replies, the session itself, and a message that has begun.
const ROOM: usize = 52 * 1024;

/// Like [`ROOM`], for a transaction with the most and longest recipients, whose message stops.
const ROOM_OF_TRANSACTION: usize = 400 * 1024;

/// The client's behaviour, the server, and how it is attacked.
type Case = (&'static str, Builder, fn() -> Flood);

const FEW: &[u8] = b"HELP\r\nHELP\r\nHELP\r\nHELP\r\n";

/// A client whose commands never end, unless their number is given.
struct Flood {
    /// Sent before them.
    first: &'static [u8],
    commands: std::iter::Cycle<std::slice::Iter<'static, u8>>,
    /// The bytes that it still sends.
    sends: usize,
    /// The bytes that it still reads.
    reads: usize,
    /// Sends nothing until the server has sent something: the greeting, or a reply to its first input.
    awaits_reply: bool,
    waker: Option<Waker>,
}

impl Flood {
    fn of(commands: &'static [u8]) -> Self {
        Self {
            first: b"",
            commands: commands.iter().cycle(),
            sends: usize::MAX,
            reads: 1_000,
            awaits_reply: true,
            waker: None,
        }
    }

    fn once(commands: &'static [u8]) -> Self {
        Self { sends: commands.len(), ..Self::of(commands) }
    }
}

/// A transaction whose message stops inside a chunk.
fn transaction() -> Flood {
    static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let (path, original) = ("p".repeat(60), "o".repeat(480));
        let recipient = format!("RCPT TO:<{path}@example.com> ORCPT=rfc822;{original}\r\n");
        let begin = "EHLO client.example\r\nMAIL FROM:<>\r\n";
        [begin.as_bytes(), &recipient.repeat(1_000).into_bytes(), b"BDAT 100000\r\nSubject: x"].concat()
    });
    Flood { reads: usize::MAX, ..Flood::once(&BYTES) }
}

/// A hook that reads the message and never decides.
async fn forever(message: Message, _: Session) -> Result<(), Refusal> {
    read_all(message).await?;
    pending().await
}

impl AsyncRead for Flood {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.awaits_reply || self.sends == 0 {
            self.waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        if !self.first.is_empty() {
            buffer.put_slice(std::mem::take(&mut self.first));
            self.awaits_reply = true;
            return Poll::Ready(Ok(()));
        }
        let count = self.sends.min(buffer.remaining());
        self.sends -= count;
        for _ in 0..count {
            buffer.put_slice(&[*self.commands.next().expect("they never end")]);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Flood {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let count = self.reads.min(bytes.len());
        if count == 0 {
            return Poll::Pending;
        }
        self.reads -= count;
        self.awaits_reply = false;
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The bytes that each of many such sessions holds after half a second, before any timeout.
async fn held(builder: Builder, flood: fn() -> Flood) -> usize {
    let server = build(builder.max_connections_per_client(0).max_junk_commands(0));
    let before = ALLOCATED.current_usage();
    let sessions: Vec<_> = (0..SESSIONS)
        .map(|_| {
            let server = server.clone();
            tokio::spawn(async move { server.serve_connection(flood(), CLIENT).await })
        })
        .collect();
    sleep(Duration::from_millis(500)).await;
    let ended = sessions.iter().filter(|session| session.is_finished()).count();
    assert_eq!(ended, 0, "sessions ended");
    let held = (ALLOCATED.current_usage() - before) / SESSIONS;
    for session in sessions {
        session.abort();
        let _ = session.await;
    }
    held
}

#[tokio::test(start_paused = true)]
async fn holds_little_memory_for_clients_that_send_without_reading() {
    let cases: [Case; 10] = [
        ("reads no reply", accepting(), || Flood::of(b"NOOP\r\n")),
        ("reads no long reply", accepting(), || Flood::of(b"HELP\r\n")),
        ("reads not even a few replies", accepting(), || Flood { reads: 300, ..Flood::once(FEW) }),
        ("reads no reply between two chunks", accepting(), || Flood {
            first: b"EHLO client.example\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.com>\r\nBDAT 1\r\nx",
            ..Flood::of(b"NOOP\r\n")
        }),
        ("waits for the reply to an error", accepting(), || Flood {
            reads: usize::MAX,
            ..Flood::of(b"FROBNICATE\r\n")
        }),
        ("has quit", accepting().on_disconnect(|_, _| pending::<()>()), || Flood::once(b"QUIT\r\n")),
        ("is kept waiting by a hook", accepting().on_ehlo(|_, _| pending::<Result<(), Refusal>>()), || {
            Flood::of(b"EHLO client.example\r\n")
        }),
        ("says STARTTLS and no more", accepting().tls(tls::config()), || {
            Flood::once(b"EHLO client.example\r\nSTARTTLS\r\n")
        }),
        ("waits for a verdict", accepting().store_by(forever), || {
            Flood::once(
                b"EHLO client.example\r\nMAIL FROM:<>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\nHi\r\n.\r\n",
            )
        }),
        ("was hung up on and does not close", accepting(), || Flood {
            sends: 60 * 1024,
            awaits_reply: false,
            ..Flood::of(b"NOOP\r\n")
        }),
    ];
    for (client, builder, flood) in cases {
        let held = held(builder, flood).await;
        assert!(held < ROOM, "{held} bytes for each client that {client}");
    }
    let held = held(accepting(), transaction).await;
    assert!(held > ROOM, "{held} bytes: the recipients were not taken");
    assert!(held < ROOM_OF_TRANSACTION, "{held} bytes for each client that stops within a message");
}
