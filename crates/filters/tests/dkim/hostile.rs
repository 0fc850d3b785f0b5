//! Headers that mean harm: their cost has a bound.

use std::time::{Duration, Instant};

use mailchute_filters::dkim::{BodyHasher, DkimLimits, DkimVerifier, Fields};

use super::{ed25519, mail, now, verify, zone, zone_of};
use crate::mail_signer::Signer;

/// More than any of these takes, even without optimization, and less than quadratic work.
const LONG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn many_fields_and_many_names_take_linear_time() {
    let begin = Instant::now();
    let key = ed25519();
    let mut mail = mail();
    let zone = zone_of(&Signer::new(&key));
    let names = (0..10_000).map(|n| format!("x-{}", n % 50)).chain(["from".into()]).collect();
    let signature = Signer { names, ..Signer::new(&key) }.sign(&mail);
    for n in 0..100_000 {
        mail.fields.insert(0, format!("X-{}: y", n % 50 + 100).into_bytes());
    }
    mail.fields.extend(vec![signature; 10]);
    mail.fields.extend(vec![b"DKIM-Signature: v=1".to_vec(); 9_990]);
    let outcome = verify(&mail, &zone).await;
    assert_eq!((outcome.signatures.len(), outcome.ignored), (10, 9_990));
    assert!(outcome.signatures.iter().all(|found| found.problem.is_none()), "{outcome:?}");
    assert!(begin.elapsed() < LONG, "{:?}", begin.elapsed());
}

#[tokio::test]
async fn giant_tags_are_read_once_or_refused() {
    let begin = Instant::now();
    let long = "a".repeat(1 << 20);
    let many: String = (0..200_000).map(|n| format!("t{n}=;")).collect();
    let spaces = " ".repeat(1 << 20);
    for (field, expected) in [
        (format!("DKIM-Signature: v=1; {long}=1"), "neutral: the signature has no tag a="),
        (format!("DKIM-Signature: v=1; {many}"), "neutral: the signature has no tag a="),
        (format!("DKIM-Signature: v=1; {many} t7=1"), "neutral: the signature is not a list of tags"),
        (format!("DKIM-Signature: v=1; a=rsa-sha256; b={long}"), "neutral: the signature has a wrong tag b="),
        (
            format!("DKIM-Signature: v=1; a=rsa-sha256; b=aaaa; d={long}.org"),
            "neutral: the signature has a wrong tag d=",
        ),
        (format!("DKIM-Signature: v=1; a={spaces}x{spaces}"), "neutral: the signature has a wrong tag a="),
        (format!("DKIM-Signature: {}", ";".repeat(1 << 20)), "neutral: the signature is not a list of tags"),
    ] {
        let mut mail = mail();
        mail.push(field);
        assert_eq!(super::verdict(&mail, &zone([])).await, expected);
    }
    assert!(begin.elapsed() < LONG, "{:?}", begin.elapsed());
}

#[tokio::test]
async fn a_giant_identity_is_refused() {
    let key = ed25519();
    let signer = Signer { tags: format!(" i={}@example.org;", "a".repeat(1 << 20)), ..Signer::new(&key) };
    let mut mail = mail();
    signer.add_to(&mut mail);
    let outcome = verify(&mail, &zone_of(&signer)).await;
    assert_eq!(super::shown(&outcome.signatures[0]), "neutral: the signature has a wrong tag i=");
    assert_eq!(outcome.signatures[0].identity, None);
}

#[tokio::test]
async fn a_body_of_empty_lines_is_a_number() {
    let key = ed25519();
    let signer = Signer { body: "simple", ..Signer::new(&key) };
    let mut mail = mail();
    mail.body = b"\r\n".repeat(1 << 20);
    mail.body.extend_from_slice(b"x");
    signer.add_to(&mut mail);
    let fields = Fields::new(mail.fields.iter().map(Vec::as_slice));
    let mut hasher = BodyHasher::new();
    let verifier = DkimVerifier::new(&fields, &mut hasher, &DkimLimits::default());
    for chunk in mail.body.chunks(4093) {
        hasher.update(chunk);
        assert!(format!("{hasher:?}").len() < 1000, "the hasher holds the body");
    }
    let outcome = verifier.verify(&hasher.finish(), &zone_of(&signer), now()).await;
    assert_eq!(super::shown(&outcome.signatures[0]), "pass");
}
