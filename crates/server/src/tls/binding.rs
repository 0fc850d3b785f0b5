//! Channel bindings: values that only the two ends of one TLS connection know (RFC 5056).
//!
//! # Why
//!
//! `tls-exporter` is offered in TLS 1.3 only, and `tls-server-end-point` in both versions. In TLS 1.2 an exported
//! value is unique only under conditions that a client may not meet (RFC 9266 §4.2).

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
use mailchute_proto::ChannelBinding;
use rustls::{ProtocolVersion, ServerConnection};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::der::oid::ObjectIdentifier;

/// The channel bindings of a connection, computed on demand, so that a handshake costs nothing for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChannelBindings {
    /// `tls-exporter` (RFC 9266), in TLS 1.3.
    pub(crate) exporter: Option<[u8; 32]>,
    /// `tls-server-end-point` (RFC 5929 §4), if the served certificate is known and its signature algorithm has one
    /// hash function.
    pub(crate) server_end_point: Option<Vec<u8>>,
}

impl ChannelBindings {
    /// Returns the data of one binding, if this connection has it.
    pub(crate) fn into_data(self, binding: ChannelBinding) -> Option<Vec<u8>> {
        match binding {
            ChannelBinding::TlsExporter => self.exporter.map(Vec::from),
            ChannelBinding::TlsServerEndPoint => self.server_end_point,
            _ => None,
        }
    }

    /// Returns whether a connection has any binding.
    pub(super) fn exist(connection: &ServerConnection, leaf: Option<&[u8]>) -> bool {
        is_modern(connection) || leaf.and_then(server_end_point).is_some()
    }

    pub(super) fn of(connection: &ServerConnection, leaf: Option<&[u8]>) -> Self {
        let export = || connection.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b""));
        Self {
            exporter: is_modern(connection).then(export).and_then(Result::ok),
            server_end_point: leaf.and_then(server_end_point),
        }
    }
}

/// Returns whether the exporter can be used. Without the extended master secret of RFC 7627 the exporter of
/// TLS 1.2 binds to nothing, and rustls does not tell whether there is one.
fn is_modern(connection: &ServerConnection) -> bool {
    connection.protocol_version() == Some(ProtocolVersion::TLSv1_3)
}

/// Hashes the certificate by the hash function of its signature, or by SHA-256 instead of MD5 and SHA-1 (RFC 5929
/// §4.1).
fn server_end_point(leaf: &[u8]) -> Option<Vec<u8>> {
    let certificate = Certificate::from_der(leaf).ok()?;
    let algorithm = hash_of(certificate.signature_algorithm().oid)?;
    Some(digest::digest(algorithm, leaf).as_ref().to_vec())
}

/// Returns the hash function of a signature. Ed25519 has none and RSASSA-PSS names it in parameters, so both have no
/// binding.
fn hash_of(signature: ObjectIdentifier) -> Option<&'static digest::Algorithm> {
    use x509_cert::der::oid::db::rfc5912;
    match signature {
        rfc5912::MD_5_WITH_RSA_ENCRYPTION
        | rfc5912::SHA_1_WITH_RSA_ENCRYPTION
        | rfc5912::SHA_256_WITH_RSA_ENCRYPTION
        | rfc5912::ECDSA_WITH_SHA_256 => Some(&SHA256),
        rfc5912::SHA_384_WITH_RSA_ENCRYPTION | rfc5912::ECDSA_WITH_SHA_384 => Some(&SHA384),
        rfc5912::SHA_512_WITH_RSA_ENCRYPTION | rfc5912::ECDSA_WITH_SHA_512 => Some(&SHA512),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aws_lc_rs::digest;
    use rcgen::{CertificateParams, KeyPair};
    use rustls::pki_types::ServerName;
    use rustls::version::{TLS12, TLS13};
    use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

    use super::{ChannelBindings, server_end_point};
    use crate::runtime::yield_queue::YieldQueue;
    use crate::tls::{Acceptor, TlsConfig};

    fn certificate(algorithm: &'static rcgen::SignatureAlgorithm) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate_for(algorithm).expect("the provider has the algorithm");
        let parameters = CertificateParams::new(vec!["mx.example.com".to_owned()]).expect("it is a domain");
        (parameters.self_signed(&key).expect("the key signs"), key)
    }

    /// Returns the server's bindings, and the values that the client exports.
    async fn bindings(version: &'static SupportedProtocolVersion) -> (ChannelBindings, Vec<u8>, Vec<u8>) {
        let (certificate, key) = certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
        let config = TlsConfig::from_pem(certificate.pem().as_bytes(), key.serialize_pem().as_bytes());
        let acceptor = Acceptor::new(config.expect("it was just made"));
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone()).expect("it is a certificate");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .expect("the provider has it")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let name = ServerName::try_from("mx.example.com").expect("it is a domain");
        let connecting = tokio_rustls::TlsConnector::from(Arc::new(client)).connect(name, theirs);
        let yield_queue = YieldQueue::default();
        let (accepted, connected) = tokio::join!(acceptor.accept(Box::new(ours), &yield_queue), connecting);
        let (secured, _) = accepted.expect("the handshake succeeds");
        let connected = connected.expect("the handshake succeeds");
        let exported = connected
            .get_ref()
            .1
            .export_keying_material(vec![0; 32], b"EXPORTER-Channel-Binding", Some(b""))
            .expect("the handshake is over");
        (secured.channel_bindings(), exported, certificate.der().to_vec())
    }

    #[tokio::test]
    async fn both_peers_export_one_value_that_differs_by_connection() {
        let (ours, theirs, leaf) = bindings(&TLS13).await;
        assert_eq!(ours.exporter.unwrap()[..], theirs[..]);
        let digest = digest::digest(&digest::SHA256, &leaf);
        assert_eq!(ours.server_end_point.unwrap(), digest.as_ref());
        let (others, _, _) = bindings(&TLS13).await;
        assert_ne!(others.exporter, ours.exporter);
    }

    #[tokio::test]
    async fn tls_1_2_is_bound_to_by_its_certificate_alone() {
        let (ours, _, leaf) = bindings(&TLS12).await;
        assert_eq!(ours.exporter, None);
        assert_eq!(ours.server_end_point.unwrap(), digest::digest(&digest::SHA256, &leaf).as_ref());
    }

    #[test]
    fn the_hash_is_that_of_the_signature() {
        let (strong, _) = certificate(&rcgen::PKCS_ECDSA_P384_SHA384);
        let expected = digest::digest(&digest::SHA384, strong.der());
        assert_eq!(server_end_point(strong.der()).unwrap(), expected.as_ref());
        let (hashless, _) = certificate(&rcgen::PKCS_ED25519);
        assert_eq!(server_end_point(hashless.der()), None);
        assert_eq!(server_end_point(b"no certificate"), None);
    }
}
