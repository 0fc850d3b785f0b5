//! Invalid server names (SNI), or names that rustls does not parse, cost no handshake.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::support::clients::{Authority, named, tls};
use crate::support::odd_names::OddName;
use crate::support::shown::Shown;
use crate::support::talk::{Talk, connect, listen};
use crate::support::tls::{Identity, identity};
use crate::support::{Seen, accepting, build};
use mailchute::tls::{TlsConfig, TlsFacts};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, HandshakeKind, ServerConfig, SignatureScheme, SupportedProtocolVersion};

const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// A server that records its facts about each session.
async fn watching(tls: TlsConfig) -> (SocketAddr, Seen<TlsFacts>) {
    let seen = Seen::default();
    let note = seen.clone();
    let server = build(accepting().tls(tls).on_secure(move |facts, _| note.note(facts.clone())));
    (listen(&server).await, seen)
}

/// Sends STARTTLS, performs the handshake and sends EHLO; returns the kind of handshake, and the server's certificate.
async fn greet(
    address: SocketAddr,
    name: &OddName,
    config: &Arc<ClientConfig>,
) -> std::io::Result<(Option<HandshakeKind>, CertificateDer<'static>)> {
    let mut talk = connect(address).await;
    talk.hello().await;
    talk.ask("STARTTLS", "220 2.0.0").await;
    let mut talk = Talk::new(name.shake(talk.into_inner(), config).await?);
    talk.ask("EHLO client.example", "250-mx.example.com").await;
    let connection = talk.get_ref().get_ref().1;
    let shown = connection.peer_certificates().expect("a server shows one")[0].clone();
    Ok((connection.handshake_kind(), shown))
}

/// Complete extensions: a list of names, each a type, a length and the name.
fn odd_names() -> Vec<OddName> {
    let long = [b"a".repeat(64), b".example".to_vec()].concat();
    let mut names: Vec<_> = [
        &b"mx.example.com:25"[..],
        b"mx-.example.com",
        b"-mx.example.com",
        b"mx..example.com",
        b".example.com",
        b"*.example.com",
        b"[192.0.2.1]",
        b"[2001:db8::1]",
        b"host.123",
        b"b\xc3\xbccher.example",
        b"b\xfccher.example",
        b"mx example com",
        b"mx.example.com\0",
        b"mx.example.com..",
        &long,
    ]
    .map(OddName::called)
    .into();
    names.extend(
        [
            // Two names; an empty one, alone and before another; an empty list; an unknown type.
            &b"\x00\x0c\x00\x00\x03a.b\x00\x00\x03c.d"[..],
            b"\x00\x09\x00\x00\x00\x00\x00\x03c.d",
            b"\x00\x03\x00\x00\x00\x00",
            b"\x00\x00\x00\x00\x00\x00",
            b"\x00\x06\x01\x00\x03a.b",
            // Wrong lengths.
            b"\x00\x06\x00\xff\xffa.b",
            b"\xff\xff\x00\x00\x03a.b",
        ]
        .map(OddName::with),
    );
    names
}

#[tokio::test]
async fn an_invalid_sni_gets_the_first_certificate_in_both_versions() {
    let other = Identity::of(&["mx.example.org"]);
    let config = crate::support::tls::config();
    let config = config.add_certificate(other.server()).unwrap();
    let (address, seen) = watching(config).await;
    for name in odd_names() {
        for version in VERSIONS {
            let config = Arc::new(name.client(version).with_no_client_auth());
            let (_, shown) = greet(address, &name, &config).await.unwrap_or_else(|error| {
                panic!("{name:x?} in {version:?}: {error}");
            });
            assert_eq!(shown, identity().der, "{name:x?}");
        }
    }
    assert!(seen.all().iter().all(|facts| facts.sni.is_none()));
}

#[tokio::test]
async fn such_a_client_may_be_asked_for_another_key() {
    let (address, seen) = watching(crate::support::tls::config()).await;
    for name in odd_names() {
        let config = Arc::new(name.retrying_client().with_no_client_auth());
        let (kind, shown) =
            greet(address, &name, &config).await.unwrap_or_else(|error| panic!("{name:x?}: {error}"));
        assert_eq!(kind, Some(HandshakeKind::FullWithHelloRetryRequest));
        assert_eq!(shown, identity().der);
    }
    assert_eq!(seen.count(), odd_names().len());
}

#[tokio::test]
async fn a_name_that_rustls_takes_is_known_as_ever() {
    let other = Identity::of(&["mx.example.org"]);
    let config = crate::support::tls::config();
    let config = config.add_certificate(other.server()).unwrap();
    let (address, seen) = watching(config).await;
    for (name, sni, expected) in [
        (&b"mx.example.org"[..], Some("mx.example.org"), &other),
        // The final dot is DNS syntax, and rustls removes it.
        (b"mx.example.org.", Some("mx.example.org"), &other),
        (b"mx_1.example.org", Some("mx_1.example.org"), identity()),
        (b"192.0.2.1", None, identity()),
        (b"2001:db8::1", None, identity()),
    ] {
        for version in VERSIONS {
            let name = OddName::called(name);
            let config = Arc::new(name.client(version).with_no_client_auth());
            let (_, shown) = greet(address, &name, &config).await.unwrap();
            assert_eq!(shown, expected.der);
            assert_eq!(seen.all().pop().unwrap().sni.as_deref(), sni);
        }
    }
}

#[tokio::test]
async fn an_invalid_sni_allows_resumption_and_client_certificates() {
    let authority = Authority::new();
    let shown = authority.sign(&named("client"));
    let name = OddName::called(b"mx.example.com:25");
    for clients in [authority.asked(), authority.asked().required()] {
        let (address, seen) = watching(tls(clients)).await;
        for (builder, kind) in [
            (name.client(&TLS12), HandshakeKind::Full),
            (name.client(&TLS13), HandshakeKind::Full),
            (name.retrying_client(), HandshakeKind::FullWithHelloRetryRequest),
        ] {
            let key = PrivateKeyDer::from_pem_slice(shown.key.as_bytes()).unwrap();
            let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).unwrap();
            let scheme = SignatureScheme::ECDSA_NISTP256_SHA256;
            let sent = name.clone();
            // In TLS 1.2 the handshake itself is signed.
            let proof = Shown::signed(vec![shown.der.clone()], scheme, move |handshake| {
                key.choose_scheme(&[scheme]).unwrap().sign(&sent.replaced(handshake)).unwrap()
            });
            let config = Arc::new(builder.with_client_cert_resolver(proof));
            let (first, _) = greet(address, &name, &config).await.unwrap();
            assert_eq!(first, Some(kind));
            let (second, _) = greet(address, &name, &config).await.unwrap();
            assert_eq!(second, Some(HandshakeKind::Resumed));
        }
        let verified: Vec<_> = seen.all().iter().map(|facts| facts.client.clone().unwrap()).collect();
        assert!(verified.iter().all(|client| client.is_verified()));
        assert_eq!(verified.len(), 6);
    }
}

#[tokio::test]
async fn a_plain_rustls_configuration_refuses_an_invalid_sni() {
    let key = PrivateKeyDer::from_pem_slice(identity().key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![identity().der.clone()], key)
        .unwrap();
    let (address, seen) = watching(TlsConfig::from_rustls(Arc::new(config))).await;
    for version in VERSIONS {
        let name = OddName::called(b"mx.example.com:25");
        let config = Arc::new(name.client(version).with_no_client_auth());
        let error = greet(address, &name, &config).await.unwrap_err();
        assert!(error.to_string().contains("IllegalParameter"), "{error}");
    }
    assert_eq!(seen.count(), 0);
}
