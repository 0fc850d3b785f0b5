//! A connection to a next hop: commands out, replies in, each in its time.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use mailchute_proto::next_hop::{Capabilities, ReplyReader, ServerReply};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout};

use super::error::HopError;

/// Commands that are sent before the first of their replies is read: so neither side fills the other's buffers.
const PIPELINED: usize = 50;

/// A stream of any kind.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

/// A connection that has been greeted.
pub(crate) struct Connection {
    pub(crate) stream: Box<dyn Stream>,
    pub(crate) replies: ReplyReader,
    pub(crate) capabilities: Capabilities,
    /// The place of its target in the list.
    pub(crate) target: usize,
    /// TLS has shown that this is the host of the URL.
    pub(crate) is_verified: bool,
    pub(crate) is_authenticated: bool,
    /// Whether another transaction has used it.
    pub(crate) is_used: bool,
    /// Replies that have not been read. With any, the connection cannot be used for another transaction.
    pub(crate) owed: usize,
    pub(crate) opened: Instant,
    pub(crate) last_used: Instant,
    pub(crate) permit: Option<OwnedSemaphorePermit>,
}

impl Connection {
    pub(crate) fn new(stream: Box<dyn Stream>, target: usize) -> Self {
        Self {
            stream,
            replies: ReplyReader::default(),
            capabilities: Capabilities::default(),
            target,
            is_verified: false,
            is_authenticated: false,
            is_used: false,
            owed: 0,
            opened: Instant::now(),
            last_used: Instant::now(),
            permit: None,
        }
    }

    /// Sends a command and reads its reply.
    ///
    /// # Cancel safety
    /// A dropped future leaves `owed` above 0.
    pub(crate) async fn command(
        &mut self,
        command: &str,
        what: &'static str,
        limit: Duration,
    ) -> Result<ServerReply, HopError> {
        self.owed += 1;
        self.write(format!("{command}\r\n").as_bytes(), what, limit).await?;
        self.reply(what, limit).await
    }

    /// Sends commands and reads a reply for each: all at once if the next hop takes that. Otherwise it ends with the first
    /// reply that `goes_on` does not take.
    pub(crate) async fn commands(
        &mut self,
        commands: &[String],
        limit: Duration,
        goes_on: impl Fn(usize, &ServerReply) -> bool,
    ) -> Result<Vec<ServerReply>, HopError> {
        let at_once = if self.capabilities.offer("PIPELINING") { PIPELINED } else { 1 };
        let mut replies = Vec::with_capacity(commands.len());
        for batch in commands.chunks(at_once) {
            self.owed += batch.len();
            let text = batch.iter().flat_map(|command| [command.as_str(), "\r\n"]).collect::<String>();
            self.write(text.as_bytes(), "a command", limit).await?;
            let mut stops = false;
            for _ in batch {
                let reply = self.reply("a command", limit).await?;
                stops |= !goes_on(replies.len(), &reply);
                replies.push(reply);
            }
            if stops {
                break;
            }
        }
        Ok(replies)
    }

    /// Writes all of it.
    pub(crate) async fn write(
        &mut self,
        bytes: &[u8],
        what: &'static str,
        limit: Duration,
    ) -> Result<(), HopError> {
        let write = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        timeout(limit, write).await.map_err(|_| HopError::Late(what))??;
        Ok(())
    }

    /// Reads the next reply. A 421 is an error: the next hop closes the connection.
    pub(crate) async fn reply(
        &mut self,
        what: &'static str,
        limit: Duration,
    ) -> Result<ServerReply, HopError> {
        let read = async {
            loop {
                if let Some(reply) = self.replies.next_reply()? {
                    return Ok::<_, HopError>(reply);
                }
                let mut buffer = [0; 1_024];
                match self.stream.read(&mut buffer).await? {
                    0 => return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
                    length => self.replies.push(&buffer[..length]),
                }
            }
        };
        let reply = timeout(limit, read).await.map_err(|_| HopError::Late(what))??;
        self.owed = self.owed.saturating_sub(1);
        if reply.is_farewell() { Err(HopError::Refused(what, reply)) } else { Ok(reply) }
    }

    /// Returns whether the next hop has neither closed the connection nor said anything unasked, as far as is known here.
    pub(crate) async fn is_open(&mut self) -> bool {
        let mut buffer = [0; 1];
        let mut buffer = ReadBuf::new(&mut buffer);
        let is_silent = poll_fn(|context| {
            Poll::Ready(Pin::new(&mut self.stream).poll_read(context, &mut buffer).is_pending())
        });
        self.owed == 0 && self.replies.is_empty() && is_silent.await
    }

    /// Says goodbye, and waits for the answer before it closes (RFC 5321 §4.1.1.10).
    pub(crate) async fn quit(mut self, limit: Duration) {
        if self.owed == 0 {
            // Its answer changes nothing.
            let _ = self.command("QUIT", "QUIT", limit).await;
            let _ = timeout(limit, self.stream.shutdown()).await;
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("target", &self.target)
            .field("owed", &self.owed)
            .finish_non_exhaustive()
    }
}
