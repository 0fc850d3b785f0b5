//! Clients whose certificate TLS cannot check, or that lack its key: optional certificates cost no session, and count
//! for nothing without proof.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::support::clients::{Authority, named, tls};
use crate::support::shown::Shown;
use crate::support::talk::listen;
use crate::support::tls::{NAME, client, config, identity, start};
use crate::support::{Seen, accepting, build};
use mailchute::tls::{ClientCertificates, TlsFacts, Trust};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, SignatureScheme, SupportedProtocolVersion};

const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// A file of `tests/certificates`.
macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("certificates/", $name, ".pem"))
    };
}

fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).expect("it is one")
}

async fn watching(clients: ClientCertificates) -> (SocketAddr, Seen<TlsFacts>) {
    let seen = Seen::default();
    let note = seen.clone();
    let server = build(accepting().tls(tls(clients)).on_secure(move |facts, _| note.note(facts.clone())));
    (listen(&server).await, seen)
}

fn showing(shown: &Arc<Shown>, version: &'static SupportedProtocolVersion) -> Arc<ClientConfig> {
    let shown = Arc::clone(shown);
    client(&[version], &[identity()]).with_client_cert_resolver(shown).into()
}

/// Whether the server answers this client inside TLS.
async fn is_answered(address: SocketAddr, config: &Arc<ClientConfig>) -> bool {
    match start(address, config, NAME).await {
        Ok(mut talk) => talk.say("EHLO client.example").await.starts_with("250"),
        Err(_) => false,
    }
}

/// Certificates without a proof of their key, of every kind.
fn unproved(authority: &Authority) -> Vec<(String, Arc<Shown>)> {
    let trusted = authority.sign(&named("somebody else")).der;
    let mut unproved = Vec::new();
    for (what, certificate) in [
        ("no ASN.1", b"certificate".to_vec()),
        ("one byte", vec![0x30]),
        ("an empty sequence", vec![0x30, 0]),
        ("a length that is none", vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff]),
        ("sequences in sequences", [0x30, 0x80].repeat(4096)),
        ("half a certificate", trusted[..trusted.len() / 2].to_vec()),
        ("a certificate with an byte behind it", [&trusted[..], &[0]].concat()),
        ("X.509 version 1", der(file!("version-1")).to_vec()),
        ("RSA of 1,024 bits", der(file!("rsa-1024")).to_vec()),
        ("RSA of 512 bits", der(file!("rsa-512")).to_vec()),
        ("RSA for PSS", der(file!("rsa-pss")).to_vec()),
        ("DSA", der(file!("dsa")).to_vec()),
        ("Ed448", der(file!("ed448")).to_vec()),
        ("secp256k1", der(file!("secp256k1")).to_vec()),
        ("a curve by its numbers", der(file!("explicit-curve")).to_vec()),
        ("a critical extension", der(file!("critical-extension")).to_vec()),
        ("somebody else's, that is trusted", trusted.to_vec()),
    ] {
        for scheme in [
            SignatureScheme::ECDSA_NISTP256_SHA256,
            SignatureScheme::RSA_PSS_SHA256,
            // These were not offered, do not belong to TLS 1.3, or do not exist.
            SignatureScheme::RSA_PKCS1_SHA1,
            SignatureScheme::ED448,
            SignatureScheme::Unknown(0xfefe),
        ] {
            unproved.push((format!("{what}, {scheme:?}"), Shown::forged(&certificate, scheme)));
        }
    }
    unproved
}

#[tokio::test]
async fn without_proof_the_session_goes_on_as_without_a_certificate() {
    let authority = Authority::new();
    let (address, seen) = watching(authority.asked()).await;
    for (what, shown) in unproved(&authority) {
        for version in VERSIONS {
            assert!(is_answered(address, &showing(&shown, version)).await, "{what} in {version:?}");
            assert_eq!(seen.all().pop().unwrap().client, None, "{what} in {version:?}");
        }
    }
}

#[tokio::test]
async fn without_proof_there_is_no_session_where_it_is_required() {
    let authority = Authority::new();
    for clients in [authority.asked().required(), authority.asked().any_usage().required()] {
        let (address, seen) = watching(clients).await;
        for (what, shown) in unproved(&authority) {
            for version in VERSIONS {
                assert!(!is_answered(address, &showing(&shown, version)).await, "{what} in {version:?}");
            }
        }
        assert_eq!(seen.count(), 0);
    }
}

#[tokio::test]
async fn a_ticket_does_not_make_up_for_the_proof() {
    let authority = Authority::new();
    let (address, seen) = watching(authority.asked()).await;
    let stolen = authority.sign(&named("somebody else")).der;
    let shown = Shown::forged(&stolen, SignatureScheme::ECDSA_NISTP256_SHA256);
    for version in VERSIONS {
        let config = showing(&shown, version);
        for _ in 0..3 {
            assert!(is_answered(address, &config).await);
        }
    }
    assert_eq!(seen.count(), 6);
    assert!(seen.all().iter().all(|facts| facts.client.is_none() && !facts.is_resumed));
}

#[tokio::test]
async fn an_old_signature_on_a_certificate_leaves_it_unverified() {
    let authority = Authority::new();
    let (address, seen) = watching(authority.asked()).await;
    for file in [file!("rsa-md5"), file!("rsa-sha1"), file!("rsa-2048")] {
        for version in VERSIONS {
            let key = PrivateKeyDer::from_pem_slice(file.as_bytes()).unwrap();
            let config = client(&[version], &[identity()]).with_client_auth_cert(vec![der(file)], key);
            assert!(is_answered(address, &Arc::new(config.unwrap())).await);
            let shown = seen.all().pop().unwrap().client.unwrap();
            assert!(matches!(shown.trust, Trust::Unverified { .. }), "{:?}", shown.trust);
            assert_eq!(shown.der, der(file).to_vec());
        }
    }
}

#[tokio::test]
async fn a_ticket_brings_no_certificate_where_none_is_asked_for() {
    let (own, seen) = (config(), Seen::<TlsFacts>::default());
    let note = seen.clone();
    let asking = own.clone().client_auth(Authority::new().asked()).unwrap();
    let server = build(accepting().tls(asking.clone()).on_secure(move |facts, _| note.note(facts.clone())));
    let address = listen(&server).await;
    let stranger = file!("rsa-2048");
    for version in VERSIONS {
        let key = PrivateKeyDer::from_pem_slice(stranger.as_bytes()).unwrap();
        let client = client(&[version], &[identity()]).with_client_auth_cert(vec![der(stranger)], key);
        let client = Arc::new(client.unwrap());
        server.reload_tls(asking.clone()).unwrap();
        assert!(is_answered(address, &client).await);
        assert!(matches!(seen.all().pop().unwrap().client.unwrap().trust, Trust::Unverified { .. }));
        // It has the same certificate, but comes from the other configuration.
        server.reload_tls(own.clone()).unwrap();
        assert!(is_answered(address, &client).await);
        let facts = seen.all().pop().unwrap();
        assert!(!facts.is_resumed && facts.client.is_none(), "{facts:?}");
    }
}
