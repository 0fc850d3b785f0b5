//! EXTERNAL: a verified certificate logs in, if the option allows it.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::support::clients::{Authority, named, tls, with};
use crate::support::talk::listen;
use crate::support::tls::{self as server_tls, Identity, NAME, client, identity, start};
use crate::support::{Seen, accepting, build};
use mailchute::auth::Mechanism;
use mailchute::{BuildError, Builder, Check, Credentials};
use rcgen::{CertificateParams, DnType, SanType};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, SupportedProtocolVersion};

const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// `AUTH EXTERNAL` for oneself, as bob, and as the certificate's own name.
const OWN: &str = "AUTH EXTERNAL =";
const AS_BOB: &str = "AUTH EXTERNAL Ym9i";
const AS_ALICE: &str = "AUTH EXTERNAL YWxpY2VAY2xpZW50LmV4YW1wbGU=";

fn without() -> Arc<ClientConfig> {
    client(&VERSIONS, &[identity()]).with_no_client_auth().into()
}

/// A server, and the identity at each MAIL.
async fn noting(builder: Builder) -> (SocketAddr, Seen<String>) {
    let identities = Seen::<String>::default();
    let note = identities.clone();
    let server = build(builder.on_mail_from(move |_, session| {
        note.note(session.identity().map_or_else(|| "nobody".to_owned(), |identity| identity.to_string()))
    }));
    (listen(&server).await, identities)
}

/// The mechanisms in the EHLO reply, and the reply to `line`; then MAIL.
async fn auth(address: SocketAddr, config: &Arc<ClientConfig>, line: &str) -> (String, String) {
    let mut talk = start(address, config, NAME).await.expect("a handshake");
    let hello = talk.say("EHLO client.example").await;
    let offered = hello.lines().find_map(|line| line.split_once("AUTH ")).map_or("", |(_, names)| names);
    let reply = talk.say(line).await;
    talk.ask("MAIL FROM:<>", "250").await;
    (offered.to_owned(), reply[..9].to_owned())
}

#[tokio::test]
async fn a_verified_certificate_is_its_own_name() {
    let authority = Authority::new();
    let shown = authority.sign(&named("Mail of Client"));
    let (address, identities) = noting(accepting().tls(tls(authority.asked())).auth_external()).await;
    for version in VERSIONS {
        for (line, reply) in [(OWN, "235 2.7.0"), (AS_ALICE, "235 2.7.0"), (AS_BOB, "535 5.7.8")] {
            let heard = auth(address, &with(&shown, &[version]), line).await;
            assert_eq!(heard, ("EXTERNAL".to_owned(), reply.to_owned()), "{line}");
        }
    }
    let alice = "alice@client.example";
    assert_eq!(identities.all(), [alice, alice, "nobody", alice, alice, "nobody"]);
}

#[tokio::test]
async fn an_untrusted_certificate_does_not_log_in() {
    let authority = Authority::new();
    let (address, identities) = noting(accepting().tls(tls(authority.asked())).auth_external()).await;
    let mut expired = named("too late");
    expired.not_after = rcgen::date_time_ymd(2002, 1, 1);
    expired.not_before = rcgen::date_time_ymd(2001, 1, 1);
    for config in [
        with(&Identity::of(&["alice@client.example"]), &VERSIONS),
        with(&Authority::called("Strange").sign(&named("alice")), &VERSIONS),
        with(&authority.sign(&expired), &VERSIONS),
        without(),
    ] {
        for line in [OWN, AS_ALICE, "AUTH EXTERNAL"] {
            assert_eq!(auth(address, &config, line).await, (String::new(), "535 5.7.8".to_owned()));
        }
    }
    assert_eq!(identities.all(), vec!["nobody"; 12]);
}

#[tokio::test]
async fn the_auth_hooks_decide_about_certificates() {
    let authority = Authority::new();
    let alice = with(&authority.sign(&named("alice")), &VERSIONS);
    let asked = Seen::<String>::default();
    let note = asked.clone();
    let builder = accepting().tls(tls(authority.asked())).auth_external();
    let (address, identities) = noting(builder.on_auth(move |given: Credentials, session| {
        note.push(format!("{} {} {}", given.mechanism(), given.user(), given.identity()));
        let is_bob = given.act_as() == Some("bob");
        async move { Check::right_if(is_bob && session.tls().is_some_and(|tls| tls.client.is_some())) }
    }))
    .await;
    let all = "EXTERNAL PLAIN LOGIN".to_owned();
    assert_eq!(auth(address, &alice, OWN).await, (all.clone(), "535 5.7.8".to_owned()));
    assert_eq!(auth(address, &alice, AS_BOB).await, (all, "235 2.7.0".to_owned()));
    let alice = "EXTERNAL alice@client.example";
    assert_eq!(asked.all(), [format!("{alice} alice@client.example"), format!("{alice} bob")]);
    assert_eq!(identities.all(), ["nobody", "bob"]);
}

#[tokio::test]
async fn the_name_is_an_address_or_a_host_or_the_common_name() {
    let authority = Authority::new();
    let (address, identities) = noting(accepting().tls(tls(authority.asked())).auth_external()).await;
    let signed = |common_name: &str, alternatives: Vec<SanType>| {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, common_name);
        parameters.subject_alt_names = alternatives;
        with(&authority.sign(&parameters), &VERSIONS)
    };
    let host = |name: &str| SanType::DnsName(name.try_into().expect("it is ASCII"));
    let mail = |name: &str| SanType::Rfc822Name(name.try_into().expect("it is ASCII"));
    for (config, name) in [
        (signed("cn", vec![host("*.a.example"), host("b.example"), mail("c@d.example")]), "c@d.example"),
        (signed("cn", vec![host("*.a.example"), host("b.example")]), "b.example"),
        (signed("cn", vec![host("*.a.example")]), "cn"),
        (signed("\u{2168}", vec![]), "IX"),
        // Without a name, or with a line end in it, there is no EXTERNAL.
        (signed("", vec![]), "nobody"),
        (signed("alice\r\n", vec![]), "nobody"),
    ] {
        let (_, reply) = auth(address, &config, OWN).await;
        assert_eq!(reply, if name == "nobody" { "535 5.7.8" } else { "235 2.7.0" }, "{name}");
        assert_eq!(identities.all().last().map(String::as_str), Some(name));
    }
}

#[tokio::test]
async fn a_certificate_does_not_log_in_without_the_option() {
    let authority = Authority::new();
    let alice = with(&authority.sign(&named("alice")), &VERSIONS);
    let (address, _) =
        noting(accepting().tls(tls(authority.asked())).on_auth(|_, _| async { Check::Right })).await;
    assert_eq!(auth(address, &alice, OWN).await, ("PLAIN LOGIN".to_owned(), "504 5.5.4".to_owned()));
    let all = accepting().tls(tls(authority.asked())).mechanisms(Mechanism::ALL.iter().copied());
    let (address, _) = noting(all.on_scram(|_, _| async { Ok(None) })).await;
    assert_eq!(auth(address, &alice, OWN).await.1, "504 5.5.4", "named, and not switched on");
    // No authenticator is set.
    let (address, _) = noting(accepting().tls(tls(authority.asked()))).await;
    assert_eq!(auth(address, &alice, OWN).await, (String::new(), "502 5.5.1".to_owned()));
}

#[tokio::test]
async fn external_counts_as_a_mechanism_if_certificates_are_requested() {
    let authority = Authority::new();
    build(accepting().tls(tls(authority.asked())).auth_external().require_auth());
    let named = accepting().tls(tls(authority.asked())).mechanisms([Mechanism::External]);
    build(named.auth_external().require_auth());
    for builder in [
        accepting().auth_external(),
        accepting().tls(server_tls::config()).auth_external(),
        accepting().tls(server_tls::config()).on_auth(|_, _| async { Check::Right }).auth_external(),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error, BuildError::NoClientCertificates);
        assert!(error.to_string().contains(".client_auth(…)"), "{error}");
    }
}
