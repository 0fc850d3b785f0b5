//! The server: what all its sessions share, and the ways to give it connections.

pub(crate) mod accept;
pub(crate) mod build_error;
pub(crate) mod builder;
pub(crate) mod serving;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio::net::ToSocketAddrs;

use crate::connection::slots::Connections;
use crate::connection::wire::Io;
use crate::driver::shared::Core;
use crate::events::subscribers::Events;
use crate::listen::listener::Service;
use crate::server::accept::Arrival;
use crate::server::build_error::BuildError;
use crate::server::builder::Builder;
use crate::server::serving::Serving;
use crate::tls::{TlsConfig, TlsError};

/// An SMTP server. A handle: clones are cheap and are the same server.
///
/// It stops as a whole, and for good, when the first [`Serving`] of it
/// [ends](Serving::with_graceful_shutdown).
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
pub struct Server(Arc<RwLock<Arc<Core>>>);

impl Server {
    /// Begins with all options at their defaults.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn new(core: Core) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(core))))
    }

    /// What sessions begin with now. A connection looks once, so that all of it is of one configuration.
    pub(crate) fn core(&self) -> Arc<Core> {
        // Only whole ones are ever put here.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn connections(&self) -> Arc<Connections> {
        Arc::clone(&self.core().connections)
    }

    pub(crate) fn has_certificate(&self) -> bool {
        self.core().tls.is_some()
    }

    /// The name by which the server greets.
    #[must_use]
    pub fn hostname(&self) -> Arc<str> {
        Arc::clone(&self.core().hostname)
    }

    /// Replaces all options, the hooks and the store, for connections that come from now on. Sessions that run keep what
    /// they began with, to their end. The builder begins at the defaults, so what shall stay is given again.
    ///
    /// All of it is put in force, or nothing. What belongs to the server and not to a session goes on:
    ///
    /// - Open connections count towards the new limits on connections. Where there are more than these allow, none is
    ///   closed, and none is taken until there are fewer.
    /// - [Certificates](Builder::tls) are put in force as by [`reload_tls`](Self::reload_tls): a session that runs finds
    ///   the new ones if it says STARTTLS.
    /// - [Subscribers](Self::events) get the events of sessions of either kind.
    /// - The [secret of SCRAM](Builder::scram_secret) stays unless another is given.
    ///
    /// Where the server listens is not changed by this; see [`Serving`].
    ///
    /// # Errors
    /// [`BuildError`] as for [`Builder::build`], and when the server had a certificate and the new options have none, as
    /// listeners inside TLS need one. Everything stays as it was.
    ///
    /// # Examples
    /// ```
    /// use mailchute::{Builder, Server, testing};
    ///
    /// fn options() -> Builder {
    ///     Server::builder()
    ///         .on_data(|mut message, _session| async move { message.bytes().await.map(drop).map_err(Into::into) })
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), mailchute::BuildError> {
    /// let server = options().hostname("old.example.com").build()?;
    /// let mut before = testing::client(&server);
    /// before.greeting().await.expect(220);
    ///
    /// server.reconfigure(options().hostname("new.example.com"))?;
    /// assert!(before.send("HELO client.example").await.expect(250).to_string().contains("old.example.com"));
    /// let mut after = testing::client(&server);
    /// assert!(after.greeting().await.expect(220).to_string().contains("new.example.com"));
    ///
    /// // A mistake leaves everything as it is.
    /// assert!(server.reconfigure(options().hostname("no name")).is_err());
    /// assert_eq!(&*server.hostname(), "new.example.com");
    /// # Ok(())
    /// # }
    /// ```
    pub fn reconfigure(&self, builder: Builder) -> Result<(), BuildError> {
        /// One at a time, so that none settles on what another replaces. It is not the lock of the core, as hooks that
        /// are dropped meanwhile may ask the server something.
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let next = Arc::new(builder.settle_after(&self.core())?.put_in_force());
        let before = {
            let mut core = self.0.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *core, next)
        };
        drop(turn);
        drop(before);
        Ok(())
    }

    /// Puts other certificates in force, and other demands on [client certificates](TlsConfig::client_certificates), for
    /// handshakes that begin from now on. Sessions that are inside TLS, and handshakes that have begun, go on with what
    /// they have. Tickets of earlier sessions are no longer valid: their clients shake hands in full.
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
        self.core().tls.as_ref().ok_or_else(TlsError::not_offered)?.replace(tls);
        Ok(())
    }

    /// Subscribes to all events from now on. If there are other subscribers already, it may also get the last few before
    /// that, of sessions that are at work at this very moment.
    #[must_use]
    pub fn events(&self) -> Events {
        self.core().subscribers.subscribe()
    }

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
    pub async fn listen(&self, address: impl ToSocketAddrs + fmt::Debug) -> io::Result<Serving> {
        self.serving().and_listen(address).await
    }

    /// Listens for SMTP inside TLS from the first octet on (RFC 8314; port 465).
    ///
    /// # Errors
    /// As [`listen`](Self::listen), and when the server has no certificate.
    ///
    /// # Cancel safety
    /// As [`listen`](Self::listen).
    pub async fn listen_tls(&self, address: impl ToSocketAddrs + fmt::Debug) -> io::Result<Serving> {
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
    pub async fn listen_lmtp(&self, address: impl ToSocketAddrs + fmt::Debug) -> io::Result<Serving> {
        self.serving().and_listen_lmtp(address).await
    }

    /// Runs one session of SMTP over anything that carries octets, and returns when it is over.
    ///
    /// `client` is the other end of the connection; if that is a proxy of
    /// [`Builder::proxy_from`], a PROXY header has to come first.
    ///
    /// Connections that come this way count towards the limits like all others. One that there is no place for is
    /// answered `421 4.3.2` and closed; it gets five seconds to take that. They stop with all others when a [`Serving`]
    /// of this server ends. Where the server listens nowhere, one that ends at once stops them:
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use mailchute::{Server, testing};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = Server::builder()
    ///     .on_data(|mut message, _session| async move { message.bytes().await.map(drop).map_err(Into::into) })
    ///     .build()?;
    /// let mut client = testing::client(&server); // runs serve_connection in a task
    /// client.greeting().await.expect(220);
    ///
    /// let stopped = server.serving().with_graceful_shutdown(async {}, Duration::from_secs(30));
    /// stopped.await?; // when all sessions are over
    /// client.read_reply().await.expect(421);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    /// Dropping the future cuts the session off: the client gets no further reply, a message that was not answered
    /// is not kept, and the disconnect hook is not told.
    pub async fn serve_connection(&self, io: impl Io + 'static, client: SocketAddr) {
        self.core().serve(Box::new(io), Arrival::brought(client, Service::SMTP)).await;
    }

    /// As [`serve_connection`](Self::serve_connection), in LMTP.
    ///
    /// # Cancel safety
    /// As [`serve_connection`](Self::serve_connection).
    pub async fn serve_lmtp_connection(&self, io: impl Io + 'static, client: SocketAddr) {
        self.core().serve(Box::new(io), Arrival::brought(client, Service::LMTP)).await;
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("hostname", &self.hostname()).finish_non_exhaustive()
    }
}
