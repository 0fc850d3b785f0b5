//! Which clients are checked.

use std::net::IpAddr;
use std::sync::Arc;

use mailchute::Session;
use mailchute::session::Protocol;

use super::Authentication;

/// The client of a session.
pub(super) enum Client {
    /// A server from elsewhere, whose mail is checked.
    Remote(IpAddr),
    /// A user of this server.
    Authenticated(Arc<str>),
    /// A process of this host, or a client that a proxy does not know. No domain can authorize it.
    Unknown,
    /// A server of this site, which has checked the message itself.
    Trusted,
}

impl<R> Authentication<R> {
    pub(super) fn client_of(&self, session: &Session) -> Client {
        let address = session.client_ip();
        if let Some(identity) = session.identity() {
            return Client::Authenticated(identity);
        }
        if session.protocol() == Protocol::Lmtp || session.is_over_unix_socket() && address.is_loopback() {
            return Client::Trusted;
        }
        if address.is_unspecified() || address.is_loopback() {
            return Client::Unknown;
        }
        self.exempt.address(session).map_or(Client::Trusted, Client::Remote)
    }
}
