//! Certificates and keys from PEM.

use std::path::Path;

use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::error::{Fault, TlsError};

pub(super) fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|error| TlsError::in_file(path, Fault::Read(error)))
}

pub(super) fn parse_chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let chain = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().map_err(not_pem)?;
    if chain.is_empty() {
        return Err(Fault::NoCertificate { holds_key: PrivateKeyDer::from_pem_slice(pem).is_ok() });
    }
    Ok(chain)
}

pub(super) fn parse_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, Fault> {
    match PrivateKeyDer::from_pem_slice(pem) {
        Ok(key) => Ok(key),
        Err(pem::Error::NoItemsFound) => Err(Fault::NoKey {
            holds_certificate: CertificateDer::from_pem_slice(pem).is_ok(),
            is_encrypted: String::from_utf8_lossy(pem).contains("ENCRYPTED"),
        }),
        Err(error) => Err(not_pem(error)),
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it stands where map_err wants a function of the error")]
fn not_pem(error: pem::Error) -> Fault {
    Fault::NotPem(error.to_string())
}
