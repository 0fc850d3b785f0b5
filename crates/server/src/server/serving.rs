//! A server that listens, and the end of it.

use std::fmt::Debug;
use std::future::{Future, IntoFuture, pending, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::net::ToSocketAddrs;
use tokio::task::JoinSet;

use crate::connection::slots::Urgency;
use crate::listen::inherited::ListeningSocket;
use crate::listen::listener::Listener;
use crate::listen::unix::SocketFile;
use crate::net::arrival::Service;
use crate::net::endpoint::Endpoint;
use crate::server::Server;
use crate::server::accept::accept;

/// A server with its listening sockets; await it to serve.
///
/// Clients can connect from the moment of [`listen`](Server::listen) on, and are answered once this is awaited.
///
/// A server may have several of these, but they end together: see
/// [`with_graceful_shutdown`](Self::with_graceful_shutdown).
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
    listeners: Vec<Listener>,
    addresses: Vec<SocketAddr>,
}

/// How long sessions that are cut off get for their last reply.
pub(crate) const FAREWELL: Duration = Duration::from_secs(5);

impl Server {
    /// A server that listens nowhere yet, for addresses that come as a list: add them with [`Serving::and_listen`].
    pub fn serving(&self) -> Serving {
        Serving::new(self.clone())
    }

    /// Listens for SMTP on an address; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be listened on: it is taken, not of this host, or needs rights; or when it is none, as
    /// without a port. The error says which address it is about.
    ///
    /// # Cancel safety
    /// Safe: dropping the future closes what was opened.
    pub async fn listen(&self, address: impl ToSocketAddrs + Debug) -> io::Result<Serving> {
        self.serving().and_listen(address).await
    }

    /// Listens for SMTP inside TLS from the first octet on (RFC 8314; port 465).
    ///
    /// # Errors
    /// As [`listen`](Self::listen), and when the server has no certificate.
    ///
    /// # Cancel safety
    /// As [`listen`](Self::listen).
    pub async fn listen_tls(&self, address: impl ToSocketAddrs + Debug) -> io::Result<Serving> {
        self.serving().and_listen_tls(address).await
    }

    /// Listens on an address for LMTP (RFC 2033), by which mail servers hand over what they have for local mailboxes and
    /// get a reply for each recipient.
    ///
    /// # Errors
    /// As [`listen`](Self::listen), and for port 25, where LMTP must not be spoken (RFC 2033 §5).
    ///
    /// # Cancel safety
    /// As [`listen`](Self::listen).
    pub async fn listen_lmtp(&self, address: impl ToSocketAddrs + Debug) -> io::Result<Serving> {
        self.serving().and_listen_lmtp(address).await
    }
}

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
    pub async fn and_listen(self, address: impl ToSocketAddrs + Debug) -> io::Result<Self> {
        self.add(Listener::tcp(address, Service::SMTP).await)
    }

    /// Listens for SMTP inside TLS on one more address.
    ///
    /// # Errors
    /// As [`Server::listen_tls`].
    ///
    /// # Cancel safety
    /// As [`Server::listen`].
    pub async fn and_listen_tls(self, address: impl ToSocketAddrs + Debug) -> io::Result<Self> {
        self.has_certificate()?;
        self.add(Listener::tcp(address, Service::SMTP_INSIDE_TLS).await)
    }

    /// Listens for LMTP (RFC 2033) on one more address: the end of a message has one reply for each recipient; see
    /// [`Message::refuse`](crate::Message::refuse).
    ///
    /// # Errors
    /// As [`Server::listen_lmtp`].
    ///
    /// # Cancel safety
    /// As [`Server::listen`].
    pub async fn and_listen_lmtp(self, address: impl ToSocketAddrs + Debug) -> io::Result<Self> {
        self.add(Listener::tcp(address, Service::LMTP).await)
    }

    /// Listens for SMTP on one more Unix socket: a path, or a [`SocketFile`] that says more.
    ///
    /// Its clients have no network address: see [`Session::is_over_unix_socket`](crate::Session::is_over_unix_socket).
    ///
    /// # Errors
    /// When a server listens there already, another file lies there, the directory is missing or forbids it, or the
    /// path is longer than a socket's may be (107 octets).
    ///
    /// # Cancel safety
    /// As [`Server::listen`].
    pub async fn and_listen_unix(self, socket: impl Into<SocketFile>) -> io::Result<Self> {
        self.add(Listener::unix(&socket.into(), Service::SMTP).await)
    }

    /// Listens for LMTP on one more Unix socket, where a mail server of this host hands over what it has for local
    /// mailboxes. [`SocketFile::mode`] decides who may connect; nothing else is demanded here, neither by
    /// [`Builder::require_auth`](crate::Builder::require_auth) nor by
    /// [`Builder::require_tls`](crate::Builder::require_tls).
    ///
    /// # Errors
    /// As [`and_listen_unix`](Self::and_listen_unix).
    ///
    /// # Cancel safety
    /// As [`Server::listen`].
    pub async fn and_listen_lmtp_unix(self, socket: impl Into<SocketFile>) -> io::Result<Self> {
        self.add(Listener::unix(&socket.into(), Service::LMTP).await)
    }

    /// Takes connections for SMTP from one more socket, which listens already.
    ///
    /// # Errors
    /// When the runtime cannot watch the socket.
    ///
    /// # Cancel safety
    /// As [`Server::listen`].
    pub async fn and_take(self, socket: ListeningSocket) -> io::Result<Self> {
        self.add(Listener::taken(socket, Service::SMTP))
    }

    /// As [`and_take`](Self::and_take), for SMTP inside TLS.
    ///
    /// # Errors
    /// As [`and_take`](Self::and_take), and when the server has no certificate.
    ///
    /// # Cancel safety
    /// As [`Server::listen`].
    pub async fn and_take_tls(self, socket: ListeningSocket) -> io::Result<Self> {
        self.has_certificate()?;
        self.add(Listener::taken(socket, Service::SMTP_INSIDE_TLS))
    }

    /// As [`and_take`](Self::and_take), for LMTP (RFC 2033).
    ///
    /// # Errors
    /// As [`and_take`](Self::and_take), and for port 25, where LMTP must not be spoken (RFC 2033 §5).
    ///
    /// # Cancel safety
    /// As [`Server::listen`].
    pub async fn and_take_lmtp(self, socket: ListeningSocket) -> io::Result<Self> {
        self.add(Listener::taken(socket, Service::LMTP))
    }

    fn has_certificate(&self) -> io::Result<()> {
        if self.server.has_certificate() {
            return Ok(());
        }
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a listener inside TLS needs a certificate: write .tls(…) or .tls_pem_files(…)",
        ))
    }

    fn add(mut self, listener: io::Result<Listener>) -> io::Result<Self> {
        let listener = listener?;
        if let Endpoint::Tcp(address) = listener.endpoint() {
            self.addresses.push(*address);
        }
        self.listeners.push(listener);
        Ok(self)
    }

    /// Everything listened on, in the order in which it was given, with the ports that were chosen for 0.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.listeners.iter().map(Listener::endpoint)
    }

    /// All sockets listened on once more, in the order of [`endpoints`](Self::endpoints), for another process that is
    /// to take them over. As long as one of them is open the socket listens, so drop those that are not handed on
    /// before this server is to stop. They are closed in programs that are started (`CLOEXEC`), unless these are given
    /// them.
    ///
    /// Once the other process accepts, [leave it the files](ListeningSocket::leave_file) of Unix sockets, and let
    /// [`with_graceful_shutdown`](Self::with_graceful_shutdown) end this server: no client is refused.
    ///
    /// # Errors
    /// When the process can open no more files.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn run(server: mailchute::Server, hand_over: impl AsyncFn(&mailchute::ListeningSocket)) -> std::io::Result<()> {
    /// use std::time::Duration;
    ///
    /// let serving = server.listen("127.0.0.1:2525").await?;
    /// let sockets = serving.sockets()?;
    /// let taken_over = async move {
    ///     for socket in &sockets {
    ///         hand_over(socket).await;
    ///         socket.leave_file();
    ///     }
    /// };
    /// serving.with_graceful_shutdown(taken_over, Duration::from_secs(30)).await
    /// # }
    /// ```
    pub fn sockets(&self) -> io::Result<Vec<ListeningSocket>> {
        self.listeners.iter().map(Listener::share).collect()
    }

    /// The addresses of TCP listened on, in the order in which they were given, with the ports that were chosen for 0.
    #[must_use]
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Serves until `signal` completes; then takes no more connections, answers idle sessions `421 4.3.2`, gives
    /// transactions that are under way at most `grace` to end, tells the rest 421, and returns.
    ///
    /// This ends the whole [`Server`], for good: it stops, and waits for, the sessions of every other `Serving` of that
    /// server and of [`Server::serve_connection`] as well. The others accept until their own signal comes, but whoever
    /// connects to them, to an address listened on later or by `serve_connection` is greeted and then told `421 4.3.2`.
    /// So listen on all addresses by one `Serving`, or give all of them the same signal; build another server for what
    /// shall stop by itself.
    ///
    /// # Errors
    /// None at present: what goes wrong with one connection is logged and ends that one only.
    ///
    /// # Cancel safety
    /// Dropping the future closes the sockets; sessions that run go on until the runtime ends.
    pub async fn with_graceful_shutdown(self, signal: impl Future, grace: Duration) -> io::Result<()> {
        let mut signal = pin!(signal);
        // A signal is caught from its first poll on, so that comes before the first client is let in.
        let is_over = poll_fn(|context| Poll::Ready(signal.as_mut().poll(context).is_ready())).await;
        let connections = self.server.connections();
        let mut accepting = JoinSet::new();
        for listener in self.listeners {
            accepting.spawn(accept(listener, self.server.clone()));
        }
        if !is_over {
            signal.await;
        }
        tracing::info!(name: "stopping", sessions = connections.count(), "stopping");
        // The sockets close, and their files go, with the tasks that hold them.
        accepting.shutdown().await;
        connections.stop(Urgency::Drain);
        if tokio::time::timeout(grace, connections.until_empty()).await.is_err() {
            let sessions = connections.count();
            tracing::warn!(name: "grace-over", sessions, "the grace is over: cutting sessions off");
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
