//! The connection of a talk: lines in, bytes out.

use std::fmt;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::stream::Stream;
use super::tls::{Secured, Tls};
use crate::failure::Failure;
use crate::options::talk_options::{Place, TalkTarget};

/// A line longer than this is shown in pieces.
const LONGEST_LINE: usize = 65_536;

pub(super) struct Connection {
    stream: Box<dyn Stream>,
    input: Vec<u8>,
    limit: Duration,
}

impl Connection {
    /// Connects, and returns the connection with the name of the other end.
    pub(super) async fn open(target: &TalkTarget, limit: Duration) -> Result<(Self, String), Failure> {
        let connecting = async {
            Ok::<(Box<dyn Stream>, String), io::Error>(match &target.place {
                Place::Tcp { host, port } => {
                    let stream = TcpStream::connect((host.as_str(), *port)).await?;
                    // A line should not wait for the acknowledgment of the one before.
                    stream.set_nodelay(true)?;
                    let peer = stream.peer_addr()?.to_string();
                    (Box::new(stream), peer)
                }
                Place::Unix(path) => {
                    (Box::new(UnixStream::connect(path).await?), format!("unix:{}", path.display()))
                }
            })
        };
        let cannot = |why: &dyn fmt::Display| Failure::unusable(format!("cannot connect: {why}"));
        let connected =
            timeout(limit, connecting).await.map_err(|_| cannot(&"no answer in time; see --timeout"))?;
        let (stream, peer) = connected.map_err(|error| cannot(&error))?;
        Ok((Self { stream, input: Vec::new(), limit }, peer))
    }

    /// Begins TLS. Bytes that came before it are dropped, as anyone could have sent them, and their number is returned.
    pub(super) async fn secure(self, tls: &Tls) -> Result<(Self, Secured, usize), Failure> {
        let Self { stream, input, limit } = self;
        let failed = |why: &dyn fmt::Display| Failure::running(format!("the TLS handshake failed: {why}"));
        let handshake =
            timeout(limit, tls.handshake(stream)).await.map_err(|_| failed(&"no answer in time"))?;
        let (stream, secured) = handshake.map_err(|error| failed(&error))?;
        Ok((Self { stream, input: Vec::new(), limit }, secured, input.len()))
    }

    /// Sends bytes.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let sending = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        timeout(self.limit, sending).await.unwrap_or_else(|_| Err(late()))
    }

    /// Reads a line with its line end; at the end of the connection what is left, and then `None`.
    ///
    /// Cancel safe: bytes that were read stay for the next call.
    pub(super) async fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let end = self.input.iter().position(|&byte| byte == b'\n').map(|at| at + 1);
            if let Some(end) = end.or_else(|| (self.input.len() >= LONGEST_LINE).then_some(LONGEST_LINE)) {
                return Ok(Some(self.input.drain(..end).collect()));
            }
            let read = match self.stream.read_buf(&mut self.input).await {
                // Many servers end TLS without a word.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
                read => read?,
            };
            if read == 0 {
                let rest = std::mem::take(&mut self.input);
                return Ok((!rest.is_empty()).then_some(rest));
            }
        }
    }

    /// Like [`line`](Self::line), with the time limit of a reply.
    pub(super) async fn line_in_time(&mut self) -> io::Result<Option<Vec<u8>>> {
        let limit = self.limit;
        timeout(limit, self.line()).await.unwrap_or_else(|_| Err(late()))
    }
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the server did not answer in time; see --timeout")
}
