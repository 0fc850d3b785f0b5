//! Certificates of clients: requested or required, verified, and known to hooks, logs and trace fields.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::support::clients::{Authority, named, tls, with};
use crate::support::talk::listen;
use crate::support::tls::{Identity, NAME, client, identity, start};
use crate::support::{Seen, accepting, build};
use mailchute::tls::{ClientCertificate, ClientCertificates, TlsConfig, Trust};
use mailchute::{Builder, Verdict};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, SupportedProtocolVersion};

const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

fn without(versions: &[&'static SupportedProtocolVersion]) -> Arc<ClientConfig> {
    client(versions, &[identity()]).with_no_client_auth().into()
}

type Clients = Seen<Option<Arc<ClientCertificate>>>;

/// A server that records its facts about each client inside TLS.
async fn watching(tls: TlsConfig) -> (SocketAddr, Clients) {
    let seen = Clients::default();
    let note = seen.clone();
    let server = build(accepting().tls(tls).on_secure(move |facts, _| note.note(facts.client.clone())));
    (listen(&server).await, seen)
}

/// Whether the server answers this client inside TLS. In TLS 1.3 a client learns of a refusal only when it reads.
async fn is_answered(address: SocketAddr, config: &Arc<ClientConfig>) -> bool {
    match start(address, config, NAME).await {
        Ok(mut talk) => talk.say("EHLO client.example").await.starts_with("250"),
        Err(_) => false,
    }
}

#[tokio::test]
async fn a_verified_certificate_gives_its_names_to_the_session() {
    let authority = Authority::new();
    let shown = authority.sign(&named("Mail of Client"));
    for clients in [authority.asked(), authority.asked().required()] {
        let (address, seen) = watching(tls(clients)).await;
        for version in VERSIONS {
            assert!(is_answered(address, &with(&shown, &[version])).await);
        }
        for client in seen.all() {
            let client = client.unwrap();
            assert_eq!(client.trust, Trust::Verified);
            assert_eq!(client.common_name.as_deref(), Some("Mail of Client"));
            assert_eq!(client.issuer_name.as_deref(), Some("Authority"));
            assert_eq!(client.dns_names, ["mail.client.example"]);
            assert_eq!(client.email_addresses, ["alice@client.example"]);
            assert_eq!(client.uris, ["spiffe://client/mail"]);
            assert_eq!(client.der, shown.der.to_vec());
            assert_eq!(client.fingerprint().len(), 95);
            assert!(client.fingerprint().starts_with(&format!("{:02X}:", client.sha256[0])));
        }
        assert_eq!(seen.count(), 2);
    }
}

#[tokio::test]
async fn an_optional_untrusted_certificate_is_marked_and_accepted() {
    let authority = Authority::new();
    let (address, seen) = watching(tls(authority.asked())).await;
    let mut expired = named("too late");
    expired.not_after = rcgen::date_time_ymd(2002, 1, 1);
    expired.not_before = rcgen::date_time_ymd(2001, 1, 1);
    for version in VERSIONS {
        assert!(is_answered(address, &with(&Identity::of(&["self.example"]), &[version])).await);
        assert!(
            is_answered(address, &with(&Authority::called("Strange").sign(&named("stranger")), &[version]))
                .await
        );
        assert!(is_answered(address, &with(&authority.sign(&expired), &[version])).await);
        assert!(is_answered(address, &without(&[version])).await);
    }
    let reasons: Vec<_> = seen
        .all()
        .iter()
        .map(|client| match client.as_ref().map(|client| &client.trust) {
            Some(Trust::Unverified { reason, .. }) => reason.split(':').next().unwrap_or_default().to_owned(),
            other => format!("{other:?}"),
        })
        .collect();
    let stranger = "no authority that is trusted has signed it";
    assert_eq!(reasons[..4], [stranger, stranger, "certificate expired", "None"]);
    assert_eq!(reasons[4..], reasons[..4]);
}

#[tokio::test]
async fn required_certificates_refuse_clients_without_a_trusted_one() {
    let authority = Authority::new();
    let (address, seen) = watching(tls(authority.asked().required())).await;
    for version in VERSIONS {
        assert!(!is_answered(address, &without(&[version])).await);
        assert!(!is_answered(address, &with(&Identity::of(&["self.example"]), &[version])).await);
        assert!(
            !is_answered(address, &with(&Authority::called("Strange").sign(&named("stranger")), &[version]))
                .await
        );
    }
    assert_eq!(seen.count(), 0);
    assert!(is_answered(address, &with(&authority.sign(&named("ours")), &VERSIONS)).await);
}

#[tokio::test]
async fn a_certificate_for_servers_is_trusted_only_where_any_usage_is() {
    use rcgen::ExtendedKeyUsagePurpose::{Any, ClientAuth, CodeSigning, EmailProtection, ServerAuth};
    let authority = Authority::new();
    let (clients_only, seen) = watching(tls(authority.asked())).await;
    let (any, seen_any) = watching(tls(authority.asked().any_usage())).await;
    let (clients_required, _) = watching(tls(authority.asked().required())).await;
    let (any_required, _) = watching(tls(authority.asked().any_usage().required())).await;
    for (usages, is_for_clients) in [
        (vec![], true),
        (vec![ClientAuth], true),
        (vec![ServerAuth, ClientAuth], true),
        (vec![ServerAuth], false),
        (vec![EmailProtection], false),
        (vec![CodeSigning], false),
        (vec![Any], false),
    ] {
        let mut parameters = named("of some usage");
        parameters.extended_key_usages = usages.clone();
        let shown = authority.sign(&parameters);
        for version in VERSIONS {
            let config = with(&shown, &[version]);
            assert!(is_answered(clients_only, &config).await && is_answered(any, &config).await);
            let verified = |seen: &Clients| seen.all().pop().unwrap().unwrap().is_verified();
            assert_eq!((verified(&seen), verified(&seen_any)), (is_for_clients, true), "{usages:?}");
            assert_eq!(is_answered(clients_required, &config).await, is_for_clients, "{usages:?}");
            assert!(is_answered(any_required, &config).await, "{usages:?}");
        }
    }
}

#[tokio::test]
async fn any_usage_verifies_no_untrusted_or_expired_certificate() {
    let authority = Authority::new();
    let mut expired = named("too late");
    expired.not_after = rcgen::date_time_ymd(2002, 1, 1);
    expired.not_before = rcgen::date_time_ymd(2001, 1, 1);
    let (address, seen) = watching(tls(authority.asked().any_usage())).await;
    for shown in [
        Identity::of(&["self.example"]),
        Authority::called("Strange").sign(&named("stranger")),
        authority.sign(&expired),
    ] {
        for version in VERSIONS {
            assert!(is_answered(address, &with(&shown, &[version])).await);
            assert!(!seen.all().pop().unwrap().unwrap().is_verified());
        }
    }
}

#[tokio::test]
async fn without_the_question_no_certificate_is_shown() {
    let (address, seen) = watching(crate::support::tls::config()).await;
    assert!(is_answered(address, &with(&Identity::of(&["self.example"]), &VERSIONS)).await);
    assert_eq!(seen.all(), [None]);
}

#[tokio::test]
async fn a_resumed_session_shows_hooks_its_client_certificate() {
    let authority = Authority::new();
    let resumed = Seen::<(bool, Option<String>)>::default();
    let note = resumed.clone();
    let judging = |builder: Builder| {
        builder.on_secure(move |facts, _| {
            let name = facts.client.as_ref().and_then(|client| client.common_name.clone());
            let is_friend = name.as_deref() == Some("friend");
            note.push((facts.is_resumed, name));
            async move { Verdict::accept_if(is_friend) }
        })
    };
    let address = listen(&build(judging(accepting()).tls(tls(authority.asked())))).await;
    assert!(!is_answered(address, &with(&authority.sign(&named("foe")), &VERSIONS)).await);
    for version in VERSIONS {
        let friend = with(&authority.sign(&named("friend")), &[version]);
        for _ in 0..2 {
            assert!(is_answered(address, &friend).await);
        }
    }
    let friend = Some("friend".to_owned());
    assert_eq!(
        resumed.all()[1..],
        [(false, friend.clone()), (true, friend.clone()), (false, friend.clone()), (true, friend)]
    );
}

#[test]
fn authorities_that_cannot_be_used_are_named() {
    let error = ClientCertificates::from_pem_file("/no/authority.pem").unwrap_err().to_string();
    assert!(error.starts_with("/no/authority.pem: cannot be read"), "{error}");
    let error = ClientCertificates::from_pem(identity().key.as_bytes()).unwrap_err().to_string();
    assert!(
        error.starts_with("the text given as authorities: holds a private key but no certificate"),
        "{error}"
    );
    let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let error = ClientCertificates::from_pem(broken).unwrap_err().to_string();
    assert!(error.contains("the authority's certificate cannot be used"), "{error}");
}
