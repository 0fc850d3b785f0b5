//! A client without a socket.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufStream, DuplexStream};

use crate::net::arrival::Arrival;
use crate::server::Server;

/// Octets on their way at most, in each direction.
const PIPE: usize = 64 * 1024;

/// Where clients come from unless it is said.
const CLIENT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 49_152);

/// A client that is connected to a server in memory.
///
/// Its methods panic when the server has closed the connection, or sends what is no reply: it is made for tests.
#[derive(Debug)]
pub struct Client {
    stream: BufStream<DuplexStream>,
}

/// Connects to `server` from 127.0.0.1; the session runs in a task of its own.
#[must_use]
pub fn client(server: &Server) -> Client {
    client_from(server, CLIENT)
}

/// As [`client`], for LMTP: the end of a message has a reply for each recipient, of which [`Client::send`] reads the
/// first and [`Client::read_reply`] the others.
///
/// ```
/// use mailchute::{Receipt, Server, testing};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mailchute::BuildError> {
/// let server = Server::builder()
///     .on_store(|mut message, _session| async move {
///         message.bytes().await?;
///         Ok(Receipt::new("Message accepted"))
///     })
///     .build()?;
/// let mut client = testing::lmtp_client(&server);
/// client.greeting().await.expect(220);
/// client.send("LHLO client.example").await.expect(250);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn lmtp_client(server: &Server) -> Client {
    let (ours, theirs) = tokio::io::duplex(PIPE);
    let server = server.clone();
    tokio::spawn(async move { server.serve_connection(theirs, Arrival::new(CLIENT).lmtp()).await });
    Client { stream: BufStream::new(ours) }
}

/// As [`client`], from another address.
#[must_use]
pub fn client_from(server: &Server, address: SocketAddr) -> Client {
    let (ours, theirs) = tokio::io::duplex(PIPE);
    let server = server.clone();
    tokio::spawn(async move { server.serve_connection(theirs, address).await });
    Client { stream: BufStream::new(ours) }
}

/// A reply of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    lines: Vec<String>,
}

impl Client {
    /// Reads the greeting, or any reply that comes unasked.
    ///
    /// # Panics
    ///
    /// If the server has closed the connection.
    #[must_use = "expect something of it"]
    pub async fn greeting(&mut self) -> Reply {
        self.read_reply().await
    }

    /// Reads one more reply, such as that for the next recipient in LMTP.
    ///
    /// # Panics
    ///
    /// If the server has closed the connection.
    #[must_use = "expect something of it"]
    pub async fn read_reply(&mut self) -> Reply {
        self.try_read_reply().await.expect("the server has closed the connection")
    }

    /// Sends a line, to which CRLF is added, and reads the reply.
    ///
    /// # Panics
    ///
    /// If the server has closed the connection.
    #[must_use = "expect something of it"]
    pub async fn send(&mut self, line: &str) -> Reply {
        self.send_octets(format!("{line}\r\n").as_bytes()).await;
        self.read_reply().await
    }

    /// Sends octets as they are and reads nothing. What a closed connection does not take is lost.
    pub async fn send_octets(&mut self, octets: &[u8]) {
        if self.stream.write_all(octets).await.is_ok() {
            let _ = self.stream.flush().await;
        }
    }

    /// Reads a reply; `None` when the server has closed the connection.
    ///
    /// # Panics
    ///
    /// If a line of the reply does not end with CRLF.
    pub async fn try_read_reply(&mut self) -> Option<Reply> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let line = line.strip_suffix("\r\n").expect("a reply line ends with CRLF").to_owned();
            let goes_on = line.as_bytes().get(3) == Some(&b'-');
            lines.push(line);
            if !goes_on {
                return Some(Reply { lines });
            }
        }
    }

    /// Closes the client's side; what the server still says can be read.
    pub async fn close(&mut self) {
        let _ = self.stream.shutdown().await;
    }
}

impl Reply {
    /// The reply code.
    #[must_use]
    pub fn code(&self) -> u16 {
        self.lines
            .last()
            .and_then(|line| line.get(..3))
            .and_then(|code| code.parse().ok())
            .unwrap_or_default()
    }

    /// The lines as they came, without CRLF.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Returns the reply if it has this code.
    ///
    /// # Panics
    ///
    /// If the reply has another code.
    #[track_caller]
    pub fn expect(self, code: u16) -> Self {
        assert_eq!(self.code(), code, "the server said: {self}");
        self
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join("\n"))
    }
}
