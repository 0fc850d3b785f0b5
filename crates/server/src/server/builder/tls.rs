//! TLS: with which certificate, and whether clients must use it.

use super::Builder;
use crate::tls::TlsConfig;

/// TLS.
impl Builder {
    /// Offers STARTTLS (RFC 3207), and serves [implicit TLS](crate::Listener::implicit_tls), with these
    /// certificates, for both alike. Default is no TLS. [`Server::reload_tls`](crate::Server::reload_tls) replaces
    /// them while the server runs.
    pub fn tls(mut self, config: TlsConfig) -> Self {
        self.tls = Some(config);
        self
    }

    /// Answers `530 5.7.0` to all mail until the client has said STARTTLS. Default is that TLS is offered, not
    /// required: RFC 3207 §4 forbids a server that takes mail from the whole Internet to require it.
    ///
    /// Clients that deliver [by LMTP over a Unix socket](crate::Listener::unix) need no TLS: nobody is
    /// between them and the server.
    pub fn require_tls(mut self) -> Self {
        self.requires_tls = true;
        self
    }
}
