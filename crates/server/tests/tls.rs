//! TLS over real sockets: STARTTLS, implicit TLS, and what an attacker on the path may try.

use crate::support::talk::{connect, listen, pipe};
use crate::support::tls::{config, secure};
use crate::support::{MESSAGE, Seen, StoreBy as _, accepting, build, builder};
use mailchute::tls::{TlsConfig, TlsVersion};
use mailchute::{Builder, Check, Disconnect, Listener, Refusal, Server, Verdict};
use rustls::version::{TLS12, TLS13};
use tokio::io::AsyncWriteExt as _;
use tokio::time::Instant;

fn with_tls(builder: Builder) -> Server {
    build(builder.tls(config()))
}

#[tokio::test]
async fn starttls_is_offered_until_tls_is_up_and_mail_goes_both_ways() {
    let address = listen(&with_tls(accepting())).await;
    let mut client = connect(address).await;
    assert!(client.hello().await.contains("250-STARTTLS\r\n"));
    client.ask("MAIL FROM:<>", "250").await;
    client.ask("RSET", "250").await;
    client.ask("STARTTLS", "220 2.0.0").await;
    let mut client = secure(client.into_inner(), rustls::ALL_VERSIONS).await;
    let keywords = client.ask("EHLO client.example", "250-mx.example.com\r\n").await;
    assert!(!keywords.contains("STARTTLS"), "{keywords}");
    client.ask("STARTTLS", "503 5.5.1").await;
    client.ask("MAIL FROM:<>", "250").await;
    client.ask("RCPT TO:<bob@example.com>", "250").await;
    client.ask("DATA", "354").await;
    client.ask(MESSAGE, "250 2.6.0").await;
    client.ask("QUIT", "221").await;
    assert_eq!(client.rest().await, "");
}

#[tokio::test]
async fn without_a_certificate_starttls_is_neither_offered_nor_taken() {
    let address = listen(&build(accepting())).await;
    let mut client = connect(address).await;
    assert!(!client.hello().await.contains("STARTTLS"));
    client.ask("STARTTLS", "502 5.5.1").await;
    let error =
        build(accepting()).listen(Listener::new("127.0.0.1:0").implicit_tls()).await.unwrap_err().to_string();
    assert!(error.contains("needs a certificate"), "{error}");
}

#[tokio::test]
async fn required_tls_refuses_mail_until_it_is_up() {
    let address = listen(&with_tls(accepting().require_tls())).await;
    let mut client = connect(address).await;
    client.hello().await;
    for line in ["MAIL FROM:<>", "RCPT TO:<bob@example.com>", "DATA", "VRFY bob", "HELP", "RSET"] {
        client.ask(line, "530 5.7.0").await;
    }
    client.ask("NOOP", "250").await;
    client.ask("STARTTLS", "220").await;
    let mut client = secure(client.into_inner(), rustls::ALL_VERSIONS).await;
    client.ask("EHLO client.example", "250").await;
    client.ask("MAIL FROM:<>", "250").await;
}

#[tokio::test]
async fn both_versions_are_spoken_and_the_session_knows_them() {
    let facts = Seen::<String>::default();
    let notes = facts.clone();
    let server = with_tls(accepting().on_ehlo(move |_, session| {
        if let Some(tls) = session.tls() {
            let sni = tls.sni.clone().unwrap_or_default();
            notes.push(format!("{} {} {sni}", tls.version, tls.cipher));
        }
        async {}
    }));
    let address = listen(&server).await;
    for version in [&TLS12, &TLS13] {
        let mut client = connect(address).await;
        client.hello().await;
        client.ask("STARTTLS", "220").await;
        let mut client = secure(client.into_inner(), &[version]).await;
        client.ask("EHLO client.example", "250").await;
    }
    let [old, new] = &facts.all()[..] else { panic!("{facts:?}") };
    assert!(old.starts_with("TLSv1.2 TLS_ECDHE_ECDSA_WITH_") && old.ends_with(" mx.example.com"), "{old}");
    assert!(new.starts_with("TLSv1.3 TLS_AES_256_GCM_SHA384 "), "{new}");
}

#[tokio::test]
async fn a_listener_inside_tls_greets_inside_tls() {
    let causes = Seen::<Disconnect>::default();
    let note = causes.clone();
    let server = with_tls(
        accepting()
            .on_connect(|session| async move { Verdict::accept_if(session.tls().is_some()) })
            .on_disconnect(move |cause, _| note.note(cause)),
    );
    let serving = server.listen(Listener::new("127.0.0.1:0").implicit_tls()).await.unwrap();
    let address = serving.addrs()[0];
    tokio::spawn(serving.into_future());
    let client = connect(address).await;
    let mut client = secure(client.into_inner(), rustls::ALL_VERSIONS).await;
    assert!(!client.hello().await.contains("STARTTLS"));
    client.ask("STARTTLS", "503").await;
    client.ask("QUIT", "221").await;
    causes.until(1).await;
    // A client that speaks in the clear gets no greeting.
    let mut client = connect(address).await;
    client.write("EHLO client.example\r\n").await;
    assert!(!client.rest().await.contains("220"));
    // The connect hooks did not see that client, so the disconnect hooks do not either.
    assert_eq!(causes.until(1).await, [Disconnect::Quit]);
}

#[tokio::test]
async fn plain_text_after_starttls_is_never_run() {
    let seen = Seen::<String>::default();
    let note = seen.clone();
    let server = with_tls(accepting().on_mail_from(move |from, _| note.note(from.as_str())));
    let address = listen(&server).await;
    for injected in
        ["MAIL FROM:<mallory@evil.example>\r\n", "EHLO evil\r\nMAIL FROM:<m@evil.example>\r\n", "RS"]
    {
        let mut client = connect(address).await;
        client.hello().await;
        client.write(format!("STARTTLS\r\n{injected}")).await;
        assert_eq!(client.read_reply().await, "220 2.0.0 Ready to start TLS\r\n");
        let mut client = secure(client.into_inner(), rustls::ALL_VERSIONS).await;
        // There is no extra reply: the next one answers this command.
        assert_eq!(client.say("VRFY alice").await.get(..3), Some("252"), "{injected:?}");
        client.ask("EHLO client.example", "250-mx").await;
        client.ask("RCPT TO:<bob@example.com>", "503").await;
    }
    assert_eq!(seen.count(), 0);
}

#[tokio::test]
async fn all_that_was_said_in_the_clear_is_forgotten() {
    #[derive(Clone)]
    struct Mine;
    let server = with_tls(
        accepting()
            .allow_plaintext_auth()
            .on_auth(|_, _| async { Check::Right })
            .on_secure(|_, session| async move {
                Verdict::accept_if(
                    session.helo_name().is_none()
                        && session.identity().is_none()
                        && session.envelope().is_none()
                        && session.transaction_state().get::<Mine>().is_none()
                        && session.state().get::<Mine>().is_some(),
                )
            })
            .on_mail_from(|_, session| {
                session.transaction_state().insert(Mine);
                session.state().insert(Mine);
                async {}
            }),
    );
    let address = listen(&server).await;
    let mut client = connect(address).await;
    client.hello().await;
    client.ask("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=", "235").await;
    client.ask("MAIL FROM:<>", "250").await;
    client.ask("RCPT TO:<bob@example.com>", "250").await;
    client.ask("STARTTLS", "220").await;
    let mut client = secure(client.into_inner(), rustls::ALL_VERSIONS).await;
    client.ask("MAIL FROM:<>", "503 5.5.1").await;
    client.ask("DATA", "503 5.5.1").await;
    let keywords = client.ask("EHLO client.example", "250").await;
    assert!(keywords.contains("250-AUTH PLAIN LOGIN\r\n"), "{keywords}");
    client.ask("RCPT TO:<bob@example.com>", "503 5.5.1").await;
    client.ask("AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=", "235").await;
}

#[tokio::test]
async fn garbage_instead_of_a_handshake_closes_without_plain_text() {
    let address = listen(&with_tls(accepting())).await;
    for garbage in
        [&b"EHLO client.example\r\nMAIL FROM:<>\r\n"[..], &[0; 64], b"\x16\x03\x01\xff\xff\xff", b"\x80\x2e"]
    {
        let mut client = connect(address).await;
        client.hello().await;
        client.ask("STARTTLS", "220").await;
        client.write(garbage).await;
        client.finish().await;
        let mut stream = client.into_inner();
        let mut rest = Vec::new();
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut rest).await;
        // At most an alert, which has its own kind of record.
        assert!(rest.is_empty() || rest[0] == 0x15, "{rest:?}");
    }
}

#[tokio::test]
async fn after_the_end_of_tls_nothing_is_taken_in_the_clear() {
    let address = listen(&with_tls(accepting())).await;
    let mut client = connect(address).await;
    client.hello().await;
    client.ask("STARTTLS", "220").await;
    let mut client = secure(client.into_inner(), rustls::ALL_VERSIONS).await;
    client.ask("EHLO client.example", "250").await;
    let (mut stream, mut session) = client.into_inner().into_inner();
    session.send_close_notify();
    let mut bytes = Vec::new();
    session.write_tls(&mut bytes).unwrap();
    bytes.extend_from_slice(b"EHLO client.example\r\nMAIL FROM:<>\r\n");
    stream.write_all(&bytes).await.unwrap();
    let mut rest = Vec::new();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut rest).await;
    assert!(!rest.windows(3).any(|window| window == b"250"), "{rest:?}");
}

#[tokio::test]
async fn a_client_that_speaks_tls_on_a_plain_port_is_hung_up_on() {
    let address = listen(&with_tls(accepting())).await;
    let mut client = connect(address).await;
    client.read_reply().await;
    client.write(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").await;
    assert_eq!(client.rest().await, "");
}

#[tokio::test]
async fn starttls_takes_no_argument_and_wants_ehlo_first() {
    let address = listen(&with_tls(accepting())).await;
    let mut client = connect(address).await;
    client.read_reply().await;
    client.ask("STARTTLS", "503 5.5.1").await;
    client.ask("EHLO client.example", "250").await;
    client.ask("STARTTLS now", "501 5.5.4").await;
    client.ask("NOOP", "250").await;
}

/// The bytes before the forged record exceed what rustls processes at once.
#[tokio::test(start_paused = true)]
async fn a_forged_record_after_good_ones_ends_the_session_at_once() {
    const LONG: usize = 4 * 1024;
    for version in [&TLS12, &TLS13] {
        let (mut client, session) = pipe(&with_tls(accepting()), 64 * 1024);
        client.hello().await;
        client.ask("STARTTLS", "220").await;
        let mut client = secure(client.into_inner(), &[version]).await;
        client.ask("EHLO client.example", "250").await;
        for (line, reply) in [("MAIL FROM:<>", "250"), ("RCPT TO:<bob@example.com>", "250"), ("DATA", "354")]
        {
            client.ask(line, reply).await;
        }
        let mut stream = client.into_inner();
        // None of these waits for room, so the server finds all of it together.
        stream.write_all(&b"hello\r\n".repeat(LONG / 7)).await.unwrap();
        stream.flush().await.unwrap();
        let forged = [&[0x17, 3, 3, 0x10, 0][..], &[0; LONG]].concat();
        stream.get_mut().0.write_all(&forged).await.unwrap();
        let since = Instant::now();
        session.await.unwrap();
        assert!(since.elapsed().as_secs() < 10, "{version:?}: {:?}", since.elapsed());
    }
}

#[tokio::test]
async fn a_secure_hook_refuses_unasked_and_hangs_up() {
    let modern = |builder: Builder| {
        builder.on_secure(|tls, _| async move {
            if tls.version == TlsVersion::Tls1_2 {
                return Err(Refusal::new(554, (5, 7, 10), "Your TLS is too old"));
            }
            Ok(())
        })
    };
    let server = with_tls(modern(accepting()));
    let address = listen(&server).await;
    let serving = server.listen(Listener::new("127.0.0.1:0").implicit_tls()).await.unwrap();
    let inside = serving.addrs()[0];
    tokio::spawn(serving.into_future());
    for (version, code) in [(&TLS12, "554"), (&TLS13, "250")] {
        let mut client = connect(address).await;
        client.hello().await;
        client.ask("STARTTLS", "220").await;
        let mut client = secure(client.into_inner(), &[version]).await;
        let reply = client.say("EHLO client.example").await;
        assert!(reply.starts_with(code), "{reply}");
        // With implicit TLS the refusal replaces the greeting.
        let mut client = secure(connect(inside).await.into_inner(), &[version]).await;
        let greeting = client.read_reply().await;
        assert!(greeting.starts_with(if code == "554" { "554" } else { "220" }), "{greeting}");
    }
}

#[tokio::test]
async fn a_configuration_of_rustls_is_taken_as_it_is() {
    let identity = crate::support::tls::make_identity();
    let chain = rustls::pki_types::pem::PemObject::from_pem_slice(identity.certificate.as_bytes()).unwrap();
    let key = rustls::pki_types::pem::PemObject::from_pem_slice(identity.key.as_bytes()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let rustls = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .unwrap();
    let tls = TlsConfig::from_rustls(rustls.into());
    let address = listen(&build(builder().tls(tls).store_by(|_, _| async {}))).await;
    assert!(connect(address).await.hello().await.contains("STARTTLS"));
}
