//! Where a session came in, and how far it is.

use std::net::SocketAddr;
use std::time::Duration;

use crate::net::endpoint::Endpoint;
use crate::session::Session;
use crate::session::phase::SessionPhase;

impl Session {
    /// The name of the listener that took the connection: as [`Listener::name`](crate::Listener::name) says, else its
    /// address, such as `127.0.0.1:2525` or `unix:/run/mailchute/lmtp`. By it a hook tells the clients of one listener
    /// from those of another. `None` for a connection that the application has brought without
    /// [a name](crate::Arrival::listener).
    ///
    /// ```
    /// use mailchute::{Refusal, Server};
    ///
    /// Server::builder().on_mail_from(|_from, session| async move {
    ///     if session.listener() == Some("submission") && session.identity().is_none() {
    ///         return Err(Refusal::new(530, (5, 7, 0), "Authentication required"));
    ///     }
    ///     Ok(())
    /// });
    /// ```
    #[must_use]
    pub fn listener(&self) -> Option<&str> {
        self.0.entrance.as_ref().map(|entrance| &*entrance.name)
    }

    /// Where the listener listens that took the connection, with the port that was chosen for 0. `None` for a
    /// connection that the application has brought ([`Server::serve_connection`](crate::Server::serve_connection)).
    #[must_use]
    pub fn endpoint(&self) -> Option<&Endpoint> {
        self.0.entrance.as_ref()?.endpoint.as_ref()
    }

    /// The server's end of the connection: the address that the client, or the proxy that speaks for it, has connected
    /// to. `None` over a Unix socket, and for a connection that the application has brought without
    /// [an address](crate::Arrival::local_addr). What a proxy says that its client connected to is
    /// [`destination_addr`](Self::destination_addr).
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.0.local
    }

    /// How long the session has been running, or ran until now if it is over.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.began().elapsed()
    }

    /// How far the session is at this moment.
    #[must_use]
    pub fn phase(&self) -> SessionPhase {
        if let Some(phase) = self.0.progress.phase() {
            return phase;
        }
        let facts = self.facts();
        match (&facts.greeting.hello, &facts.transaction.envelope) {
            (_, Some(_)) => SessionPhase::Transaction,
            (Some(_), None) => SessionPhase::Ready,
            (None, None) => SessionPhase::Connected,
        }
    }

    pub(crate) fn began_message(&self) {
        self.0.progress.begin_message();
    }

    pub(crate) fn ended(&self) {
        self.0.progress.end();
    }
}
