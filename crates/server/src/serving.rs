//! Listening sockets, the loop that accepts, and the end of it.

use std::future::{Future, IntoFuture, pending, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpSocket, TcpStream, ToSocketAddrs, lookup_host};
use tokio::task::JoinSet;

use crate::connections::Urgency;
use crate::driver::Opening;
use crate::server::Server;

/// A server with its listening sockets; await it to serve.
///
/// Connections are taken from the moment of [`listen`](Server::listen) on and answered once this is awaited.
///
/// # Examples
/// ```no_run
/// # async fn run(server: mailchute::Server) -> std::io::Result<()> {
/// use std::time::Duration;
///
/// server
///     .listen("0.0.0.0:25")
///     .await?
///     .and_listen_tls("0.0.0.0:465")
///     .await?
///     .with_graceful_shutdown(tokio::signal::ctrl_c(), Duration::from_secs(30))
///     .await
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nobody is answered until this is awaited"]
pub struct Serving {
    server: Server,
    listeners: Vec<(TcpListener, Opening)>,
    addresses: Vec<SocketAddr>,
}

/// Connections that may wait to be accepted; the kernel caps it at `net.core.somaxconn`.
const BACKLOG: u32 = 4_096;

/// How long sessions that are cut off get for their last reply.
const FAREWELL: Duration = Duration::from_secs(5);

impl Serving {
    pub(crate) fn new(server: Server) -> Self {
        Self { server, listeners: Vec::new(), addresses: Vec::new() }
    }

    /// Listens for SMTP on one more address.
    ///
    /// # Errors
    /// As [`Server::listen`].
    ///
    /// # Cancel safety
    /// As [`Server::listen`].
    pub async fn and_listen(self, address: impl ToSocketAddrs) -> io::Result<Self> {
        self.add(address, Opening::Plain).await
    }

    /// Listens for SMTP inside TLS on one more address.
    ///
    /// # Errors
    /// As [`Server::listen_tls`].
    ///
    /// # Cancel safety
    /// As [`Server::listen`].
    pub async fn and_listen_tls(self, address: impl ToSocketAddrs) -> io::Result<Self> {
        if !self.server.has_certificate() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a listener inside TLS needs a certificate: write .tls(…) or .tls_pem_files(…)",
            ));
        }
        self.add(address, Opening::Tls).await
    }

    async fn add(mut self, address: impl ToSocketAddrs, opening: Opening) -> io::Result<Self> {
        let mut failure = None;
        for address in lookup_host(address).await? {
            match bind(address) {
                Ok(listener) => {
                    self.addresses.push(listener.local_addr()?);
                    self.listeners.push((listener, opening));
                    return Ok(self);
                }
                Err(error) => failure = Some(io::Error::new(error.kind(), format!("{address}: {error}"))),
            }
        }
        Err(failure.unwrap_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the name has no address")))
    }

    /// The addresses listened on, in the order in which they were given, with the ports that were chosen for 0.
    #[must_use]
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Serves until `signal` completes; then takes no more connections, answers idle sessions `421 4.3.2`, lets
    /// transactions that are under way end for at most `grace`, tells the rest 421, and returns.
    ///
    /// # Errors
    /// None at present: what goes wrong with one connection is logged and ends that one only.
    ///
    /// # Cancel safety
    /// Dropping the future stops to accept; sessions that run go on until the runtime ends.
    pub async fn with_graceful_shutdown(self, signal: impl Future, grace: Duration) -> io::Result<()> {
        let mut signal = pin!(signal);
        // A signal is caught from its first poll on, so that comes before the first client is let in.
        let is_over = poll_fn(|context| Poll::Ready(signal.as_mut().poll(context).is_ready())).await;
        let connections = Arc::clone(self.server.connections());
        let mut accepting = JoinSet::new();
        for (listener, opening) in self.listeners {
            accepting.spawn(accept(self.server.clone(), listener, opening));
        }
        if !is_over {
            signal.await;
        }
        tracing::info!(sessions = connections.count(), "stopping");
        // The sockets close with the tasks that hold them.
        accepting.shutdown().await;
        connections.stop(Urgency::Drain);
        if tokio::time::timeout(grace, connections.until_empty()).await.is_err() {
            tracing::warn!(sessions = connections.count(), "the grace is over: cutting sessions off");
            connections.stop(Urgency::Now);
            let _ = tokio::time::timeout(FAREWELL, connections.until_empty()).await;
        }
        Ok(())
    }
}

/// Serves for ever.
impl IntoFuture for Serving {
    type Output = io::Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.with_graceful_shutdown(pending::<()>(), Duration::ZERO))
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restart need not wait for the last run's connections to fade.
    socket.set_reuseaddr(true)?;
    // Accepted connections inherit it, which spares a system call for each.
    socket.set_nodelay(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn accept(server: Server, listener: TcpListener, opening: Opening) {
    /// How long to wait when the process can open no more files.
    const PAUSE: Duration = Duration::from_millis(100);
    loop {
        match listener.accept().await {
            Ok((stream, client)) => admit(&server, stream, client, opening),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept connections");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Whether an error of `accept` speaks of a client that left before it was let in.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | ConnectionRefused)
}

fn admit(server: &Server, mut stream: TcpStream, client: SocketAddr, opening: Opening) {
    match server.enter(client) {
        Ok(place) => {
            let server = server.clone();
            tokio::spawn(async move { server.serve_at(place, Box::new(stream), client, opening).await });
        }
        // A client that expects TLS could not read the reply.
        Err(_) if opening == Opening::Tls => {}
        Err(refusal) => {
            tokio::spawn(async move {
                // The buffer of a new socket takes it at once.
                let _ = tokio::time::timeout(FAREWELL, async {
                    stream.write_all(&refusal).await?;
                    stream.shutdown().await
                })
                .await;
            });
        }
    }
}
