//! Records whether a client proved to have the key of the certificate that it shows.
//!
//! If certificates are optional, nothing that a client shows ends the handshake. The certificate may not be
//! readable, its key may be too short or of an unknown kind, and the signature may be wrong. rustls is told
//! to continue, and such a certificate counts for nothing. So each handshake records whether the signature
//! was checked and right. A ticket carries a certificate to another session only with that proof.
//!
//! # Why
//!
//! Each handshake that asks for a certificate has its own configuration, because rustls must be told that a signature
//! was right even if it was not checked. That configuration remembers whether the signature was right.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ProducesTickets;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use super::client_certificates::ClientCertificates;
use super::hidden_name;

/// The state of the client's proof in one handshake, which one thread at a time drives.
#[derive(Debug, Default)]
pub(super) struct Proof {
    /// Whether the client shows a certificate, other than that in its ticket.
    is_owed: AtomicBool,
    /// Whether the signature by its key was checked, and is right.
    is_given: AtomicBool,
}

impl Proof {
    /// Returns whether this handshake's certificate, if any, is the client's. One in a ticket always is.
    pub(super) fn holds(&self) -> bool {
        self.is_given.load(Relaxed) || !self.is_owed.load(Relaxed)
    }
}

/// Answers rustls about the client's certificate in one handshake.
#[derive(Debug)]
pub(super) struct Verifier {
    pub(super) clients: ClientCertificates,
    pub(super) proof: Arc<Proof>,
    /// Whether the handshake that is signed differs from the one that rustls knows.
    pub(super) name_is_hidden: bool,
}

impl Verifier {
    /// Notes a right signature. A wrong one counts as no certificate, unless one is required.
    fn finish(
        &self,
        signature: Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        match signature {
            Ok(valid) => {
                self.proof.is_given.store(true, Relaxed);
                Ok(valid)
            }
            Err(error) if self.clients.is_required() => Err(error),
            Err(error) => {
                tracing::debug!(name: "certificate-ignored", %error, "went on without the client's certificate, whose key is not proved");
                Ok(HandshakeSignatureValid::assertion())
            }
        }
    }
}

impl ClientCertVerifier for Verifier {
    fn client_auth_mandatory(&self) -> bool {
        self.clients.is_required()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.clients.authorities().root_hint_subjects()
    }

    /// The trust in an optional certificate is judged after the handshake.
    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.proof.is_owed.store(true, Relaxed);
        if self.clients.is_required() {
            self.clients.verify(leaf, others, now)?;
        }
        Ok(ClientCertVerified::assertion())
    }

    /// In TLS 1.2 all of the handshake is signed, not its hash.
    fn verify_tls12_signature(
        &self,
        handshake: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let authorities = self.clients.authorities();
        self.finish(if self.name_is_hidden {
            authorities.verify_tls12_signature(&hidden_name::restored(handshake), leaf, signature)
        } else {
            authorities.verify_tls12_signature(handshake, leaf, signature)
        })
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.finish(self.clients.authorities().verify_tls13_signature(message, leaf, signature))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.clients.authorities().supported_verify_schemes()
    }
}

/// Issues tickets for sessions whose client is proved, or has no certificate.
pub(super) struct Tickets {
    pub(super) of_all: Arc<dyn ProducesTickets>,
    pub(super) proof: Arc<Proof>,
}

impl ProducesTickets for Tickets {
    fn enabled(&self) -> bool {
        self.of_all.enabled()
    }

    fn lifetime(&self) -> u32 {
        self.of_all.lifetime()
    }

    fn encrypt(&self, session: &[u8]) -> Option<Vec<u8>> {
        self.proof.holds().then(|| self.of_all.encrypt(session)).flatten()
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        self.of_all.decrypt(ticket)
    }
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tickets").field("proof", &self.proof).finish_non_exhaustive()
    }
}
