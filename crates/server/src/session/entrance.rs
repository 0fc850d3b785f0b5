//! Where a session comes from, and its age.

use std::net::SocketAddr;
use std::time::Duration;

use crate::net::arrival::Entrance;
use crate::net::endpoint::Endpoint;
use crate::net::queued::Queued;
use crate::session::Session;

impl Session {
    /// Returns the name of the listener that took the connection, so that hooks can decide by it. It is that
    /// of [`Listener::name`](crate::Listener::name), or otherwise its address, such as `127.0.0.1:2525` or
    /// `unix:/run/mailchute/lmtp`. It is `None` for a connection that the application has brought without [a
    /// name](crate::listen::Arrival::listener).
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

    pub(crate) fn entrance(&self) -> Option<&Entrance> {
        self.0.entrance.as_deref()
    }

    /// Returns the endpoint of the listener that took the connection, with the port that was chosen for 0. It is `None`
    /// for a connection that the application has brought ([`Server::serve_connection`](crate::Server::serve_connection)).
    #[must_use]
    pub fn endpoint(&self) -> Option<&Endpoint> {
        self.0.entrance.as_ref()?.endpoint.as_ref()
    }

    /// Returns the address of the server's end of the connection, to which the client or its proxy has connected. It is
    /// `None` over a Unix socket, and for a connection that the application has brought without
    /// [an address](crate::listen::Arrival::local_addr). A proxy tells
    /// [`destination_addr`](Self::destination_addr).
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.0.local
    }

    /// Returns what a queue says of the message that it hands over, if this session brings one
    /// ([`Arrival::queued`](crate::listen::Arrival::queued)).
    #[must_use]
    pub fn queued(&self) -> Option<&Queued> {
        self.0.queued.as_deref()
    }

    /// Returns the time since the session began.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.began().elapsed()
    }
}
