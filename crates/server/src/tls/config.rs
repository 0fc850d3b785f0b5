//! The TLS configuration of a server: its certificates and keys, and whether it asks clients for theirs.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ConfigBuilder, ServerConfig, WantsVerifier};

use super::client_certificates::ClientCertificates;
use super::error::{Fault, TlsError};
use super::identity::Identity;
use super::pem::{parse_chain, parse_key, read};
use super::provider::provider;

/// Certificates with their keys, ready to serve TLS 1.2 and 1.3, by STARTTLS and from the first byte.
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
/// use mailchute::{ClientCertificates, TlsConfig};
///
/// let tls = TlsConfig::from_pem_files("mx.pem", "mx.key")?
///     .and_pem_files("lists.pem", "lists.key")?
///     .client_certificates(ClientCertificates::from_pem_file("authority.pem")?)?;
/// # Ok::<(), mailchute::TlsError>(())
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
}

impl TlsConfig {
    /// Reads a certificate chain, its own certificate first, and the private key (PKCS #8, PKCS #1 or SEC 1).
    ///
    /// An expired certificate is accepted, with a warning in the log. Text around the PEM, byte order marks of UTF-8
    /// and line ends of any kind are ignored.
    ///
    /// # Errors
    /// [`TlsError`] names the file and the mistake:
    ///
    /// - The file cannot be read, or holds something else.
    /// - The two files are the wrong way round.
    /// - The key is encrypted, or belongs to another certificate.
    /// - The certificate is of X.509 version 1, or its key is of a kind or length that TLS does not use.
    pub fn from_pem_files(certificate: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, TlsError> {
        let (chain, private) = read_pair(certificate.as_ref(), key.as_ref())?;
        Self::from_parts(chain, private).map_err(|fault| blame(fault, certificate.as_ref(), key.as_ref()))
    }

    /// Does the same as [`from_pem_files`](Self::from_pem_files), from texts.
    ///
    /// # Errors
    /// [`TlsError`] names the text and the mistake.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let (chain, private) = parse_pair(certificate, key)?;
        Ok(Self::from_parts(chain, private)?)
    }

    /// Adds one more certificate, for the DNS names in it.
    ///
    /// # Errors
    /// The errors of [`from_pem_files`](Self::from_pem_files). Also, if the certificate has no DNS name, so that no
    /// client could ask for it, or if this is a configuration [of rustls](Self::from_rustls).
    pub fn and_pem_files(
        self,
        certificate: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> Result<Self, TlsError> {
        let (chain, private) = read_pair(certificate.as_ref(), key.as_ref())?;
        self.and_parts(chain, private).map_err(|fault| blame(fault, certificate.as_ref(), key.as_ref()))
    }

    /// Does the same as [`and_pem_files`](Self::and_pem_files), from texts.
    ///
    /// # Errors
    /// The errors of [`and_pem_files`](Self::and_pem_files).
    pub fn and_pem(self, certificate: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let (chain, private) = parse_pair(certificate, key)?;
        Ok(self.and_parts(chain, private)?)
    }

    /// Asks clients for a certificate. By default the server does not ask.
    ///
    /// # Errors
    /// [`TlsError`] if this is a configuration [of rustls](Self::from_rustls), which brings its own verifier.
    pub fn client_certificates(self, clients: ClientCertificates) -> Result<Self, TlsError> {
        match self.0 {
            Source::Own(mut own) => {
                own.clients = Some(clients);
                Ok(Self(Source::Own(own)))
            }
            Source::Rustls(_) => Err(Fault::TakenAsItIs.into()),
        }
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

    fn from_parts(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self, Fault> {
        let base = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(Fault::Unfit)?;
        let first = Arc::new(Identity::new(chain, key, base.crypto_provider())?);
        let own = Own { base, first, others: Vec::new(), clients: None };
        Ok(Self(Source::Own(Box::new(own))))
    }

    fn and_parts(
        self,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, Fault> {
        let Source::Own(mut own) = self.0 else {
            return Err(Fault::TakenAsItIs);
        };
        let identity = Identity::new(chain, key, own.base.crypto_provider())?;
        if identity.names().is_empty() {
            return Err(Fault::NoName);
        }
        own.others.push(Arc::new(identity));
        Ok(Self(Source::Own(own)))
    }
}

type Pair = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn read_pair(certificate: &Path, key: &Path) -> Result<Pair, TlsError> {
    let chain = parse_chain(&read(certificate)?).map_err(|fault| TlsError::in_file(certificate, fault))?;
    let private = parse_key(&read(key)?).map_err(|fault| TlsError::in_file(key, fault))?;
    Ok((chain, private))
}

fn parse_pair(certificate: &[u8], key: &[u8]) -> Result<Pair, TlsError> {
    let chain = parse_chain(certificate).map_err(|fault| TlsError::in_text("certificate", fault))?;
    let private = parse_key(key).map_err(|fault| TlsError::in_text("private key", fault))?;
    Ok((chain, private))
}

/// Names the file of a pair in which a fault lies.
fn blame(fault: Fault, certificate: &Path, key: &Path) -> TlsError {
    match fault {
        Fault::TakenAsItIs => fault.into(),
        Fault::NoName | Fault::UnfitCertificate(_) | Fault::Unfit(rustls::Error::InvalidCertificate(_)) => {
            TlsError::in_file(certificate, fault)
        }
        _ => TlsError::in_file(key, fault),
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
