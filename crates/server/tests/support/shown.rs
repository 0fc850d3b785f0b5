//! Clients that present any bytes as their certificate, and sign as they like.

use std::fmt;
use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{Error, SignatureAlgorithm, SignatureScheme};

/// Makes the signature of a handshake.
type Sign = Arc<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;

/// A certificate, and the proof of its key.
#[derive(Clone)]
pub(crate) struct Shown {
    chain: Vec<CertificateDer<'static>>,
    scheme: SignatureScheme,
    sign: Sign,
}

impl Shown {
    pub(crate) fn signed(
        chain: Vec<CertificateDer<'static>>,
        scheme: SignatureScheme,
        sign: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { chain, scheme, sign: Arc::new(sign) })
    }

    /// With an invalid signature.
    pub(crate) fn forged(certificate: &[u8], scheme: SignatureScheme) -> Arc<Self> {
        Self::signed(vec![certificate.to_vec().into()], scheme, |_| b"no signature".to_vec())
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shown").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

impl ResolvesClientCert for Shown {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::new(CertifiedKey::new(self.chain.clone(), Arc::new(self.clone()))))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl SigningKey for Shown {
    fn choose_scheme(&self, _: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        Some(Box::new(self.clone()))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl Signer for Shown {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok((self.sign)(message))
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}
