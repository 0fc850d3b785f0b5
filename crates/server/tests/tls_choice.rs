//! An ECDSA and an RSA certificate side by side: each client gets the one that it can verify.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::support::danger::Anything;
use crate::support::talk::listen;
use crate::support::tls::{Identity, start};
use crate::support::{accepting, build};
use mailchute::tls::TlsVersion;
use rustls::SignatureScheme::{ECDSA_NISTP256_SHA256, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RSA_PSS_SHA256};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, ClientConfig, SignatureScheme, SupportedProtocolVersion};

/// Both certificates, each for its own name and for one that they share.
struct Pair {
    ecdsa: Identity,
    rsa: Identity,
}

const SHARED: &str = "mx.example.com";

impl Pair {
    fn new() -> Self {
        let pem = include_str!("certificates/rsa-2048.pem");
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).expect("it is one");
        let rsa = Identity { certificate: pem.to_owned(), key: pem.to_owned(), der };
        Self { ecdsa: Identity::of(&[SHARED, "modern.example"]), rsa }
    }

    /// A server with both, in this order.
    async fn serve(first: &Identity, second: &Identity) -> SocketAddr {
        let config = first.config().add_certificate(second.server());
        listen(&build(accepting().tls(config.expect("both are good")))).await
    }
}

const MODERN: &[CipherSuite] =
    &[CipherSuite::TLS13_AES_128_GCM_SHA256, CipherSuite::TLS13_CHACHA20_POLY1305_SHA256];
const OF_RSA: &[CipherSuite] =
    &[CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384];
const OF_ECDSA: &[CipherSuite] = &[CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256];
const OF_BOTH: &[CipherSuite] = &[
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
];

const RSA: &[SignatureScheme] = &[RSA_PSS_SHA256, RSA_PKCS1_SHA256];
const ECDSA: &[SignatureScheme] = &[ECDSA_NISTP256_SHA256];
const BOTH: &[SignatureScheme] = &[ECDSA_NISTP256_SHA256, RSA_PSS_SHA256, RSA_PKCS1_SHA256];
/// RSA as in TLS 1.2, and ECDSA: in TLS 1.3 only ECDSA remains.
const OLD_RSA: &[SignatureScheme] = &[RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, ECDSA_NISTP256_SHA256];

type Versions = &'static [&'static SupportedProtocolVersion];

const OLD: Versions = &[&TLS12];
const NEW: Versions = &[&TLS13];
const EITHER: Versions = &[&TLS12, &TLS13];

/// The certificate that a client gets, if it gets any.
async fn served(
    address: SocketAddr,
    versions: Versions,
    suites: &[&[CipherSuite]],
    schemes: &[SignatureScheme],
    name: &'static str,
) -> Option<CertificateDer<'static>> {
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    let suites = suites.concat();
    provider.cipher_suites.retain(|suite| suites.contains(&suite.suite()));
    let config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)
        .expect("there are suites for them")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anything::signed_by(schemes)))
        .with_no_client_auth();
    let talk = start(address, &Arc::new(config), name).await.ok()?;
    Some(talk.get_ref().get_ref().1.peer_certificates().expect("a server shows one")[0].clone())
}

#[tokio::test]
async fn a_client_gets_the_kind_of_key_that_its_suites_allow() {
    let pair = Pair::new();
    for (first, second) in [(&pair.ecdsa, &pair.rsa), (&pair.rsa, &pair.ecdsa)] {
        let address = Pair::serve(first, second).await;
        for (suites, schemes, expected) in [
            // Clients list all schemes that they know, whatever their suites.
            (OF_RSA, BOTH, &pair.rsa),
            (OF_ECDSA, BOTH, &pair.ecdsa),
            (OF_BOTH, BOTH, first),
            (OF_BOTH, RSA, &pair.rsa),
            (OF_BOTH, ECDSA, &pair.ecdsa),
            (OF_BOTH, OLD_RSA, first),
        ] {
            let got = served(address, OLD, &[suites], schemes, SHARED).await;
            assert_eq!(got.as_ref(), Some(&expected.der), "{suites:?} {schemes:?}");
        }
        // No certificate suits these clients.
        assert_eq!(served(address, OLD, &[OF_RSA], ECDSA, SHARED).await, None);
    }
}

#[tokio::test]
async fn in_tls_1_3_the_signature_schemes_decide_alone() {
    let pair = Pair::new();
    for (first, second) in [(&pair.ecdsa, &pair.rsa), (&pair.rsa, &pair.ecdsa)] {
        let address = Pair::serve(first, second).await;
        for (versions, suites, schemes, expected) in [
            (NEW, &[MODERN][..], BOTH, first),
            (NEW, &[MODERN], RSA, &pair.rsa),
            (NEW, &[MODERN], ECDSA, &pair.ecdsa),
            (NEW, &[MODERN], OLD_RSA, &pair.ecdsa),
            // The suites of TLS 1.2 do not count in TLS 1.3.
            (EITHER, &[MODERN, OF_RSA], BOTH, first),
            (EITHER, &[MODERN, OF_RSA], ECDSA, &pair.ecdsa),
            (EITHER, &[MODERN, OF_ECDSA], RSA, &pair.rsa),
        ] {
            let got = served(address, versions, suites, schemes, SHARED).await;
            assert_eq!(got.as_ref(), Some(&expected.der), "{suites:?} {schemes:?}");
        }
    }
}

#[tokio::test]
async fn the_suites_decide_where_tls_1_3_is_not_spoken() {
    let pair = Pair::new();
    let config = pair.ecdsa.config().add_certificate(pair.rsa.server());
    let config = config.and_then(|config| config.versions(..TlsVersion::Tls1_3)).expect("both are good");
    let address = listen(&build(accepting().tls(config))).await;
    let got = served(address, EITHER, &[MODERN, OF_RSA], BOTH, SHARED).await;
    assert_eq!(got.as_ref(), Some(&pair.rsa.der));
}

#[tokio::test]
async fn the_name_chooses_among_those_with_which_the_client_can_go_on() {
    let pair = Pair::new();
    let address = Pair::serve(&pair.rsa, &pair.ecdsa).await;
    for (suites, expected) in [(OF_BOTH, &pair.ecdsa), (OF_ECDSA, &pair.ecdsa), (OF_RSA, &pair.rsa)] {
        let got = served(address, OLD, &[suites], BOTH, "modern.example").await;
        assert_eq!(got.as_ref(), Some(&expected.der), "{suites:?}");
    }
    let got = served(address, NEW, &[MODERN], BOTH, "modern.example").await;
    assert_eq!(got.as_ref(), Some(&pair.ecdsa.der));
    let got = served(address, NEW, &[MODERN], RSA, "modern.example").await;
    assert_eq!(got.as_ref(), Some(&pair.rsa.der));
}
