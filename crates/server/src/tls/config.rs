//! The TLS configuration of a server: its certificates, its demands on clients, and the versions of TLS.

use std::fmt;
use std::ops::RangeBounds;
use std::path::Path;
use std::sync::Arc;

use rustls::{ConfigBuilder, ServerConfig, WantsVerifier};

use super::certificate::Certificate;
use super::client_certificates::ClientCertificates;
use super::error::{Fault, TlsError};
use super::identity::Identity;
use super::version::{TlsVersion, Versions, written};

/// The certificates of the server, what it demands of clients, and the versions of TLS that it speaks.
///
/// It serves STARTTLS and TLS from the first byte alike.
///
/// # Certificates
///
/// With several certificates, the name that the client asks for (SNI, RFC 6066 §3) chooses among them. It is compared
/// with the DNS names in the certificates; `*.example.com` stands for one label. A certificate counts only if the
/// client can continue with it: by its cipher suites in TLS 1.2, and by its signature schemes in both versions. So an
/// ECDSA and an RSA certificate may stand side by side, in either order. If several fit the name equally well, the
/// first is chosen.
///
/// A client that asks for no name, or for an unknown or invalid one, gets the first certificate. Many clients that send
/// mail ask for none, and refusing the others would lose mail (RFC 7672 §8.1).
///
/// # Session resumption
/// A client that returns saves itself and the server most of a handshake, in both versions. The client keeps the state
/// of its session in a ticket, so the server's memory stays flat. The ticket is sealed with a key that changes every
/// six hours and is dropped with the configuration. A client's certificate returns with the ticket and is verified
/// again. The server accepts no early data (0-RTT), since they could be replayed.
///
/// # Examples
/// ```no_run
/// use mailchute::tls::{Certificate, ClientCertificates, TlsConfig, TlsVersion};
///
/// let tls = TlsConfig::new(Certificate::from_pem_files("mx.pem", "mx.key")?)
///     .add_certificate(Certificate::from_pem_files("lists.pem", "lists.key")?)?
///     .client_auth(ClientCertificates::from_pem_file("authority.pem")?)?
///     .versions(TlsVersion::Tls1_3..)?;
/// # Ok::<(), mailchute::tls::TlsError>(())
/// ```
#[derive(Clone)]
pub struct TlsConfig(pub(super) Source);

#[derive(Clone)]
pub(super) enum Source {
    Own(Box<Own>),
    Rustls(Arc<ServerConfig>),
}

#[derive(Clone)]
pub(super) struct Own {
    pub(super) base: ConfigBuilder<ServerConfig, WantsVerifier>,
    pub(super) first: Arc<Identity>,
    pub(super) others: Vec<Arc<Identity>>,
    pub(super) clients: Option<ClientCertificates>,
    pub(super) versions: Versions,
}

impl TlsConfig {
    /// Serves this certificate, in TLS 1.2 and 1.3, and asks clients for none.
    #[must_use]
    pub fn new(certificate: Certificate) -> Self {
        let Certificate { identity, base, .. } = certificate;
        Self(Source::Own(Box::new(Own {
            base,
            first: identity,
            others: Vec::new(),
            clients: None,
            versions: Versions::default(),
        })))
    }

    /// Serves one certificate: short for [`new`](Self::new) with [`Certificate::from_pem_files`].
    ///
    /// # Errors
    /// The errors of [`Certificate::from_pem_files`].
    pub fn from_pem_files(certificate: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, TlsError> {
        Certificate::from_pem_files(certificate, key).map(Self::new)
    }

    /// Serves one certificate: short for [`new`](Self::new) with [`Certificate::from_pem`].
    ///
    /// # Errors
    /// The errors of [`Certificate::from_pem`].
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        Certificate::from_pem(certificate, key).map(Self::new)
    }

    /// Adds one more certificate, for the DNS names in it.
    ///
    /// # Errors
    /// [`TlsError`] if the certificate has no DNS name, so that no client could ask for it, or if this is a
    /// configuration [of rustls](Self::from_rustls).
    pub fn add_certificate(self, certificate: Certificate) -> Result<Self, TlsError> {
        let mut own = self.own()?;
        if certificate.names().is_empty() {
            return Err(certificate.blame(Fault::NoName));
        }
        own.others.push(certificate.identity);
        Ok(Self(Source::Own(own)))
    }

    /// Asks clients for a certificate. By default the server does not ask.
    ///
    /// # Errors
    /// [`TlsError`] if this is a configuration [of rustls](Self::from_rustls), which brings its own verifier.
    pub fn client_auth(self, clients: ClientCertificates) -> Result<Self, TlsError> {
        let mut own = self.own()?;
        own.clients = Some(clients);
        Ok(Self(Source::Own(own)))
    }

    /// Speaks the versions in this range only, such as `TlsVersion::Tls1_3..`. Default is TLS 1.2 and 1.3.
    ///
    /// A client that speaks none of them gets no TLS. Mail servers of the Internet then send their mail in the clear,
    /// or not at all.
    ///
    /// # Errors
    /// [`TlsError`] if no version is in the range, or if this is a configuration [of rustls](Self::from_rustls), which
    /// has its own versions.
    pub fn versions(self, versions: impl RangeBounds<TlsVersion>) -> Result<Self, TlsError> {
        let mut own = self.own()?;
        own.versions = Versions::within(&versions).ok_or_else(|| Fault::NoVersion(written(&versions)))?;
        own.base = own.versions.base()?;
        Ok(Self(Source::Own(own)))
    }

    /// Returns whether the server may ask clients for a certificate. A configuration of rustls does not tell.
    pub(crate) fn may_ask_clients(&self) -> bool {
        match &self.0 {
            Source::Own(own) => own.clients.is_some(),
            Source::Rustls(_) => true,
        }
    }

    /// Uses a configuration of rustls unchanged, for everything that this type has no method for.
    ///
    /// A client's certificate counts as trusted if the configuration's own verifier lets it pass.
    ///
    /// A name (SNI) that rustls cannot parse, such as `mx.example.com:25` or an umlaut, ends the handshake with the
    /// alert `illegal_parameter`, in both versions. The other constructors hide such a name from rustls by custom hash
    /// functions; those of a finished configuration cannot be replaced. The few clients that send such a name then send
    /// their mail in the clear, or not at all.
    #[must_use]
    pub fn from_rustls(config: Arc<ServerConfig>) -> Self {
        Self(Source::Rustls(config))
    }

    /// Returns the parts, unless this is a configuration of rustls.
    fn own(self) -> Result<Box<Own>, Fault> {
        match self.0 {
            Source::Own(own) => Ok(own),
            Source::Rustls(_) => Err(Fault::TakenAsItIs),
        }
    }
}

impl fmt::Debug for TlsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Own(own) => {
                let names = std::iter::once(&own.first).chain(&own.others).map(|identity| identity.names());
                f.debug_tuple("TlsConfig").field(&names.collect::<Vec<_>>()).finish()
            }
            Source::Rustls(_) => f.write_str("TlsConfig(…)"),
        }
    }
}
