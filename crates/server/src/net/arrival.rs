//! A connection as it comes in: who the client is, and which protocol is spoken.

use std::net::SocketAddr;
use std::sync::Arc;

use mailchute_proto::Protocol;

use crate::net::endpoint::Endpoint;
use crate::net::peer::Peer;
use crate::net::queued::Queued;
use crate::runtime::listener_counts::ListenerCounts;

/// A connection that the application brings to [`Server::serve_connection`](crate::Server::serve_connection).
/// It says who the client is, and which protocol is spoken.
///
/// A [`SocketAddr`] becomes an arrival for SMTP, with the client at that address.
///
/// # Examples
/// ```
/// # async fn run(server: mailchute::Server, stream: tokio::net::TcpStream) -> std::io::Result<()> {
/// use mailchute::listen::Arrival;
///
/// let arrival = Arrival::new(stream.peer_addr()?).local_addr(stream.local_addr()?).listener("submission");
/// server.serve_connection(stream, arrival).await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "an arrival does nothing until it is served"]
pub struct Arrival {
    pub(crate) origin: Peer,
    pub(crate) service: Service,
    /// The listener that took the connection, if it is known.
    pub(crate) entrance: Option<Arc<Entrance>>,
    pub(crate) local: Option<SocketAddr>,
    /// The message that the connection brings, if it comes from a queue.
    pub(crate) queued: Option<Arc<Queued>>,
}

/// The listener that took a connection, as its session knows it.
#[derive(Debug)]
pub(crate) struct Entrance {
    pub(crate) name: Arc<str>,
    /// `None` if the application took the connection.
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) counts: ListenerCounts,
}

impl Arrival {
    /// Returns a connection for SMTP. `client` is the other end. If that is a proxy of
    /// [`Builder::proxy_from`](crate::Builder::proxy_from), a PROXY header must come first.
    pub fn new(client: SocketAddr) -> Self {
        Self::from_peer(Peer::Network(client))
    }

    /// Returns a connection for SMTP over a Unix socket, whose client has no network address.
    pub fn over_unix_socket() -> Self {
        Self::from_peer(Peer::UnixSocket)
    }

    fn from_peer(origin: Peer) -> Self {
        Self { origin, service: Service::SMTP, entrance: None, local: None, queued: None }
    }

    /// Speaks TLS from the first byte on. If the server has no certificate, it closes the connection.
    pub fn implicit_tls(mut self) -> Self {
        self.service.opening = Opening::Tls;
        self
    }

    /// Speaks LMTP (RFC 2033).
    pub fn lmtp(mut self) -> Self {
        self.service.protocol = Protocol::Lmtp;
        self
    }

    /// Sets the address of the server's end, which [`Session::local_addr`](crate::Session::local_addr) tells. Default
    /// is none.
    pub fn local_addr(mut self, address: SocketAddr) -> Self {
        self.local = Some(address);
        self
    }

    /// Sets the name that [`Session::listener`](crate::Session::listener) tells, as if a listener of this name had
    /// taken the connection. Default is none.
    pub fn listener(mut self, name: impl Into<Arc<str>>) -> Self {
        self.entrance =
            Some(Arc::new(Entrance { name: name.into(), endpoint: None, counts: ListenerCounts::default() }));
        self
    }

    /// Says that the connection brings one message of a queue that belongs to this mail system, such as one that
    /// `mailchute deliver` reads.
    ///
    /// The message has been received before, and has its `Received:`. So stores write no other one, and
    /// [`Session::queued`](crate::Session::queued) tells them which message it is. A store can keep it once however often
    /// the queue hands it over. The queue reports results, so the log has no lines `accepted` and `refused` of such a
    /// session.
    ///
    /// Such a session counts as one inside TLS, so that REQUIRETLS can be passed on. It may use XFORWARD and XCLIENT.
    ///
    /// ```
    /// # async fn run(server: mailchute::Server, stream: tokio::io::DuplexStream) {
    /// use std::time::SystemTime;
    ///
    /// use mailchute::listen::{Arrival, Queued};
    ///
    /// let message = Queued::new("MAIL-1042", SystemTime::now());
    /// server.serve_connection(stream, Arrival::over_unix_socket().lmtp().queued(message)).await;
    /// # }
    /// ```
    pub fn queued(mut self, message: Queued) -> Self {
        self.queued = Some(Arc::new(message));
        self
    }
}

impl From<SocketAddr> for Arrival {
    fn from(client: SocketAddr) -> Self {
        Self::new(client)
    }
}

/// The service that a listener offers to its clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) protocol: Protocol,
    pub(crate) opening: Opening,
}

impl Service {
    pub(crate) const SMTP: Self = Self { protocol: Protocol::Smtp, opening: Opening::Plain };
}

/// How a connection begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// In the clear; TLS comes by STARTTLS if at all.
    Plain,
    /// With a TLS handshake (RFC 8314).
    Tls,
}
