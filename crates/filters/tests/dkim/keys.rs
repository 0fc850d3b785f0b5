//! Decisions by the record of a key.

use std::sync::atomic::Ordering;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::KeyPair;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{ed25519, mail, verdict, verify, zone};
use crate::mail_signer::{Key, Mail, Signer};

const NAME: &str = "s._domainkey.example.org";

/// A key of 512 bits, from the tests of dkimpy.
const SHORT_KEY: &str = "k=rsa; p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBANmBe10IgY+u7h3enWTukkqtUD5PR52Tb/mPfjC0QJTocVBq6Za/\
                         PlzfV+Py92VaCak19F4WrbVTK5Gg5tW220MCAwEAAQ==";

fn signed(key: &Key, tags: &str) -> Mail {
    let mut mail = mail();
    Signer { tags: tags.into(), ..Signer::new(key) }.add_to(&mut mail);
    mail
}

/// The base64 of a public key.
fn p(key: &Key) -> String {
    key.record().rsplit_once("p=").unwrap().1.to_owned()
}

#[tokio::test]
async fn the_tags_of_a_record_decide() {
    let key = ed25519();
    let p = p(&key);
    let mail = signed(&key, "");
    let mistake = "permerror: the record of the key s._domainkey.example.org has a mistake";
    for (record, expected) in [
        (format!("k=ed25519; p={p}"), "pass"),
        (format!("v=DKIM1; k=ed25519; p={p};"), "pass"),
        (format!(" v = DKIM1 ; k = ed25519 ;\tp = {} {} ; ", &p[..7], &p[7..]), "pass"),
        (format!("k=ed25519; h=sha1:sha256; s=email; n=a note; g=*; p={p}"), "pass"),
        (format!("k=ed25519; s=x:*; t=x:s:z; p={p}"), "pass"),
        (format!("k=ed25519; v=DKIM1; p={p}"), mistake),
        (format!("v=DKIM2; k=ed25519; p={p}"), mistake),
        (format!("v=dkim1; k=ed25519; p={p}"), mistake),
        (format!("v=DKIM1: k=ed25519; p={p}"), mistake),
        (format!("k=ed25519; p={p}; p={p}"), mistake),
        ("k=ed25519".to_owned(), mistake),
        ("k=ed25519; p=AAAA".to_owned(), mistake),
        ("k=ed25519; p=?".to_owned(), mistake),
        ("v=spf1 -all".to_owned(), mistake),
        (String::new(), mistake),
        ("k=ed25519; p=".to_owned(), "permerror: the key was revoked"),
        (format!("p={p}"), "permerror: the key is of another algorithm"),
        (format!("k=rsa; p={p}"), "permerror: the key is of another algorithm"),
        (format!("k=ed25519-sha256; p={p}"), "permerror: the key is of another algorithm"),
        (format!("k=ed25519; h=sha1; p={p}"), "permerror: the key is not for SHA-256"),
        (format!("k=ed25519; h=; p={p}"), "permerror: the key is not for SHA-256"),
        (format!("k=ed25519; s=tlsrpt; p={p}"), "permerror: the key is not for email"),
        (Key::ed25519([8; 32]).record(), "fail: the header was changed, or the key is another"),
    ] {
        assert_eq!(verdict(&mail, &zone([(NAME, &*record)])).await, expected, "{record}");
    }
    assert_eq!(verdict(&mail, &zone([])).await, "permerror: s._domainkey.example.org has no key");
}

#[tokio::test]
async fn a_resolver_without_an_answer_is_a_temperror() {
    let mut zone = zone([]);
    zone.records.insert(NAME.into(), vec![("TIMEOUT".into(), vec![])]);
    assert_eq!(
        verdict(&signed(&ed25519(), ""), &zone).await,
        "temperror: the DNS did not answer for s._domainkey.example.org: timeout"
    );
}

#[tokio::test]
async fn a_strict_key_is_only_for_its_very_domain() {
    let key = ed25519();
    let record = format!("k=ed25519; t=s; p={}", p(&key));
    let zone = zone([(NAME, &*record)]);
    for (tags, expected) in [
        ("", "pass"),
        (" i=joe@EXAMPLE.org;", "pass"),
        (" i=@mail.example.org;", "permerror: the key is not for subdomains"),
    ] {
        assert_eq!(verdict(&signed(&key, tags), &zone).await, expected, "{tags}");
    }
}

#[tokio::test]
async fn a_test_key_is_marked() {
    let key = ed25519();
    let record = format!("k=ed25519; t=y; p={}", p(&key));
    let outcome = verify(&signed(&key, ""), &zone([(NAME, &*record)])).await;
    assert!(outcome.signatures[0].is_test && outcome.signatures[0].problem.is_none());
    assert_eq!(outcome.result().as_str(), "none");
    let record = "k=ed25519; t=y; p=";
    let outcome = verify(&signed(&key, ""), &zone([(NAME, record)])).await;
    assert!(outcome.signatures[0].is_test && outcome.signatures[0].problem.is_some());
}

#[tokio::test]
async fn one_record_of_several_is_enough() {
    let key = ed25519();
    let record = key.record();
    let mail = signed(&key, "");
    let several = zone([(NAME, "v=spf1 -all"), (NAME, "k=ed25519; p="), (NAME, &*record)]);
    assert_eq!(verdict(&mail, &several).await, "pass");
    // The first mistake is told, and the number has a bound.
    let many = zone([(NAME, "k=ed25519; p="), (NAME, ""), (NAME, ""), (NAME, ""), (NAME, &*record)]);
    assert_eq!(verdict(&mail, &many).await, "permerror: the key was revoked");
}

#[tokio::test]
async fn each_key_is_asked_for_once() {
    let key = ed25519();
    let mut mail = mail();
    for tags in ["", " x=1700000000;", " t=3;"] {
        Signer { tags: tags.into(), ..Signer::new(&key) }.add_to(&mut mail);
        Signer { domain: "EXAMPLE.org".into(), ..Signer::new(&key) }.add_to(&mut mail);
    }
    let zone = zone([(NAME, &*key.record())]);
    let outcome = verify(&mail, &zone).await;
    assert_eq!(outcome.signatures.iter().filter(|found| found.problem.is_none()).count(), 6);
    assert_eq!(zone.asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn an_rsa_key_is_read_in_both_forms() {
    let key = Key::rsa();
    let Key::Rsa(pair) = &key else { unreachable!() };
    let whole: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    // The public key of aws-lc is an `RSAPublicKey`.
    let bare = pair.public_key().as_ref();
    let mail = signed(&key, "");
    for der in [whole.as_ref(), bare] {
        let record = format!("p={}", STANDARD.encode(der));
        let outcome = verify(&mail, &zone([(NAME, &*record)])).await;
        assert!(outcome.signatures[0].problem.is_none(), "{outcome:?}");
        assert_eq!(outcome.signatures[0].key_bits, Some(2048));
        for cut in [der.len() - 1, 40, 20, 3, 1] {
            let record = format!("p={}", STANDARD.encode(&der[..cut]));
            assert_eq!(
                verdict(&mail, &zone([(NAME, &*record)])).await,
                "permerror: the record of the key s._domainkey.example.org has a mistake"
            );
        }
    }
}

#[tokio::test]
async fn a_key_with_less_than_1024_bits_is_policy() {
    let outcome = verify(&signed(&Key::rsa(), ""), &zone([(NAME, SHORT_KEY)])).await;
    let signature = &outcome.signatures[0];
    assert_eq!(super::shown(signature), "policy: the key has only 512 bits");
    assert_eq!(signature.key_bits, Some(512));
}
