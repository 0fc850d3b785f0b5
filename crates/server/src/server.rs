//! The server: what all its sessions share, and the ways to give it connections.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::ToSocketAddrs;

use crate::builder::Builder;
use crate::connections::{Connections, NoPlace, Place};
use crate::core::Core;
use crate::disconnect::Disconnect;
use crate::driver::{Driver, Opening};
use crate::event::{Event, Events};
use crate::listener::{FAREWELL, Service};
use crate::origin::Origin;
use crate::proxy::Header;
use crate::serving::Serving;
use crate::session::Session;
use crate::tls::{TlsConfig, TlsError};
use crate::wire::{Io, Wire};

/// An SMTP server. A handle: clones are cheap and are the same server.
///
/// # Examples
/// The smallest server, which accepts all mail and forgets it:
/// ```no_run
/// use mailchute::Server;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::builder()
///     .on_data(|mut message, _session| async move {
///         while message.chunk().await?.is_some() {}
///         Ok(())
///     })
///     .build()?;
/// server.listen("127.0.0.1:2525").await?.await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Server(Arc<Core>);

impl Server {
    /// Begins with all options at their defaults.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn new(core: Core) -> Self {
        Self(Arc::new(core))
    }

    pub(crate) fn connections(&self) -> &Arc<Connections> {
        &self.0.connections
    }

    pub(crate) fn has_certificate(&self) -> bool {
        self.0.tls.is_some()
    }

    /// The name by which the server greets.
    #[must_use]
    pub fn hostname(&self) -> &str {
        &self.0.hostname
    }

    /// Puts other certificates in force, for handshakes that begin from now on, and other ideas of
    /// [client certificates](TlsConfig::client_certificates). Sessions that are inside TLS, and handshakes that have
    /// begun, go on with what they have. Tickets of earlier sessions hold no longer: their clients shake hands in full.
    ///
    /// The change is made as a whole: a [`TlsConfig`] that cannot be used cannot be made.
    ///
    /// # Errors
    /// [`TlsError`] when the server was built without TLS.
    ///
    /// # Examples
    /// ```no_run
    /// # fn reload(server: &mailchute::Server) -> Result<(), mailchute::TlsError> {
    /// use mailchute::TlsConfig;
    ///
    /// // When a file is wrong, this returns here, and what was in force stays so.
    /// server.reload_tls(TlsConfig::from_pem_files("cert.pem", "key.pem")?)
    /// # }
    /// ```
    pub fn reload_tls(&self, tls: TlsConfig) -> Result<(), TlsError> {
        let in_force = self.0.tls.as_ref().ok_or_else(TlsError::not_offered)?;
        in_force.replace(tls);
        Ok(())
    }

    /// Subscribes to all events from now on.
    #[must_use]
    pub fn events(&self) -> Events {
        self.0.subscribers.subscribe()
    }

    /// A server that listens nowhere yet, for lists of addresses that are read from elsewhere: add them with
    /// [`Serving::and_listen`].
    pub fn serving(&self) -> Serving {
        Serving::new(self.clone())
    }

    /// Listens for SMTP on an address; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be listened on: it is taken, not of this host, or needs rights.
    ///
    /// # Cancel safety
    /// Safe: dropping the future closes what was opened.
    pub async fn listen(&self, address: impl ToSocketAddrs) -> io::Result<Serving> {
        self.serving().and_listen(address).await
    }

    /// Listens for SMTP inside TLS from the first octet on (RFC 8314; port 465).
    ///
    /// # Errors
    /// As [`listen`](Self::listen), and when the server has no certificate.
    ///
    /// # Cancel safety
    /// As [`listen`](Self::listen).
    pub async fn listen_tls(&self, address: impl ToSocketAddrs) -> io::Result<Serving> {
        self.serving().and_listen_tls(address).await
    }

    /// Listens for LMTP (RFC 2033) on an address: mail servers hand over what they have for local mailboxes, and get a
    /// reply for each recipient.
    ///
    /// # Errors
    /// As [`listen`](Self::listen), and for port 25, where LMTP must not be spoken (RFC 2033 §5).
    ///
    /// # Cancel safety
    /// As [`listen`](Self::listen).
    pub async fn listen_lmtp(&self, address: impl ToSocketAddrs) -> io::Result<Serving> {
        self.serving().and_listen_lmtp(address).await
    }

    /// Runs one session of SMTP over anything that carries octets, and returns when it is over.
    ///
    /// `client` is the other end of the connection; if that is a proxy of
    /// [`Builder::proxy_from`], a PROXY header has to come first.
    ///
    /// Connections that come this way count towards the limits like all others.
    ///
    /// # Cancel safety
    /// Dropping the future cuts the session off: the client gets no further reply, a message that was not answered
    /// is not kept, and the disconnect hook is not told.
    pub async fn serve_connection(&self, io: impl Io + 'static, client: SocketAddr) {
        self.serve(Box::new(io), client, Service::SMTP).await;
    }

    /// As [`serve_connection`](Self::serve_connection), in LMTP.
    ///
    /// # Cancel safety
    /// As [`serve_connection`](Self::serve_connection).
    pub async fn serve_lmtp_connection(&self, io: impl Io + 'static, client: SocketAddr) {
        self.serve(Box::new(io), client, Service::LMTP).await;
    }

    async fn serve(&self, mut io: Box<dyn Io>, client: SocketAddr, service: Service) {
        let origin = Origin::Network(client);
        match self.enter(origin) {
            Ok(place) => {
                let wire = Wire::new(io, place);
                if self.0.clients.is_proxy(origin) {
                    self.serve_introduced(wire, origin, service).await;
                } else {
                    self.driver(wire, origin, None, service).run().await;
                }
            }
            Err(refusal) => {
                use tokio::io::AsyncWriteExt as _;
                // Nobody waits for a client that does not even take this.
                let _ = io.write_all(&refusal).await;
                let _ = io.shutdown().await;
            }
        }
    }

    /// Serves a connection that has its place in a task of its own.
    pub(crate) fn spawn(&self, place: Place, io: Box<dyn Io>, origin: Origin, service: Service) {
        let wire = Wire::new(io, place);
        // Two kinds of tasks, as the room for an introduction would be the largest part of most that have none.
        if self.0.clients.is_proxy(origin) {
            let server = self.clone();
            tokio::spawn(async move { server.serve_introduced(wire, origin, service).await });
        } else {
            tokio::spawn(self.driver(wire, origin, None, service).run());
        }
    }

    async fn serve_introduced(&self, mut wire: Wire, origin: Origin, service: Service) {
        if let Some(header) = self.introduction(&mut wire, origin, service.opening).await {
            self.driver(wire, origin, Some(header), service).run().await;
        }
    }

    fn driver(&self, wire: Wire, origin: Origin, header: Option<Header>, service: Service) -> Driver {
        let session = Session::new(Arc::clone(&self.0.hostname), origin, header, service.dialect);
        Driver::new(Arc::clone(&self.0), wire, session, service, header)
    }

    /// The PROXY header of a proxy whose client there is a place for; the others are closed.
    async fn introduction(&self, wire: &mut Wire, peer: Origin, opening: Opening) -> Option<Header> {
        let header = match wire.proxy_header(self.0.timeouts.proxy).await {
            Ok(header) => header,
            Err(error) => {
                let client = peer.addr().ip().to_canonical();
                tracing::warn!(%peer, %error, "turned away");
                self.0.subscribers.tell(|| Event::TurnedAway { client });
                return None;
            }
        };
        let (client, counted) = match header {
            Header::Local => (peer, peer.counted_as()),
            Header::Proxied { client, .. } => {
                let client = Origin::Network(client);
                (client, self.0.clients.counted_as(client))
            }
        };
        let Err(no_place) = wire.belongs_to(counted) else { return Some(header) };
        let mut refusal = self.turn_away(client, no_place);
        // A client that expects TLS could not read the reply.
        if opening == Opening::Plain && wire.flush(&mut refusal, FAREWELL).await.is_ok() {
            wire.close(Disconnect::Limit).await;
        }
        None
    }

    /// A place for a client, or the octets that tell it that there is none.
    pub(crate) fn enter(&self, origin: Origin) -> Result<Place, Vec<u8>> {
        // Who counts is the client of a proxy, and that one is not known yet.
        let named = self.0.clients.counted_as(origin).filter(|_| !self.0.clients.is_proxy(origin));
        self.0.connections.enter(named).map_err(|no_place| self.turn_away(origin, no_place))
    }

    fn turn_away(&self, origin: Origin, no_place: NoPlace) -> Vec<u8> {
        let client = origin.addr().ip().to_canonical();
        tracing::warn!(client = %origin, reason = ?no_place, "turned away");
        self.0.subscribers.tell(|| Event::TurnedAway { client });
        let mut octets = Vec::new();
        no_place.reply().encode(&mut octets);
        octets
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("hostname", &self.hostname()).finish_non_exhaustive()
    }
}
