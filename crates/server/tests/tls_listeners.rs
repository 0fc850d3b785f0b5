//! Listeners with their own TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::support::clients::{Authority, named, with};
use crate::support::talk::connect;
use crate::support::tls::{Identity, NAME, client, config, identity, make_identity, shake, start};
use crate::support::{accepting, build};
use mailchute::tls::{Certificate, TlsConfig, TlsVersion};
use mailchute::{BuildError, Builder, Check, Listener, Running, Server};
use rustls::pki_types::CertificateDer;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, SupportedProtocolVersion};

const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// A server with the listeners "mx" and "submission".
async fn serve(server: &Server) -> Running {
    let serving = server.listen(Listener::new("127.0.0.1:0").name("mx")).await.expect("a port is free");
    let serving =
        serving.listen(Listener::new("127.0.0.1:0").name("submission")).await.expect("a port is free");
    serving.spawn(std::time::Duration::ZERO).expect("each policy has its listener")
}

fn addresses(running: &Running) -> [SocketAddr; 2] {
    ["mx", "submission"].map(|name| running.addr_of(name).expect("it listens"))
}

fn trusting(trusted: &[&Identity]) -> Arc<ClientConfig> {
    client(&VERSIONS, trusted).with_no_client_auth().into()
}

/// Whether STARTTLS is offered.
async fn offers_tls(address: SocketAddr) -> bool {
    let mut talk = connect(address).await;
    talk.read_reply().await;
    talk.say("EHLO client.example").await.contains("STARTTLS")
}

/// The certificate for a client that trusts these.
async fn served(address: SocketAddr, trusted: &[&Identity]) -> CertificateDer<'static> {
    let talk = start(address, &trusting(trusted), NAME).await.expect("the handshake succeeds");
    talk.get_ref().get_ref().1.peer_certificates().expect("a server shows one")[0].clone()
}

#[tokio::test]
async fn a_listener_serves_its_own_certificate() {
    let own = make_identity();
    // The last one counts, in any position.
    let builder = accepting()
        .on("submission", |b| b.tls(config()))
        .on("submission", |b| b.tls(own.config()))
        .on("submission", Builder::require_tls)
        .tls(config());
    let running = serve(&build(builder)).await;
    let [mx, submission] = addresses(&running);
    assert_eq!(served(mx, &[identity()]).await, identity().der);
    assert_eq!(served(submission, &[&own]).await, own.der);
    assert!(start(submission, &trusting(&[identity()]), NAME).await.is_err());
}

#[tokio::test]
async fn only_one_listener_demands_certificates_and_tls_1_3() {
    let authority = Authority::new();
    let certificate: Certificate = identity().server();
    let strict = TlsConfig::new(certificate.clone())
        .client_auth(authority.asked().required())
        .and_then(|tls| tls.versions(TlsVersion::Tls1_3..))
        .unwrap();
    let builder = accepting().tls(TlsConfig::new(certificate)).on("submission", |b| b.tls(strict));
    let running = serve(&build(builder)).await;
    let [mx, submission] = addresses(&running);
    let shown = authority.sign(&named("alice"));
    for version in VERSIONS {
        let alice = with(&shown, &[version]);
        // A ticket of the other listener does not replace a certificate.
        let nobody: Arc<ClientConfig> = client(&[version], &[identity()]).with_no_client_auth().into();
        for (config, is_let_in) in [(&nobody, false), (&alice, version.version == TLS13.version)] {
            let mut talk = start(mx, config, NAME).await.unwrap();
            talk.ask("EHLO client.example", "250").await;
            let reply = match start(submission, config, NAME).await {
                Ok(mut talk) => talk.say("EHLO client.example").await,
                Err(_) => String::new(),
            };
            assert_eq!(reply.starts_with("250"), is_let_in, "{version:?}: {reply}");
        }
    }
}

#[tokio::test]
async fn one_listener_alone_may_have_tls() {
    let server = build(accepting().on("submission", |b| b.tls(config()).require_tls()));
    let running = serve(&server).await;
    let [mx, submission] = addresses(&running);
    assert_eq!((offers_tls(mx).await, offers_tls(submission).await), (false, true));
    assert_eq!(served(submission, &[identity()]).await, identity().der);
    let within = |name| Listener::new("127.0.0.1:0").implicit_tls().name(name);
    let error = server.listen(within("mx")).await.unwrap_err().to_string();
    assert!(error.contains(r#"write .tls(…), or .on("mx", |b| b.tls(…))"#), "{error}");
    assert!(server.listen(within("submission")).await.is_ok());
}

#[tokio::test]
async fn external_is_offered_only_where_certificates_are_asked_for() {
    let authority = Authority::new();
    let asking = config().client_auth(authority.asked()).unwrap();
    let alice = with(&authority.sign(&named("alice")), &VERSIONS);
    let builder =
        |asking| accepting().tls(config()).auth_external().on("submission", |b: Builder| b.tls(asking));
    let running = serve(&build(builder(asking).on_auth(|_, _| async { Check::Right }))).await;
    for (address, is_offered) in addresses(&running).into_iter().zip([false, true]) {
        let mut talk = start(address, &alice, NAME).await.unwrap();
        let hello = talk.say("EHLO client.example").await;
        assert_eq!(hello.contains("EXTERNAL"), is_offered, "{hello}");
        talk.ask("AUTH EXTERNAL =", if is_offered { "235" } else { "504" }).await;
    }
    assert_eq!(builder(config()).build().unwrap_err(), BuildError::NoClientCertificates);
}

/// The error about the listener "submission".
fn on_submission(builder: Builder) -> BuildError {
    let error = builder.build().expect_err("a policy that cannot work");
    assert!(error.to_string().starts_with(r#"on("submission", …): "#), "{error}");
    match error {
        BuildError::OnListener { error, .. } => *error,
        error => panic!("{error}"),
    }
}

#[test]
fn what_no_client_could_meet_on_a_listener_is_refused() {
    let authority = Authority::new();
    let asking = || config().client_auth(authority.asked()).unwrap();
    let passwords = |b: Builder| b.require_auth().on_auth(|_, _| async { Check::Right });
    // The other listener's TLS does not help here.
    let elsewhere = accepting().on("mx", |b| b.tls(config()));
    assert_eq!(on_submission(elsewhere.on("submission", passwords)), BuildError::PasswordsWithoutTls);
    let elsewhere = accepting().on("mx", |b| b.tls(config()));
    let error = on_submission(elsewhere.on("submission", Builder::require_tls));
    assert_eq!(error, BuildError::TlsWithoutCertificate);
    let elsewhere = accepting().tls(config()).auth_external().on("mx", |b| b.tls(asking()));
    assert_eq!(on_submission(elsewhere.on("submission", Builder::require_auth)), BuildError::NoAuthenticator);
    assert!(accepting().on("submission", |b| passwords(b.tls(config()))).build().is_ok());
    let error = accepting().when(|_| true, |b| b.tls(config())).build().unwrap_err().to_string();
    assert!(error.starts_with("tls is within .when(…)"), "{error}");
}

#[tokio::test]
async fn each_listener_is_reloaded_by_its_name() {
    let (own, new, newer) = (make_identity(), make_identity(), make_identity());
    let server = build(accepting().tls(config()).on("submission", |b| b.tls(own.config())));
    let running = serve(&server).await;
    let [mx, submission] = addresses(&running);
    server.reload_tls(new.config()).unwrap();
    assert_eq!(served(mx, &[&new]).await, new.der);
    assert_eq!(served(submission, &[&own]).await, own.der);
    server.reload_tls_on("submission", newer.config()).unwrap();
    assert_eq!(served(mx, &[&new]).await, new.der);
    assert_eq!(served(submission, &[&newer]).await, newer.der);
    let error = server.reload_tls_on("mx", own.config()).unwrap_err().to_string();
    assert!(error.contains(r#"write .on("mx", |b| b.tls(…))"#) && error.contains("reload_tls(…)"), "{error}");
    let alone = build(accepting().on("submission", |b| b.tls(own.config())));
    let error = alone.reload_tls(config()).unwrap_err().to_string();
    assert!(error.contains("reload_tls_on(…)"), "{error}");
}

#[tokio::test]
async fn other_options_replace_the_tls_of_each_listener() {
    let (own, new) = (make_identity(), make_identity());
    let with_own = |tls: TlsConfig| accepting().tls(config()).on("submission", |b| b.tls(tls));
    let server = build(with_own(own.config()));
    let running = serve(&server).await;
    let [mx, submission] = addresses(&running);
    for (next, expected) in [
        (with_own(new.config()), &new),
        (accepting().tls(config()), identity()),
        (with_own(own.config()), &own),
    ] {
        // A session that is in the clear at that time gets the new one.
        let mut waiting = connect(submission).await;
        waiting.hello().await;
        server.reconfigure(next).unwrap();
        waiting.ask("STARTTLS", "220").await;
        // A client with the server's old certificate keeps it.
        let trusted = [expected, identity()];
        shake(waiting.into_inner(), &trusting(&trusted), NAME).await.unwrap();
        assert_eq!(served(submission, &[expected]).await, expected.der);
        assert_eq!(served(mx, &[identity()]).await, identity().der);
    }
    let alone = accepting().on("submission", |b| b.tls(own.config()));
    assert_eq!(server.reconfigure(alone).unwrap_err(), BuildError::TlsRemoved);
    assert_eq!(server.reconfigure(accepting()).unwrap_err(), BuildError::TlsRemoved);
    assert_eq!(served(submission, &[&own]).await, own.der);

    let alone = build(accepting().on("submission", |b| b.tls(own.config())));
    assert_eq!(alone.reconfigure(accepting()).unwrap_err(), BuildError::TlsRemoved);
    assert_eq!(alone.reconfigure(accepting().tls(config())), Ok(()));
}
