//! The errors of TLS configuration: the file and the mistake.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::unfit::REMEDY;

/// An error in certificates and keys. It says why they cannot serve TLS.
#[derive(Debug)]
#[non_exhaustive]
pub struct TlsError {
    /// The text or file at fault, unless it is the certificate and the key together.
    subject: Option<Subject>,
    fault: Fault,
}

/// The source that was read.
#[derive(Debug)]
enum Subject {
    File(PathBuf),
    /// A text from no file, by the name of its parameter.
    Text(&'static str),
}

#[derive(Debug)]
pub(super) enum Fault {
    Read(io::Error),
    NotPem(String),
    /// Something else is there instead; the text says what.
    Missing(&'static str),
    NoName,
    /// No version of TLS is in this range.
    NoVersion(String),
    Unfit(rustls::Error),
    /// The certificate cannot be used; the text says why.
    UnfitCertificate(String),
    UnfitKey,
    UnfitRoot(rustls::Error),
    TakenAsItIs,
    NotOffered,
    /// The listener of this name has no TLS of its own.
    NotItsOwn(String),
}

impl Fault {
    /// Returns whether the certificate of a pair is at fault, not its key.
    pub(super) fn is_of_certificate(&self) -> bool {
        matches!(self, Self::UnfitCertificate(_) | Self::Unfit(rustls::Error::InvalidCertificate(_)))
    }
}

impl TlsError {
    pub(super) fn in_file(path: &Path, fault: Fault) -> Self {
        Self { subject: Some(Subject::File(path.to_owned())), fault }
    }

    pub(super) fn in_text(given_as: &'static str, fault: Fault) -> Self {
        Self { subject: Some(Subject::Text(given_as)), fault }
    }

    /// Returns the error of a server that was built without TLS and gets certificates later.
    pub(crate) fn not_offered() -> Self {
        Fault::NotOffered.into()
    }

    /// Returns the error of a listener that has the certificates of the server, or none.
    pub(crate) fn not_its_own(listener: &str) -> Self {
        Fault::NotItsOwn(listener.to_owned()).into()
    }
}

/// A fault of the pair, not of a single file or text.
impl From<Fault> for TlsError {
    fn from(fault: Fault) -> Self {
        Self { subject: None, fault }
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.subject {
            Some(Subject::File(path)) => write!(f, "{}: ", path.display())?,
            Some(Subject::Text(given_as)) => write!(f, "the text given as {given_as}: ")?,
            None => {}
        }
        match &self.fault {
            Fault::Read(error) => write!(f, "cannot be read: {error}"),
            Fault::NotPem(error) => write!(f, "is not PEM: {error}"),
            Fault::Missing(instead) => f.write_str(instead),
            Fault::NoName => f.write_str(
                "the certificate has no DNS name (subjectAltName) that a client could ask for; give it first, as the \
                 default, or one with a name",
            ),
            Fault::NoVersion(range) => {
                write!(f, "versions is {range}, with no version in it; write TlsVersion::Tls1_2.. or TlsVersion::Tls1_3..")
            }
            Fault::Unfit(rustls::Error::InconsistentKeys(_)) => {
                f.write_str("the private key does not belong to the certificate")
            }
            Fault::Unfit(error) => write!(f, "certificate and key cannot be used: {error}"),
            Fault::UnfitCertificate(complaint) => {
                write!(f, "the certificate cannot be used: {complaint}; make another, as `{REMEDY}` does")
            }
            Fault::UnfitKey => f.write_str(
                "the private key cannot be used: expected RSA of 2048 to 8192 bits, ECDSA on P-256, P-384 or P-521, or \
                 Ed25519",
            ),
            Fault::UnfitRoot(error) => write!(f, "the authority's certificate cannot be used: {error}"),
            Fault::TakenAsItIs => f.write_str(
                "a configuration of rustls is taken as it is; give it its certificates, client verifier and \
                 versions itself",
            ),
            Fault::NotOffered => f.write_str(
                "the server was built without TLS for all listeners; write .tls(…) when building it, or reload_tls_on(…) for \
                 a listener with TLS of its own",
            ),
            Fault::NotItsOwn(listener) => write!(
                f,
                "the listener {listener:?} was built without TLS of its own; write .on({listener:?}, |b| b.tls(…)) when \
                 building the server, or reload_tls(…) for all listeners"
            ),
        }
    }
}

impl std::error::Error for TlsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.fault {
            Fault::Read(error) => Some(error),
            Fault::Unfit(error) | Fault::UnfitRoot(error) => Some(error),
            _ => None,
        }
    }
}
