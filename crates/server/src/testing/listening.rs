//! Servers on a port of loopback, for tests of programs that send mail.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::inbox::Inbox;
use crate::server::Server;
use crate::server::running::Running;

/// A server that listens on a free port of 127.0.0.1 until it is dropped. Open sessions are cut off then.
#[derive(Debug)]
#[must_use = "the server stops when this is dropped"]
pub struct TestServer {
    running: Running,
    addr: SocketAddr,
}

/// Runs a server on a free port of 127.0.0.1 that accepts every message for everybody, and puts it into
/// `inbox`.
///
/// # Errors
/// An error if no port can be listened on.
///
/// # Panics
/// Panics outside a tokio runtime.
///
/// # Cancel safety
/// Safe: dropping the future closes the port.
///
/// # Examples
/// ```
/// use mailchute::testing;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let inbox = testing::Inbox::new();
/// let server = testing::catch_all(&inbox).await?;
/// assert!(server.addr().ip().is_loopback());
/// assert!(inbox.messages().is_empty());
/// # Ok(())
/// # }
/// ```
pub async fn catch_all(inbox: &Inbox) -> io::Result<TestServer> {
    let server = Server::builder().store(inbox.clone()).build().map_err(io::Error::other)?;
    listen(&server).await
}

/// Runs `server` on a free port of 127.0.0.1, for tests that need hooks, authentication or TLS.
///
/// # Errors
/// An error if no port can be listened on.
///
/// # Panics
/// Panics outside a tokio runtime.
///
/// # Cancel safety
/// Safe: dropping the future closes the port.
///
/// # Examples
/// ```
/// use mailchute::{Server, Verdict, testing};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let inbox = testing::Inbox::new();
/// let server = Server::builder()
///     .on_rcpt_to(|to, _session| async move { Verdict::accept_if(to.is_local_to(["example.com"])) })
///     .store(inbox.clone())
///     .build()?;
/// let listening = testing::listen(&server).await?;
/// assert_ne!(listening.addr().port(), 0);
/// # Ok(())
/// # }
/// ```
pub async fn listen(server: &Server) -> io::Result<TestServer> {
    let running = server.listen((Ipv4Addr::LOCALHOST, 0)).await?.spawn(Duration::ZERO)?;
    let addr = running.addrs().first().copied().ok_or(io::ErrorKind::AddrNotAvailable)?;
    Ok(TestServer { running, addr })
}

impl TestServer {
    /// Returns the address that it listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns the running server, for its sessions and events.
    pub fn running(&self) -> &Running {
        &self.running
    }
}
