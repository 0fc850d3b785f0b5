//! TLS: the certificates, and whether clients must use it.

use super::Builder;
use crate::tls::TlsConfig;

/// TLS.
impl Builder {
    /// Offers STARTTLS (RFC 3207) and serves [implicit TLS](crate::Listener::implicit_tls), both with these
    /// certificates. By default there is none, so TLS is off.
    /// [`Server::reload_tls`](crate::Server::reload_tls) replaces the certificates while the server runs.
    ///
    /// Within [`on`](Self::on) this is the TLS of that listener, instead of the server's. So a listener may
    /// have certificates of its own, demand those of clients, or speak fewer versions. It may also be the
    /// only one with TLS.
    ///
    /// # Examples
    /// ```no_run
    /// use mailchute::Server;
    /// use mailchute::tls::{Certificate, ClientCertificates, TlsConfig, TlsVersion};
    /// # use mailchute_stores::Discard;
    ///
    /// let certificate = Certificate::from_pem_files("mail.pem", "mail.key")?;
    /// let partners = ClientCertificates::from_pem_file("partners.pem")?.required();
    /// let strict = TlsConfig::new(certificate.clone()).client_auth(partners)?.versions(TlsVersion::Tls1_3..)?;
    /// let server = Server::builder()
    ///     .tls(TlsConfig::new(certificate))
    ///     .on("partners", |b| b.tls(strict).require_tls())
    ///     .store(Discard)
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn tls(mut self, config: TlsConfig) -> Self {
        self.tls = Some(config);
        self
    }

    /// Answers `530 5.7.0` to all mail until the client has used STARTTLS. By default TLS is offered, not
    /// required: RFC 3207 §4 forbids a server that takes mail from the whole Internet to require it.
    ///
    /// Clients that deliver [by LMTP over a Unix socket](crate::Listener::unix) need no TLS, since nobody is
    /// between them and the server.
    pub fn require_tls(mut self) -> Self {
        self.requires_tls = true;
        self
    }
}
