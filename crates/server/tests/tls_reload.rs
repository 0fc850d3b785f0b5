//! Resumed sessions, certificates that change while the server runs, and handshakes that fail next to others.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::support::talk::{connect, listen};
use crate::support::tls::{Identity, NAME, client, config, identity, make_identity, shake, start};
use crate::support::{MESSAGE, Seen, accepting, build};
use mailchute::tls::{ClientCertificates, TlsConfig, TlsVersion};
use mailchute::{Disconnect, Server};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, HandshakeKind, SupportedProtocolVersion};

const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// The kind of handshake, after a reply: the tickets of TLS 1.3 come before it.
async fn handshake(address: SocketAddr, config: &Arc<ClientConfig>) -> HandshakeKind {
    let mut talk = start(address, config, NAME).await.expect("the handshake succeeds");
    talk.ask("EHLO client.example", "250").await;
    talk.get_ref().get_ref().1.handshake_kind().expect("it is over")
}

fn trusting(version: &'static SupportedProtocolVersion, trusted: &[&Identity]) -> Arc<ClientConfig> {
    client(&[version], trusted).with_no_client_auth().into()
}

#[tokio::test]
async fn a_client_that_comes_again_resumes_and_the_session_knows() {
    let seen = Seen::<bool>::default();
    let note = seen.clone();
    let server = build(accepting().tls(config()).on_secure(move |tls, _| note.note(tls.is_resumed)));
    let address = listen(&server).await;
    for version in VERSIONS {
        let config = trusting(version, &[identity()]);
        assert_eq!(handshake(address, &config).await, HandshakeKind::Full);
        for _ in 0..3 {
            assert_eq!(handshake(address, &config).await, HandshakeKind::Resumed);
        }
    }
    assert_eq!(seen.all(), [false, true, true, true, false, true, true, true]);
}

#[tokio::test]
async fn a_ticket_made_for_one_name_does_not_open_another() {
    let (a, b) = (Identity::of(&["a.example"]), Identity::of(&["b.example"]));
    let tls = a.config().add_certificate(b.server()).unwrap();
    let address = listen(&build(accepting().tls(tls))).await;
    for version in VERSIONS {
        let config = trusting(version, &[&a, &b]);
        for (name, kind) in [
            ("a.example", HandshakeKind::Full),
            ("a.example", HandshakeKind::Resumed),
            ("b.example", HandshakeKind::Full),
            ("b.example", HandshakeKind::Resumed),
        ] {
            let mut talk = start(address, &config, name).await.unwrap();
            talk.ask("EHLO client.example", "250").await;
            assert_eq!(talk.get_ref().get_ref().1.handshake_kind(), Some(kind), "{name}");
        }
    }
}

/// A session inside TLS that waits for the content of a message.
async fn in_data(
    address: SocketAddr,
    config: &Arc<ClientConfig>,
) -> crate::support::talk::Talk<tokio_rustls::client::TlsStream<tokio::net::TcpStream>> {
    let mut talk = start(address, config, NAME).await.expect("the handshake succeeds");
    for line in ["EHLO client.example", "MAIL FROM:<>", "RCPT TO:<bob@example.com>"] {
        talk.ask(line, "250").await;
    }
    talk.ask("DATA", "354").await;
    talk
}

#[tokio::test]
async fn new_certificates_apply_to_new_handshakes_only() {
    let server = build(accepting().tls(config()));
    let address = listen(&server).await;
    for version in VERSIONS {
        server.reload_tls(config()).unwrap();
        let old = trusting(version, &[identity()]);
        let mut sending = in_data(address, &old).await;
        let mut waiting = connect(address).await;
        waiting.hello().await;
        let renewed = make_identity();
        server.reload_tls(renewed.config()).unwrap();
        // A client that trusts only the old one is no longer served.
        assert!(start(address, &old, NAME).await.is_err());
        let new = trusting(version, &[&renewed]);
        assert_eq!(handshake(address, &new).await, HandshakeKind::Full);
        assert_eq!(handshake(address, &new).await, HandshakeKind::Resumed);
        // A session that was in the clear at that time gets the new one.
        waiting.ask("STARTTLS", "220").await;
        shake(waiting.into_inner(), &new, NAME).await.unwrap();
        sending.ask(MESSAGE, "250 2.6.0").await;
        sending.ask("QUIT", "221").await;
    }
}

#[tokio::test]
async fn a_ticket_from_before_a_reload_does_not_live_on() {
    let server = build(accepting().tls(config()));
    let address = listen(&server).await;
    for version in VERSIONS {
        let config = trusting(version, &[identity()]);
        handshake(address, &config).await;
        assert_eq!(handshake(address, &config).await, HandshakeKind::Resumed);
        server.reload_tls(crate::support::tls::config()).unwrap();
        assert_eq!(handshake(address, &config).await, HandshakeKind::Full);
    }
}

#[tokio::test]
async fn an_old_ticket_does_not_bypass_a_newly_required_certificate() {
    let tls = config();
    let server = build(accepting().tls(tls.clone()));
    let address = listen(&server).await;
    let clients = ClientCertificates::from_pem(identity().certificate.as_bytes()).unwrap().required();
    let strict = tls.clone().client_auth(clients).unwrap();
    for version in VERSIONS {
        server.reload_tls(tls.clone()).unwrap();
        let config = trusting(version, &[identity()]);
        handshake(address, &config).await;
        // It has the same certificate, but comes from the other configuration.
        server.reload_tls(strict.clone()).unwrap();
        if let Ok(mut talk) = start(address, &config, NAME).await {
            assert_eq!(talk.say("EHLO client.example").await, "");
        }
    }
}

#[test]
fn refuses_new_certificates_for_a_server_without_tls() {
    let error = build(accepting()).reload_tls(config()).unwrap_err().to_string();
    assert!(error.contains("built without TLS") && error.contains(".tls(…)"), "{error}");
    let foreign = || -> TlsConfig {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = rustls::ServerConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        TlsConfig::from_rustls(
            builder.with_cert_resolver(Arc::new(rustls::server::ResolvesServerCertUsingSni::new())).into(),
        )
    };
    let own = identity();
    let clients = ClientCertificates::from_pem(own.certificate.as_bytes()).unwrap();
    for error in [
        foreign().add_certificate(own.server()),
        foreign().client_auth(clients),
        foreign().versions(TlsVersion::Tls1_3..),
    ] {
        assert!(error.unwrap_err().to_string().starts_with("a configuration of rustls is taken as it is"));
    }
}

fn noting(causes: &Seen<Disconnect>) -> Server {
    let note = causes.clone();
    build(accepting().tls(config()).on_disconnect(move |cause, _| note.note(cause)))
}

#[tokio::test]
async fn a_handshake_that_fails_ends_its_own_session_and_no_other() {
    let causes = Seen::<Disconnect>::default();
    let address = listen(&noting(&causes)).await;
    let mut inside = in_data(address, &trusting(&TLS13, &[identity()])).await;
    let mut outside = connect(address).await;
    outside.hello().await;
    outside.ask("MAIL FROM:<>", "250").await;
    let distrusting = trusting(&TLS13, &[]);
    for attempt in 0..3 {
        if attempt == 0 {
            assert!(start(address, &distrusting, NAME).await.is_err());
        } else {
            let mut talk = connect(address).await;
            talk.hello().await;
            talk.ask("STARTTLS", "220").await;
            talk.write("NOOP\r\nNOOP\r\n").await;
            talk.finish().await;
            assert!(!talk.rest().await.contains("250"));
        }
    }
    assert_eq!(causes.until(3).await, [Disconnect::TlsFailure; 3]);
    outside.ask("RCPT TO:<bob@example.com>", "250").await;
    outside.ask("DATA", "354").await;
    outside.ask(MESSAGE, "250 2.6.0").await;
    inside.ask(MESSAGE, "250 2.6.0").await;
}
