//! SCRAM on the server: only a client that knows the password gets in, with or without channel binding.

use std::sync::Arc;

use crate::support::scram::{Binding, ITERATIONS, UNBOUND, log_in, salt_of};
use crate::support::talk::pipe;
use crate::support::tls::Identity;
use crate::support::{Seen, accepting, build, tls};
use mailchute::auth::{Mechanism, ScramVerifier};
use mailchute::events::Event;
use mailchute::tls::TlsConfig;
use mailchute::{Builder, Check, Credentials, Refusal, Server, Session};
use rcgen::KeyPair;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::version::{TLS12, TLS13};
use sha2::{Digest as _, Sha256};

const PLUS: &str = "SCRAM-SHA-256-PLUS";

async fn verifier(user: String, _session: Session) -> Result<Option<ScramVerifier>, Refusal> {
    match user.as_str() {
        "alice" => Ok(Some(ScramVerifier::from_password("wonderland", *b"sixteen bytes!!", ITERATIONS)?)),
        "away" => Err(Refusal::new(454, (4, 7, 0), "Users are away")),
        "yes" => Err(Refusal::new(235, (2, 7, 0), "Come in")),
        _ => Ok(None),
    }
}

fn server(builder: Builder) -> Server {
    build(builder.tls(tls::config()).on_scram(verifier))
}

/// A binding to the exporter of a session (RFC 9266).
fn exporter(connection: &rustls::ClientConnection) -> Binding {
    let material = connection.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b""));
    Binding { mechanism: PLUS, flag: "p=tls-exporter", data: material.expect("after the handshake").to_vec() }
}

/// A binding to the certificate of the tests, whose signature uses SHA-256 (RFC 5929 §4.1).
fn end_point() -> Binding {
    let data = Sha256::digest(tls::certificate()).to_vec();
    Binding { mechanism: PLUS, flag: "p=tls-server-end-point", data }
}

#[tokio::test(start_paused = true)]
async fn a_password_is_proved_in_the_clear_and_a_guess_is_not() {
    let server = server(accepting());
    let (mut client, _session) = pipe(&server, 65_536);
    assert!(client.hello().await.contains("250-AUTH SCRAM-SHA-256\r\n"));
    assert!(log_in(&mut client, "alice", "guessed", &UNBOUND).await.starts_with("535 5.7.8 "));
    assert!(log_in(&mut client, "nobody", "wonderland", &UNBOUND).await.starts_with("535 5.7.8 "));
    assert!(log_in(&mut client, "alice", "wonderland", &UNBOUND).await.starts_with("235 2.7.0 "));
    client.ask("MAIL FROM:<>", "250").await;
}

#[tokio::test(start_paused = true)]
async fn accepts_a_proof_only_if_bound_to_this_session() {
    for version in [&TLS12, &TLS13] {
        let server = server(accepting().max_auth_failures(0));
        let (mut client, _session) = pipe(&server, 65_536);
        client.hello().await;
        client.ask("STARTTLS", "220").await;
        let stream = tls::secure(client.into_inner(), &[version]).await.into_inner();
        let of_this = exporter(stream.get_ref().1);
        let mut client = crate::support::talk::Talk::new(stream);
        assert!(
            client
                .ask("EHLO client.example", "250")
                .await
                .contains("AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256\r\n")
        );
        let mut of_another = of_this.clone();
        of_another.data[31] ^= 1;
        let mut of_another_certificate = end_point();
        of_another_certificate.data[0] ^= 1;
        let unknown = Binding { flag: "p=tls-unique", ..of_this.clone() };
        let downgraded = Binding { flag: "y", ..UNBOUND };
        for wrong in [of_another, of_another_certificate, unknown, downgraded] {
            let reply = log_in(&mut client, "alice", "wonderland", &wrong).await;
            assert!(reply.starts_with("535 5.7.8 ") || reply == "no challenge", "{wrong:?}: {reply}");
        }
        // In TLS 1.2 the exporter is not used for binding.
        let expected = if version == &TLS13 { "235" } else { "535" };
        let reply = log_in(&mut client, "alice", "wonderland", &of_this).await;
        assert!(reply.starts_with(expected), "{version:?}: {reply}");
        if version == &TLS12 {
            assert!(log_in(&mut client, "alice", "wonderland", &end_point()).await.starts_with("235"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_proof_bound_to_the_certificate_holds_in_tls_13() {
    let mut client = tls::start_tls(pipe(&server(accepting()), 65_536).0).await;
    client.ask("EHLO client.example", "250").await;
    assert!(log_in(&mut client, "alice", "wonderland", &end_point()).await.starts_with("235"));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_has_nothing_to_bind_to_is_not_offered_to_bind() {
    let hashless =
        Identity::by(KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("the provider has it"), &[tls::NAME]);
    let unknown =
        rustls::ServerConfig::builder_with_provider(rustls::crypto::aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .expect("the provider has them")
            .with_no_client_auth();
    let key = PrivateKeyDer::from_pem_slice(tls::identity().key.as_bytes()).expect("it was just made");
    let unknown = unknown.with_single_cert(vec![tls::identity().der.clone()], key).expect("they are a pair");
    let unknown = TlsConfig::from_rustls(unknown.into());
    for (config, trusted) in [(hashless.config(), &hashless), (unknown, tls::identity())] {
        let server = build(accepting().tls(config).on_scram(verifier));
        for (version, offered) in
            [(&TLS12, "AUTH SCRAM-SHA-256\r\n"), (&TLS13, "AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256\r\n")]
        {
            let client = Arc::new(tls::client(&[version], &[trusted]).with_no_client_auth());
            let (mut talk, _session) = pipe(&server, 65_536);
            talk.hello().await;
            talk.ask("STARTTLS", "220").await;
            let mut talk = tls::shake(talk.into_inner(), &client, tls::NAME).await.expect("it succeeds");
            let keywords = talk.ask("EHLO client.example", "250").await;
            assert!(keywords.contains(offered), "{version:?}: {keywords}");
            if version == &TLS12 {
                talk.ask(&format!("AUTH {PLUS}"), "504 5.5.4 ").await;
                // A client that can bind, and sees that the server cannot, is not under attack.
                let able = Binding { flag: "y", ..UNBOUND };
                assert!(log_in(&mut talk, "alice", "wonderland", &able).await.starts_with("235"));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_that_there_is_not_has_a_salt_that_stays() {
    let first = server(accepting().scram_secret("one"));
    let second = server(accepting().scram_secret("one"));
    let other = server(accepting());
    let mut salts = Vec::new();
    for server in [&first, &first, &second, &other] {
        let (mut client, _session) = pipe(server, 65_536);
        client.hello().await;
        salts.push((salt_of(&mut client, "nobody").await, salt_of(&mut client, "somebody").await));
    }
    assert_eq!(salts[0], salts[1]);
    assert_eq!(salts[0], salts[2]);
    assert_ne!(salts[0], salts[3], "without a secret of its own a server makes one");
    assert_ne!(salts[0].0, salts[0].1);
    assert!(salts[0].0.ends_with(&format!(",i={}", ScramVerifier::ITERATIONS)), "{salts:?}");
}

#[tokio::test(start_paused = true)]
async fn asks_the_auth_hook_after_a_correct_scram_proof() {
    let seen = Seen::<String>::default();
    let note = seen.clone();
    let server = server(accepting().on_auth(move |given: Credentials, session: Session| {
        note.push(format!("{} {} {}", given.mechanism(), given.identity(), given.are_proven()));
        session.identify("Alice Liddell");
        async move { Check::right_if(given.are_proven() || given.is("bob", "builder")) }
    }));
    let mut events = server.events();
    let mut client = tls::start_tls(pipe(&server, 65_536).0).await;
    let keywords = client.ask("EHLO client.example", "250").await;
    assert!(keywords.contains("250-AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN\r\n"), "{keywords}");
    assert!(log_in(&mut client, "alice", "guessed", &UNBOUND).await.starts_with("535"));
    assert_eq!(seen.count(), 0, "a proof that does not hold is nothing to ask about");
    let reply = log_in(&mut client, "alice", "wonderland", &UNBOUND).await;
    assert!(reply.starts_with("235"), "{reply}");
    assert_eq!(seen.all(), ["SCRAM-SHA-256 alice true"]);
    client.ask("QUIT", "221").await;
    drop(server);
    let mut told = Vec::new();
    while let Some(event) = events.next().await {
        if let Event::Auth { succeeded, identity, session, .. } = &event {
            told.push((identity.clone(), *succeeded));
            assert_eq!(session.identity().as_deref(), Some("Alice Liddell"));
        }
    }
    let alice = Some("alice".to_owned());
    assert_eq!(told, [(alice.clone(), false), (alice, true)]);
}

#[tokio::test(start_paused = true)]
async fn an_identity_set_by_a_hook_does_not_leak_into_authentication() {
    let seen = Seen::<String>::default();
    let note = seen.clone();
    let server = build(
        accepting()
            .allow_plaintext_auth()
            .on_ehlo(|_, session| async move { session.identify("ehlo") })
            .on_scram(|user, session| async move {
                session.identify("root");
                verifier(user, session).await
            })
            .on_auth(|given: Credentials, _| async move {
                Check::right_if(given.are_proven() || given.is("bob", "builder"))
            })
            .on_mail_from(move |_, session| {
                note.push(session.identity().unwrap_or_default().to_string());
                async {}
            }),
    );
    let (mut client, _session) = pipe(&server, 65_536);
    client.hello().await;
    assert!(log_in(&mut client, "alice", "guessed", &UNBOUND).await.starts_with("535"));
    // \0bob\0builder
    client.ask("AUTH PLAIN AGJvYgBidWlsZGVy", "235").await;
    client.ask("MAIL FROM:<>", "250").await;
    let (mut client, _session) = pipe(&server, 65_536);
    client.hello().await;
    assert!(log_in(&mut client, "alice", "wonderland", &UNBOUND).await.starts_with("235"));
    client.ask("MAIL FROM:<>", "250").await;
    assert_eq!(seen.all(), ["bob", "alice"]);
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_cannot_tell_refuses_whatever_it_says() {
    let server = server(accepting());
    let (mut client, _session) = pipe(&server, 65_536);
    client.hello().await;
    // n,,n=away,r=abc and n,,n=yes,r=abc
    for _ in 0..4 {
        client.ask("AUTH SCRAM-SHA-256 biwsbj1hd2F5LHI9YWJj", "454 4.7.0 Users are away").await;
    }
    client.ask("AUTH SCRAM-SHA-256 biwsbj15ZXMscj1hYmM=", "451 4.3.0").await;
}

#[tokio::test]
async fn mechanisms_without_a_hook_fail_the_build_or_are_not_offered() {
    let error = accepting().mechanisms([Mechanism::ScramSha256]).build().unwrap_err().to_string();
    assert!(error.contains("write .scram_verifiers(…) or .on_scram(…)"), "{error}");
    assert!(accepting().require_auth().on_scram(verifier).build().is_ok());
    // Without a certificate there is no channel to bind to; without an authenticator there is no PLAIN.
    let (mut client, _session) =
        pipe(&build(accepting().mechanisms(Mechanism::ALL.iter().copied()).on_scram(verifier)), 65_536);
    assert!(client.hello().await.contains("250-AUTH SCRAM-SHA-256\r\n"));
}
