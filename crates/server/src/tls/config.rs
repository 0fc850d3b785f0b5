//! What a server needs for TLS: its certificates and keys, and whether it asks clients for theirs.

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

/// Certificates with their keys, ready to serve TLS 1.2 and 1.3, by STARTTLS and from the first octet alike.
///
/// With several certificates the name that the client asks for (SNI, RFC 6066 §3) chooses among them, by the DNS
/// names in the certificates themselves; `*.example.com` stands for one label. Only certificates count with which the
/// client can go on, by its cipher suites in TLS 1.2 and by its signature schemes in both versions, so an ECDSA and an
/// RSA certificate may stand side by side, in either order; of those that fit the name equally well the first is taken. A
/// client that asks for no name, for one that is unknown, or for what is no name at all, gets the first certificate: many
/// that send mail ask for none, and to hang up on the others would lose mail (RFC 7672 §8.1).
///
/// # Sessions are resumed
/// A client that comes back spares itself and the server most of a handshake, in both versions. What the server
/// must know for that travels in a ticket that the client keeps, sealed with a key that changes every six hours and
/// dies with the configuration, so the server's memory stays flat. A client's certificate comes back with the
/// ticket and is verified anew. There are no early data (0-RTT): they could be replayed.
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
    /// A certificate that has expired is taken, with a warning in the log. Text around the PEM, byte order marks of
    /// UTF-8 and line ends of any kind do no harm.
    ///
    /// # Errors
    /// [`TlsError`] names the file and the mistake: it cannot be read, holds something else, the two files are
    /// the wrong way round, the key is encrypted or belongs to another certificate, the certificate is of X.509 version
    /// 1, or its key of a kind or length that TLS does not use.
    pub fn from_pem_files(certificate: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, TlsError> {
        let (chain, private) = read_pair(certificate.as_ref(), key.as_ref())?;
        Self::from_parts(chain, private).map_err(|fault| blame(fault, certificate.as_ref(), key.as_ref()))
    }

    /// As [`from_pem_files`](Self::from_pem_files), from texts.
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
    /// As [`from_pem_files`](Self::from_pem_files), and when the certificate has no DNS name, so that no client
    /// could ask for it, or this is a configuration [of rustls](Self::from_rustls).
    pub fn and_pem_files(
        self,
        certificate: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> Result<Self, TlsError> {
        let (chain, private) = read_pair(certificate.as_ref(), key.as_ref())?;
        self.and_parts(chain, private).map_err(|fault| blame(fault, certificate.as_ref(), key.as_ref()))
    }

    /// As [`and_pem_files`](Self::and_pem_files), from texts.
    ///
    /// # Errors
    /// As [`and_pem_files`](Self::and_pem_files).
    pub fn and_pem(self, certificate: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let (chain, private) = parse_pair(certificate, key)?;
        Ok(self.and_parts(chain, private)?)
    }

    /// Asks clients for a certificate. Default is not to.
    ///
    /// # Errors
    /// [`TlsError`] when this is a configuration [of rustls](Self::from_rustls), which brings its own verifier.
    pub fn client_certificates(self, clients: ClientCertificates) -> Result<Self, TlsError> {
        match self.0 {
            Source::Own(mut own) => {
                own.clients = Some(clients);
                Ok(Self(Source::Own(own)))
            }
            Source::Rustls(_) => Err(Fault::TakenAsItIs.into()),
        }
    }

    /// Whether clients are asked for a certificate, or may be, as one of rustls does not tell.
    pub(crate) fn may_ask_clients(&self) -> bool {
        match &self.0 {
            Source::Own(own) => own.clients.is_some(),
            Source::Rustls(_) => true,
        }
    }

    /// Takes a configuration of rustls as it is, for all that this type has no method for.
    ///
    /// A client's certificate counts as trusted if the configuration's own verifier lets it pass.
    ///
    /// A name (SNI) that rustls does not parse, such as `mx.example.com:25` or an umlaut, ends the handshake here with the
    /// alert `illegal_parameter`, in both versions. The other constructors hide such a name from rustls by hash functions
    /// that they give it; those of a finished configuration cannot be replaced. Mail of the few clients that send such a
    /// name then comes in the clear, or not at all.
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
