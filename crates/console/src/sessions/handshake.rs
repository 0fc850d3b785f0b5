//! A TLS handshake that failed, as people ask about it.

/// A TLS handshake that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FailedHandshake {
    /// The number of its record.
    pub(crate) record: u64,
    pub(crate) cause: String,
    /// Advice to the reader.
    pub(crate) advice: &'static str,
}

/// Alerts by which a client says that it does not accept the certificate, as causes have them.
const DISTRUST: [&str; 7] = [
    "UnknownCA",
    "BadCertificate",
    "CertificateUnknown",
    "CertificateExpired",
    "CertificateRevoked",
    "UnsupportedCertificate",
    "AccessDenied",
];

impl FailedHandshake {
    pub(super) fn new(record: u64, cause: &str) -> Self {
        let advice = if DISTRUST.iter().any(|alert| cause.contains(alert)) {
            "The client does not trust the certificate of the server. Give the server a certificate that the client knows \
             (--tls-cert), or tell the client to trust this one."
        } else {
            "Check that the client begins TLS at this port, and that it shares a version of TLS with the server."
        };
        Self { record, cause: cause.to_owned(), advice }
    }
}
