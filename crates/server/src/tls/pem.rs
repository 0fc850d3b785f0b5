//! Certificates and keys from PEM.

use std::borrow::Cow;
use std::path::Path;

use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::contents::{Wanted, describe};
use super::error::{Fault, TlsError};

/// U+FEFF in UTF-8, which editors of Windows put in front of a text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

pub(super) fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|error| TlsError::in_file(path, Fault::Read(error)))
}

pub(super) fn parse_chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let pem = without_marks(pem);
    let chain = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>().map_err(not_pem)?;
    if chain.is_empty() {
        return Err(Fault::Missing(describe(&pem, Wanted::Certificate)));
    }
    Ok(chain)
}

pub(super) fn parse_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, Fault> {
    let pem = without_marks(pem);
    match PrivateKeyDer::from_pem_slice(&pem) {
        Ok(key) => Ok(key),
        Err(pem::Error::NoItemsFound) => Err(Fault::Missing(describe(&pem, Wanted::Key))),
        // A traditional key says so in header fields, which RFC 7468 does not allow in PEM.
        Err(_) if has(&pem, b"Proc-Type: 4,ENCRYPTED") => Err(Fault::Missing(describe(&pem, Wanted::Key))),
        Err(error) => Err(not_pem(error)),
    }
}

/// Removes the mark at the head of each file, if several were joined into one.
fn without_marks(pem: &[u8]) -> Cow<'_, [u8]> {
    if !has(pem, BYTE_ORDER_MARK) {
        return Cow::Borrowed(pem);
    }
    let mut text = Vec::with_capacity(pem.len());
    let mut rest = pem;
    while let Some((&first, others)) = rest.split_first() {
        if let Some(behind) = rest.strip_prefix(BYTE_ORDER_MARK) {
            rest = behind;
        } else {
            text.push(first);
            rest = others;
        }
    }
    Cow::Owned(text)
}

fn has(octets: &[u8], sought: &[u8]) -> bool {
    octets.windows(sought.len()).any(|window| window == sought)
}

#[allow(clippy::needless_pass_by_value, reason = "it stands where map_err wants a function of the error")]
fn not_pem(error: pem::Error) -> Fault {
    Fault::NotPem(error.to_string())
}
