//! The server: the state that all its sessions share, and the ways to give it connections.

pub(crate) mod accept;
pub(crate) mod breakdown;
pub(crate) mod build_error;
pub(crate) mod builder;
mod in_order;
pub(crate) mod running;
pub(crate) mod serving;
mod shutdown;
pub(crate) mod stats;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use crate::connection::slots::Slots;
use crate::driver::handshake::Assumed;
use crate::driver::shared::Shared;
use crate::events::subscription::Events;
use crate::net::arrival::Arrival;
use crate::net::io::Io;
use crate::session::Session;
use crate::tls::{TlsConfig, TlsError};

/// An SMTP server. It is a handle: clones are cheap and refer to the same server.
///
/// It stops as a whole, and for good: see [`shutdown`](Self::shutdown).
///
/// # Examples
/// The smallest server accepts all mail and forgets it:
/// ```no_run
/// use mailchute::{Receipt, Server};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::builder()
///     .on_store(|mut message, _session| async move {
///         while message.chunk().await?.is_some() {}
///         Ok(Receipt::new("Message accepted"))
///     })
///     .build()?;
/// server.listen("127.0.0.1:2525").await?.await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Server(Arc<RwLock<Arc<Shared>>>);

impl Server {
    pub(crate) fn new(shared: Shared) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(shared))))
    }

    /// Returns the configuration for new sessions. A connection calls this once, so that all of it has one
    /// configuration.
    pub(crate) fn shared(&self) -> Arc<Shared> {
        // Only whole configurations are stored here.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Applies another configuration, and returns the previous one.
    pub(crate) fn replace(&self, next: Arc<Shared>) -> Arc<Shared> {
        std::mem::replace(&mut *self.0.write().unwrap_or_else(PoisonError::into_inner), next)
    }

    pub(crate) fn connections(&self) -> Arc<Slots> {
        Arc::clone(&self.shared().connections)
    }

    pub(crate) fn has_certificate(&self, listener: &str) -> bool {
        self.shared().tls.of(Some(listener)).is_some()
    }

    /// Returns the name in the server's greeting.
    #[must_use]
    pub fn hostname(&self) -> Arc<str> {
        Arc::clone(&self.shared().hostname)
    }

    /// Applies other certificates, and other demands on [client
    /// certificates](TlsConfig::client_auth), for handshakes that begin from now on. Sessions inside
    /// TLS and handshakes that have begun keep the previous ones. Tickets of earlier sessions are no longer
    /// valid, so their clients make a full handshake.
    ///
    /// The change cannot fail half-way, since a [`TlsConfig`] that cannot be used cannot be made. A listener
    /// with TLS of its own keeps it: see [`reload_tls_on`](Self::reload_tls_on).
    ///
    /// # Errors
    /// [`TlsError`] if the server was built without TLS.
    ///
    /// # Examples
    /// ```no_run
    /// # fn reload(server: &mailchute::Server) -> Result<(), mailchute::tls::TlsError> {
    /// use mailchute::tls::TlsConfig;
    ///
    /// // When a file is wrong, this returns here, and what was active stays so.
    /// server.reload_tls(TlsConfig::from_pem_files("cert.pem", "key.pem")?)
    /// # }
    /// ```
    pub fn reload_tls(&self, tls: TlsConfig) -> Result<(), TlsError> {
        self.shared().tls.reload(tls)
    }

    /// Does the same as [`reload_tls`](Self::reload_tls) for the listeners of one name, which have TLS of
    /// [their own](crate::Builder::on).
    ///
    /// # Errors
    /// [`TlsError`] if the listener was built without TLS of its own.
    ///
    /// # Examples
    /// ```no_run
    /// # fn reload(server: &mailchute::Server) -> Result<(), mailchute::tls::TlsError> {
    /// use mailchute::tls::TlsConfig;
    ///
    /// server.reload_tls_on("submission", TlsConfig::from_pem_files("mail.pem", "mail.key")?)
    /// # }
    /// ```
    pub fn reload_tls_on(&self, listener: &str, tls: TlsConfig) -> Result<(), TlsError> {
        self.shared().tls.reload_own(listener, tls)
    }

    /// Subscribes to all events from now on. If there are other subscribers already, the new one may also get
    /// the last few events of sessions that are at work at this moment.
    #[must_use]
    pub fn events(&self) -> Events {
        Events::of(&self.shared().subscribers)
    }

    /// Returns the sessions that are open now. A session that begins or ends meanwhile may be missing.
    ///
    /// The call copies one handle for each session, under the lock that each connection takes when it begins
    /// and ends.
    ///
    /// # Examples
    /// ```
    /// # fn list(server: &mailchute::Server) {
    /// for session in server.sessions() {
    ///     println!(
    ///         "{} {} by {:?} for {:?}: {:?}, user {:?}",
    ///         session.id(),
    ///         session.client_addr(),
    ///         session.listener(),
    ///         session.age(),
    ///         session.phase(),
    ///         session.identity(),
    ///     );
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn sessions(&self) -> Vec<Session> {
        self.connections().sessions()
    }

    /// Runs one session over anything that carries bytes, and returns when it is over. `arrival` says who the
    /// client is, and which protocol is spoken. For SMTP the address of the client is enough.
    ///
    /// The limits count such connections like all others. A connection for which there is no slot gets `421
    /// 4.3.2` and is closed; it has five seconds to read that. A [`shutdown`](Self::shutdown) ends such
    /// sessions like all others.
    ///
    /// # Cancel safety
    /// If the future is dropped, the session is cut off. The client gets no further reply, a message without
    /// an answer is not kept, and the disconnect hooks are not told.
    ///
    /// # Examples
    /// ```
    /// # async fn run(server: mailchute::Server, accepted: (tokio::net::TcpStream, std::net::SocketAddr)) {
    /// let (stream, client) = accepted;
    /// server.serve_connection(stream, client).await;
    /// # }
    /// ```
    pub async fn serve_connection(&self, io: impl Io + 'static, arrival: impl Into<Arrival>) {
        self.shared().serve(Box::new(io), arrival.into(), Assumed::default()).await;
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("hostname", &self.hostname()).finish_non_exhaustive()
    }
}
