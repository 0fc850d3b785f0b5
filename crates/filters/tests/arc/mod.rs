//! ARC: chains that pass, and each way to break one.

mod changes;
mod check;
mod hostile;

use std::sync::atomic::Ordering;

use mailchute_filters::arc::{ArcOutcome, ArcResult, ArcVerifier};
use mailchute_filters::dkim::{BodyHasher, DkimLimits, DkimResult, DkimVerifier, Fields};

use crate::dkim::{check as dkim_check, ed25519, mail, now, zone};
use crate::mail_signer::{self, Key, Mail, Signer};
use crate::zone::{self, Zone};

const RESULTS: &str = "spf=pass smtp.mfrom=joe@example.org;\r\n\tdkim=none";

async fn verify(mail: &Mail, zone: &Zone) -> ArcOutcome {
    let fields = Fields::new(mail.fields.iter().map(Vec::as_slice));
    let mut hasher = BodyHasher::new();
    let verifier = ArcVerifier::new(&fields, &mut hasher);
    hasher.update(&mail.body);
    verifier.verify(&hasher.finish(), zone, now()).await
}

/// Verifies a chain, and returns the result and its reason.
pub(crate) async fn verdict(mail: &Mail, zone: &Zone) -> String {
    let outcome = verify(mail, zone).await;
    assert_eq!(outcome.result == ArcResult::Fail, outcome.problem.is_some());
    assert!(outcome.sets.is_empty() || outcome.result == ArcResult::Pass);
    match outcome.problem {
        Some(problem) => format!("{}: {problem}", outcome.result),
        None => outcome.result.to_string(),
    }
}

/// The sealer of an instance.
fn sealer(key: &Key, instance: usize) -> Signer<'_> {
    Signer { domain: format!("d{instance}.example"), ..Signer::new(key) }
}

/// A message with this many sets, and the zone of their keys.
fn sealed(key: &Key, sets: usize) -> (Mail, Zone) {
    let mut mail = mail();
    for instance in 1..=sets {
        let status = if instance == 1 { "none" } else { "pass" };
        sealer(key, instance).add_arc_set(&mut mail, instance, status, RESULTS);
    }
    let names: Vec<_> = (1..=sets).map(|instance| format!("s._domainkey.d{instance}.example")).collect();
    let record = key.record();
    let zone = zone(names.iter().map(|name| (&**name, &*record)));
    (mail, zone)
}

/// Replaces a text in the field at a place.
fn with(mail: &Mail, place: usize, from: &str, to: &str) -> Mail {
    let mut mail = mail.clone();
    let field = String::from_utf8(mail.fields[place].clone()).unwrap();
    assert!(field.contains(from), "{field} has no {from}");
    mail.fields[place] = field.replacen(from, to, 1).into_bytes();
    mail
}

#[tokio::test]
async fn a_chain_passes_and_tells_its_sets() {
    for key in [Key::rsa(), ed25519()] {
        let (mail, zone) = sealed(&key, 2);
        let outcome = verify(&mail, &zone).await;
        assert_eq!((outcome.result, outcome.unsigned_bytes), (ArcResult::Pass, 0), "{outcome:?}");
        let sets: Vec<_> =
            outcome.sets.iter().map(|set| (set.instance, &*set.domain, &*set.selector)).collect();
        assert_eq!(sets, [(1, "d1.example", "s"), (2, "d2.example", "s")]);
        assert_eq!(outcome.sets[1].results, "mx.d2.example; spf=pass smtp.mfrom=joe@example.org;\tdkim=none");
    }
}

#[tokio::test]
async fn a_chain_tells_whether_its_last_signature_covers_the_author() {
    let key = ed25519();
    let (signed, mut zone) = sealed(&key, 1);
    assert!(verify(&signed, &zone).await.signs_from);
    let mut mail = signed;
    let record = self::zone([("s._domainkey.d2.example", &*key.record())]);
    zone.records.extend(record.records);
    let without = Signer { names: vec!["Subject".to_owned()], ..sealer(&key, 2) };
    without.add_arc_set(&mut mail, 2, "pass", RESULTS);
    let outcome = verify(&mail, &zone).await;
    assert_eq!((outcome.result, outcome.signs_from), (ArcResult::Pass, false));
}

#[tokio::test]
async fn a_message_without_a_set_is_none() {
    assert_eq!(verdict(&mail(), &zone([])).await, "none");
}

#[tokio::test]
async fn dkim_and_arc_share_one_pass_over_the_body() {
    let key = ed25519();
    let mut mail = mail();
    Signer::new(&key).add_to(&mut mail);
    sealer(&key, 1).add_arc_set(&mut mail, 1, "none", RESULTS);
    let record = key.record();
    let zone = zone([("s._domainkey.example.org", &*record), ("s._domainkey.d1.example", &*record)]);
    let fields = Fields::new(mail.fields.iter().map(Vec::as_slice));
    let mut hasher = BodyHasher::new();
    let arc = ArcVerifier::new(&fields, &mut hasher);
    let dkim = DkimVerifier::new(&fields, &mut hasher, &DkimLimits::default());
    for byte in mail.body.chunks(1) {
        hasher.update(byte);
    }
    let hashes = hasher.finish();
    assert_eq!(dkim.verify(&hashes, &zone, now()).await.result(), DkimResult::Pass);
    assert_eq!(arc.verify(&hashes, &zone, now()).await.result, ArcResult::Pass);
}

#[tokio::test]
async fn a_message_changed_after_an_older_set_passes() {
    let key = ed25519();
    let (mut mail, zone) = sealed(&key, 1);
    mail.body.extend_from_slice(b"-- \r\nThe list\r\n");
    assert_eq!(
        verdict(&mail, &zone).await,
        "fail: the last ARC signature does not pass: the body was changed"
    );
    sealer(&key, 2).add_arc_set(&mut mail, 2, "pass", RESULTS);
    let second = self::zone([("s._domainkey.d2.example", &*key.record())]);
    let mut both = zone;
    both.records.extend(second.records);
    assert_eq!(verdict(&mail, &both).await, "pass");
}

#[tokio::test]
async fn folding_and_case_of_the_sets_may_change() {
    let key = ed25519();
    let (mail, zone) = sealed(&key, 2);
    for (place, from, to) in [
        (0, "ARC-Seal: ", "arc-SEAL : \r\n\t"),
        (0, " cv=", "  \t cv="),
        (0, " b=", " b=\r\n "),
        (1, "\r\n spf", "   spf"),
        (2, "\r\n h=", " \r\n\t h="),
        (3, "ARC-Seal", "ARC-SEAL"),
    ] {
        assert_eq!(verdict(&with(&mail, place, from, to), &zone).await, "pass", "{to}");
    }
}

#[tokio::test]
async fn every_changed_field_of_a_chain_fails() {
    let key = ed25519();
    let (mail, zone) = sealed(&key, 2);
    let other = "the header was changed, or the key is another";
    for (place, from, to, problem) in [
        (0, "i=2;", "i=0;", "ARC-Seal has no instance from 1 to 50".to_owned()),
        (0, "i=2;", "i=51;", "ARC-Seal has no instance from 1 to 50".to_owned()),
        (0, "i=2;", "i=a;", "ARC-Seal has no instance from 1 to 50".to_owned()),
        (0, "i=2;", "", "ARC-Seal has no instance from 1 to 50".to_owned()),
        (0, "i=2;", "i=2; i=2;", "ARC-Seal has no instance from 1 to 50".to_owned()),
        (0, "i=2;", "i=1;", "ARC set 1 has not exactly one field of each name".to_owned()),
        (0, "i=2;", "i=3;", "ARC set 2 has not exactly one field of each name".to_owned()),
        (0, "cv=pass", "cv=none", "the seal of ARC set 2 has a wrong tag cv=".to_owned()),
        (0, "cv=pass", "cv=Pass", "the seal of ARC set 2 has a wrong tag cv=".to_owned()),
        (0, " cv=pass;", "", "the seal of ARC set 2 has a wrong tag cv=".to_owned()),
        (0, "cv=pass", "cv=fail", "the last sealer found that the chain had failed".to_owned()),
        (3, "cv=none", "cv=pass", "the seal of ARC set 1 has a wrong tag cv=".to_owned()),
        (3, "cv=none", "cv=fail", "the seal of ARC set 1 has a wrong tag cv=".to_owned()),
        (0, "cv=pass;", "cv=pass; h=from;", "the seal of ARC set 2 has a tag h=".to_owned()),
        (0, "cv=pass;", "cv=pass; t=1;", format!("the seal of ARC set 2 does not pass: {other}")),
        (
            0,
            "cv=pass;",
            "cv=pass; t=;",
            "the seal of ARC set 2 does not pass: the signature has a wrong tag t=".to_owned(),
        ),
        (
            0,
            "ed25519-sha256",
            "rsa-sha1",
            "the seal of ARC set 2 does not pass: the signature uses SHA-1".to_owned(),
        ),
        (1, "spf=pass", "spf=fail", format!("the seal of ARC set 2 does not pass: {other}")),
        (1, "i=2;", "i=2", "ARC-Authentication-Results has no instance from 1 to 50".to_owned()),
        (
            1,
            "i=2; mx.d2.example",
            "mx.d2.example; i=2",
            "ARC-Authentication-Results has no instance from 1 to 50".to_owned(),
        ),
        (2, "i=2;", "i=2; h=arc-seal;", "ARC-Message-Signature has no instance from 1 to 50".to_owned()),
        (2, "h=From", "h=From:ARC-Seal", "the last ARC signature signs a seal".to_owned()),
        (2, "d2.example", "d1.example", format!("the last ARC signature does not pass: {other}")),
        (
            2,
            "c=relaxed/relaxed",
            "c=simple",
            "the last ARC signature does not pass: the body was changed".to_owned(),
        ),
        (4, "spf=pass", "spf=fail", format!("the seal of ARC set 2 does not pass: {other}")),
        (5, "h=From", "h=from", format!("the seal of ARC set 2 does not pass: {other}")),
        (8, "To:", "To: eve,", format!("the last ARC signature does not pass: {other}")),
    ] {
        let changed = with(&mail, place, from, to);
        assert_eq!(verdict(&changed, &zone).await, format!("fail: {problem}"), "{to}");
    }
    for place in 0..6 {
        let mut missing = mail.clone();
        missing.fields.remove(place);
        assert!(verdict(&missing, &zone).await.starts_with("fail"), "without {place}");
        let mut doubled = mail.clone();
        doubled.push(mail.fields[place].clone());
        let set = if place < 3 { 2 } else { 1 };
        let problem = format!("fail: ARC set {set} has not exactly one field of each name");
        assert_eq!(verdict(&doubled, &zone).await, problem, "{place} twice");
    }
}

#[tokio::test]
async fn the_order_of_the_fields_does_not_matter() {
    let key = ed25519();
    let (mut mail, zone) = sealed(&key, 3);
    mail.fields[..9].reverse();
    assert_eq!(verdict(&mail, &zone).await, "pass");
}

#[tokio::test]
async fn comments_may_stand_around_the_instance_of_results() {
    let key = ed25519();
    for (begin, is_good) in [
        (" (a (b) \\) c) i (x)= 1 (y)", true),
        ("\r\n\ti=01", true),
        (" (a i=1", false),
        (" i=001", false),
        (" I=1", false),
        (" i=1 x", false),
    ] {
        let mut mail = mail();
        let sealer = sealer(&key, 1);
        sealer.add_arc_set(&mut mail, 1, "none", RESULTS);
        mail = with(&mail, 1, " i=1", begin);
        mail.fields.remove(0);
        // The signer of the tests finds a set by this text.
        mail = with(&mail, 0, RESULTS, "i=1; dkim=none");
        let seal = sealer.seal(&mail, 1, "none");
        mail.push(seal);
        let zone = zone([("s._domainkey.d1.example", &*key.record())]);
        let verdict = verdict(&mail, &zone).await;
        assert_eq!(verdict == "pass", is_good, "{begin}: {verdict}");
    }
}

#[tokio::test]
async fn a_signature_without_c_is_relaxed() {
    let key = ed25519();
    let signer = Signer { no_canonicalization: true, ..sealer(&key, 1) };
    let mut mail = mail();
    signer.add_arc_set(&mut mail, 1, "none", RESULTS);
    let zone = zone([("s._domainkey.d1.example", &*key.record())]);
    assert_eq!(verdict(&mail, &zone).await, "pass");
}

#[tokio::test]
async fn a_dns_that_does_not_answer_is_a_failure() {
    let key = ed25519();
    let (mail, mut zone) = sealed(&key, 2);
    zone.records.insert("s._domainkey.d1.example".into(), vec![("TIMEOUT".into(), vec![])]);
    assert_eq!(
        verdict(&mail, &zone).await,
        "fail: the seal of ARC set 1 does not pass: the DNS did not answer for s._domainkey.d1.example: timeout"
    );
}

#[tokio::test]
async fn older_keys_are_asked_for_only_if_the_last_set_passes() {
    let key = ed25519();
    let (mail, zone) = sealed(&key, 9);
    assert_eq!(verdict(&mail, &zone).await, "pass");
    assert_eq!(zone.asked.swap(0, Ordering::Relaxed), 9);
    let changed = with(&mail, 0, "cv=pass;", "cv=pass; t=1;");
    assert!(verdict(&changed, &zone).await.starts_with("fail"));
    assert_eq!(zone.asked.swap(0, Ordering::Relaxed), 1);
    let mut changed = mail;
    changed.body.clear();
    assert!(verdict(&changed, &zone).await.starts_with("fail"));
    assert_eq!(zone.asked.load(Ordering::Relaxed), 0);
}
