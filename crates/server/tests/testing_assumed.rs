//! A client of the testing kit may begin inside TLS, or authenticated.

use crate::support::clients::{Authority, tls as asking};
use crate::support::tls::config;
use crate::support::{Seen, accepting, build};
use mailchute::testing;
use mailchute::tls::{TlsFacts, TlsVersion};
use mailchute::{Check, Hooks, Refusal, Session, Verdict};

#[tokio::test]
async fn assumed_tls_is_what_hooks_and_events_get() {
    let seen = Seen::<String>::default();
    let [connected, secured, mailed] = [seen.clone(), seen.clone(), seen.clone()];
    let server = build(
        accepting()
            .on_connect(move |session| connected.note(format!("connect {}", session.tls().is_some())))
            .on_secure(move |tls, _| secured.note(format!("secure {} {:?}", tls.version, tls.sni)))
            .on_mail_from(move |_, session| {
                let tls = session.tls().expect("it is inside TLS");
                mailed.note(format!(
                    "mail {:?}",
                    tls.client.as_ref().and_then(|client| client.common_name.clone())
                ))
            }),
    );
    let recorder = server.events().record();
    let certificate = testing::client_certificate("alice");
    let tls = testing::tls().version(TlsVersion::Tls1_2).sni("mx.example.com").client(certificate);
    let mut client = testing::connect(&server).tls(tls).open();
    let hello = client.ready().await.expect(250).to_string();
    assert!(!hello.contains("STARTTLS") && hello.contains("REQUIRETLS"), "{hello}");
    client.command("STARTTLS").await.expect(503);
    client.command("MAIL FROM:<>").await.expect(250);
    let all = ["connect true", "secure TLSv1.2 Some(\"mx.example.com\")", "mail Some(\"alice\")"];
    assert_eq!(seen.all(), all);
    let text = recorder.last().expect("it is recorded").to_string();
    assert!(text.contains("TLSv1.2 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"), "{text}");
}

#[tokio::test]
async fn assumed_tls_meets_the_demands_of_a_listener() {
    let server = build(
        accepting()
            .tls(config())
            .on("submission", |b| b.require_tls().require_auth().on_auth(|_, _| async { Check::Right })),
    );
    let submission = || testing::connect(&server).listener("submission");
    let mut clear = submission().open();
    assert!(!clear.ready().await.expect(250).to_string().contains("AUTH"));
    clear.command("MAIL FROM:<>").await.expect(530);
    let mut inside = submission().tls(testing::tls()).open();
    assert!(inside.ready().await.expect(250).to_string().contains("250-AUTH PLAIN LOGIN"));
    inside.command("MAIL FROM:<>").await.expect(530);
    inside.command("AUTH PLAIN AGFsaWNlAHg=").await.expect(235);
    inside.deliver("alice@example.com", ["bob@example.com"], "Hello").await.expect(250);
    let mut alice = submission().tls(testing::tls()).identity("alice").open();
    alice.ready().await.expect(250);
    alice.command("AUTH PLAIN AGFsaWNlAHg=").await.expect(503);
    alice.deliver("alice@example.com", ["bob@example.com"], "Hello").await.expect(250);
}

#[tokio::test]
async fn an_assumed_certificate_logs_in_if_it_is_verified() {
    let server = build(accepting().tls(asking(Authority::new().asked())).auth_external());
    let certificate = testing::client_certificate("alice");
    for (tls, code) in [
        (testing::tls().client(certificate.clone()), 235),
        (testing::tls().unverified_client(certificate), 535),
        (testing::tls(), 535),
    ] {
        let mut client = testing::connect(&server).tls(tls).open();
        client.ready().await.expect(250);
        client.command("AUTH EXTERNAL =").await.expect(code);
    }
}

#[tokio::test]
async fn an_assumed_identity_is_that_of_the_session_until_starttls() {
    let seen = Seen::<Option<String>>::default();
    let note = seen.clone();
    let server =
        build(accepting().tls(config()).require_auth().on_auth(|_, _| async { Check::Wrong }).on_mail_from(
            move |_, session| note.note(session.identity().map(|identity| identity.to_string())),
        ));
    let mut alice = testing::connect(&server).identity("alice").open();
    alice.ready().await.expect(250);
    alice.command("MAIL FROM:<>").await.expect(250);
    assert_eq!(seen.all(), [Some("alice".to_owned())]);
    alice.command("RSET").await.expect(250);
    alice.command("EHLO client.example").await.expect(250);
    alice.command("MAIL FROM:<>").await.expect(250);
    assert_eq!(seen.all().len(), 2);
    let mut nobody = testing::connect(&server).open();
    nobody.ready().await.expect(250);
    nobody.command("MAIL FROM:<>").await.expect(530);
}

#[tokio::test]
async fn behind_a_proxy_the_assumptions_hold_for_its_client() {
    let proxied = accepting().proxy_from(["127.0.0.1".parse().unwrap()]);
    let server = build(proxied.on_mail_from(|_, session| async move {
        let is_both = session.tls().is_some() && session.identity().as_deref() == Some("alice");
        Verdict::accept_if(is_both && session.client_ip().to_string() == "192.0.2.1")
    }));
    let mut client = testing::connect(&server).tls(testing::tls()).identity("alice").open();
    client.send_bytes(b"PROXY TCP4 192.0.2.1 198.51.100.1 40000 25\r\n").await;
    client.ready().await.expect(250);
    client.command("MAIL FROM:<>").await.expect(250);
}

struct Modern;

impl Hooks for Modern {
    async fn secure(&self, tls: &TlsFacts, session: &Session) -> mailchute::Answer {
        if tls.version >= TlsVersion::Tls1_3 && session.tls().is_some() && session.identity().is_some() {
            return Ok(Verdict::Accept);
        }
        Err(Refusal::new(554, (5, 7, 1), "TLS 1.3, please"))
    }
}

#[tokio::test]
async fn a_session_without_a_server_may_be_inside_tls() {
    for (version, is_taken) in [(TlsVersion::Tls1_2, false), (TlsVersion::Tls1_3, true)] {
        let tls = testing::tls().version(version);
        let session = testing::session().tls(tls.clone()).identity("alice").build();
        assert_eq!(Modern.secure(&tls.build(), &session).await.is_ok(), is_taken);
    }
}
