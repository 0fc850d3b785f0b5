//! Decisions by the tags of a signature, and by the message.

use mailchute_filters::dkim::{BodyHasher, DkimLimits, DkimResult, DkimVerifier, Fields};

use super::{ed25519, mail, now, shown, verdict, verify, zone, zone_of};
use crate::mail_signer::{Key, Mail, Signer};

/// Replaces a text in the first field of a message.
fn with(mail: &Mail, from: &str, to: &str) -> Mail {
    let mut mail = mail.clone();
    let field = String::from_utf8(mail.fields[0].clone()).unwrap();
    assert!(field.contains(from), "{field} has no {from}");
    mail.fields[0] = field.replacen(from, to, 1).into_bytes();
    mail
}

#[tokio::test]
async fn all_canonicalizations_and_algorithms_pass() {
    for key in [Key::rsa(), ed25519()] {
        for (header, body) in
            [("simple", "simple"), ("simple", "relaxed"), ("relaxed", "simple"), ("relaxed", "relaxed")]
        {
            let signer = Signer { header, body, ..Signer::new(&key) };
            let mut mail = mail();
            signer.add_to(&mut mail);
            assert_eq!(verdict(&mail, &zone_of(&signer)).await, "pass", "{header}/{body}");
        }
    }
}

#[tokio::test]
async fn a_signature_with_a_mistake_is_neutral() {
    let key = ed25519();
    let signer = Signer::new(&key);
    let zone = zone_of(&signer);
    let mut good = mail();
    signer.add_to(&mut good);
    for (from, to, problem) in [
        ("v=1;", "", "the signature has no tag v="),
        ("v=1;", "v=2;", "the signature has a wrong tag v="),
        ("v=1;", "v=1; v=1;", "the signature is not a list of tags"),
        ("v=1;", "v=1;;", "the signature is not a list of tags"),
        ("v=1;", "v=1; 1a=2;", "the signature is not a list of tags"),
        ("v=1;", "v=1; x-y=2;", "the signature is not a list of tags"),
        ("v=1;", "v=1; word;", "the signature is not a list of tags"),
        ("v=1;", "v=1; n=a\u{7}b;", "the signature is not a list of tags"),
        ("v=1;", "v=1; n=a\r\n;", "the signature is not a list of tags"),
        (" a=ed25519-sha256;", "", "the signature has no tag a="),
        ("a=ed25519-sha256;", "a=ed25519-sha512;", "the signature has a wrong tag a="),
        ("a=ed25519-sha256;", "a=;", "the signature has a wrong tag a="),
        ("c=relaxed/relaxed;", "c=relaxed/relaxed/simple;", "the signature has a wrong tag c="),
        ("c=relaxed/relaxed;", "c=;", "the signature has a wrong tag c="),
        ("d=example.org;", "d=example..org;", "the signature has a wrong tag d="),
        ("d=example.org;", "d=org;", "the signature has a wrong tag d="),
        ("d=example.org;", "d=example.org(.attacker.example;", "the signature has a wrong tag d="),
        ("s=s;", "s=;", "the signature has a wrong tag s="),
        ("s=s;", "s=a b;", "the signature has a wrong tag s="),
        ("h=From:", "h=X-From:", "the signature does not cover From"),
        ("h=From:To:Subject:Date;", "h=;", "the signature does not cover From"),
        ("h=From:To:Subject:Date;", "", "the signature has no tag h="),
        ("bh=", "bh=!", "the signature has a wrong tag bh="),
        ("v=1;", "v=1; l=a;", "the signature has a wrong tag l="),
        ("v=1;", "v=1; l=-1;", "the signature has a wrong tag l="),
        ("v=1;", "v=1; t=1 2;", "the signature has a wrong tag t="),
        ("v=1;", "v=1; x=;", "the signature has a wrong tag x="),
        ("v=1;", "v=1; x=1234567890123;", "the signature has a wrong tag x="),
        ("v=1;", "v=1; t=1700000000; x=1700000000;", "the signature has a wrong tag x="),
        ("v=1;", "v=1; q=dns/mx;", "the signature has a wrong tag q="),
        ("v=1;", "v=1; i=example.org;", "the signature has a wrong tag i="),
        ("v=1;", "v=1; i=@example.com;", "the tag i= is not within the domain of the signature"),
        ("v=1;", "v=1; i=@badexample.org;", "the tag i= is not within the domain of the signature"),
        (" b=", " b=?", "the signature has a wrong tag b="),
    ] {
        let found = verdict(&with(&good, from, to), &zone).await;
        assert_eq!(found, format!("neutral: {problem}"), "{to:?} instead of {from:?}");
    }
}

#[tokio::test]
async fn a_signature_with_optional_tags_passes() {
    let key = ed25519();
    for tags in [
        " q=dns/txt;",
        " q=x/y : dns/txt;",
        " t=1599999999; x=1600000000;",
        " t=1700000000;",
        " i=joe+tag@mail.Example.ORG;",
        " i=@example.org;",
        " i=\r\n joe=3Dsix\r\n @example.org;",
        " z=From:joe@example.org|To:x;",
        " unknown_1=a=b \r\n\tc;",
        " n=größer;",
        "\r\n ",
    ] {
        let signer = Signer { tags: tags.into(), ..Signer::new(&key) };
        let mut mail = mail();
        signer.add_to(&mut mail);
        assert_eq!(verdict(&mail, &zone_of(&signer)).await, "pass", "{tags:?}");
    }
}

#[tokio::test]
async fn an_expired_signature_is_policy() {
    let key = ed25519();
    let signer = Signer { tags: " t=1500000000; x=1599999999;".into(), ..Signer::new(&key) };
    let mut mail = mail();
    signer.add_to(&mut mail);
    assert_eq!(verdict(&mail, &zone_of(&signer)).await, "policy: the signature has expired");
}

#[tokio::test]
async fn a_signature_with_sha1_is_policy_without_a_question() {
    let key = ed25519();
    let signer = Signer::new(&key);
    let mut mail = mail();
    signer.add_to(&mut mail);
    let zone = zone_of(&signer);
    let mail = with(&mail, "a=ed25519-sha256", "a=rsa-sha1");
    assert_eq!(verdict(&mail, &zone).await, "policy: the signature uses SHA-1");
    assert_eq!(zone.asked.into_inner(), 0);
}

#[tokio::test]
async fn a_changed_body_fails_without_a_question() {
    let key = ed25519();
    let signer = Signer::new(&key);
    let mut mail = mail();
    signer.add_to(&mut mail);
    mail.body.extend_from_slice(b"Bye.\r\n");
    let zone = zone_of(&signer);
    assert_eq!(verdict(&mail, &zone).await, "fail: the body was changed");
    assert_eq!(zone.asked.into_inner(), 0);
}

#[tokio::test]
async fn a_changed_or_added_field_fails() {
    let key = ed25519();
    // `To` once more than there is: nobody may add one.
    let names = ["from", "to", "TO", "subject", "x-none"].map(str::to_owned).into();
    let signer = Signer { names, ..Signer::new(&key) };
    let mut good = mail();
    signer.add_to(&mut good);
    let zone = zone_of(&signer);
    assert_eq!(verdict(&good, &zone).await, "pass");

    let failed = "fail: the header was changed, or the key is another";
    for added in ["To: eve@example.net", "X-None:", "x-NONE :a"] {
        let mut mail = good.clone();
        mail.push(added);
        assert_eq!(verdict(&mail, &zone).await, failed, "{added}");
    }
    let mut mail = good.clone();
    mail.fields.retain(|field| !field.starts_with(b"Subject"));
    assert_eq!(verdict(&mail, &zone).await, failed);

    // A field that is not signed may change, and so may one above the lowest of its name.
    let mut mail = good.clone();
    mail.push("From: eve@example.net");
    mail.push("Received: from c.example");
    assert_eq!(verdict(&mail, &zone).await, "pass");
}

#[tokio::test]
async fn repeated_fields_are_taken_from_the_bottom() {
    let key = ed25519();
    let names = ["received", "from", "received"].map(str::to_owned).into();
    let signer = Signer { names, ..Signer::new(&key) };
    let mut mail = mail();
    mail.push("Received: the second");
    mail.push("Received: the third");
    signer.add_to(&mut mail);
    let zone = zone_of(&signer);
    assert_eq!(verdict(&mail, &zone).await, "pass");
    mail.fields[1] = b"Received: not signed".to_vec();
    assert_eq!(verdict(&mail, &zone).await, "pass");
    mail.fields.swap(2, 3);
    assert!(verdict(&mail, &zone).await.starts_with("fail"));
}

#[tokio::test]
async fn a_signature_may_sign_other_signatures_but_not_itself() {
    let key = ed25519();
    let mut mail = mail();
    Signer { selector: "first".into(), ..Signer::new(&key) }.add_to(&mut mail);
    let names = ["from", "dkim-signature", "dkim-signature"].map(str::to_owned).into();
    let signer = Signer { names, ..Signer::new(&key) };
    signer.add_to(&mut mail);
    let record = key.record();
    let zone = zone([("s._domainkey.example.org", &*record), ("first._domainkey.example.org", &*record)]);
    let shown: Vec<_> = verify(&mail, &zone).await.signatures.iter().map(shown).collect();
    assert_eq!(shown, ["pass", "pass"]);
}

#[tokio::test]
async fn a_message_without_from_is_a_permerror() {
    let key = ed25519();
    let signer = Signer::new(&key);
    let mut mail = mail();
    mail.fields.retain(|field| !field.starts_with(b"From"));
    signer.add_to(&mut mail);
    assert_eq!(verdict(&mail, &zone_of(&signer)).await, "permerror: the message has no From");
}

#[tokio::test]
async fn a_signed_part_of_the_body_passes_and_says_so() {
    let key = ed25519();
    for (body, length) in [("simple", 3), ("relaxed", 3), ("simple", 0), ("relaxed", 0)] {
        let signer = Signer { body, length: Some(length), ..Signer::new(&key) };
        let mut mail = mail();
        mail.body = b"Hi.\r\nJoe.\r\n".to_vec();
        signer.add_to(&mut mail);
        mail.body.extend_from_slice(b"Eve.\r\n\r\n");
        let outcome = verify(&mail, &zone_of(&signer)).await;
        let signature = &outcome.signatures[0];
        assert_eq!((&*shown(signature), signature.unsigned_bytes), ("pass", 17 - length as u64));
    }
}

#[tokio::test]
async fn a_body_shorter_than_its_signed_part_fails() {
    let key = ed25519();
    let signer = Signer { length: Some(4), ..Signer::new(&key) };
    let mut mail = mail();
    signer.add_to(&mut mail);
    mail.body.clear();
    assert_eq!(verdict(&mail, &zone_of(&signer)).await, "fail: the body is shorter than the signed part");
    let signer = Signer { tags: format!(" l={};", "9".repeat(76)), ..Signer::new(&key) };
    let mut mail = self::mail();
    signer.add_to(&mut mail);
    assert_eq!(verdict(&mail, &zone_of(&signer)).await, "fail: the body is shorter than the signed part");
}

#[tokio::test]
async fn the_value_of_b_may_stand_anywhere_with_any_space() {
    let key = ed25519();
    for header in ["simple", "relaxed"] {
        let signer = Signer { header, tags: " xb=b=1;".into(), ..Signer::new(&key) };
        let mut mail = mail();
        signer.add_to(&mut mail);
        let field = String::from_utf8(mail.fields[0].clone()).unwrap();
        let (before, value) = field.rsplit_once(" b=").unwrap();
        let (one, two) = value.split_at(20);
        mail.fields[0] = format!("{before} b= \r\n\t{one} \r\n {two}\t \r\n ").into_bytes();
        assert_eq!(verdict(&mail, &zone_of(&signer)).await, "pass", "{header}");
        // Padding is an option of the grammar.
        mail.fields[0] = format!("{before} b={}", value.trim_end_matches('=')).into_bytes();
        assert_eq!(verdict(&mail, &zone_of(&signer)).await, "pass", "{header}");
    }
}

#[tokio::test]
async fn internationalized_domains_are_compared_in_a_labels() {
    let key = ed25519();
    let signer = Signer {
        domain: "bücher.example".into(),
        selector: "schlüssel".into(),
        tags: " i=jörg@mail.xn--bcher-kva.example;".into(),
        ..Signer::new(&key)
    };
    let mut mail = mail();
    signer.add_to(&mut mail);
    let record = key.record();
    let zone = zone([("xn--schlssel-95a._domainkey.xn--bcher-kva.example", &*record)]);
    let outcome = verify(&mail, &zone).await;
    let signature = &outcome.signatures[0];
    assert_eq!(shown(signature), "pass");
    assert_eq!(signature.domain.as_deref(), Some("xn--bcher-kva.example"));
    assert_eq!(signature.identity.as_deref(), Some("jörg@mail.xn--bcher-kva.example"));
}

#[tokio::test]
async fn bytes_outside_ascii_in_signed_fields_pass() {
    let key = ed25519();
    for header in ["simple", "relaxed"] {
        let signer = Signer { header, ..Signer::new(&key) };
        let mut mail = mail();
        mail.fields[2] = b"To: \xff\x80 <x@example.net>\0 \r".to_vec();
        mail.body = b"\xfe\0\n\r\r\nx".to_vec();
        signer.add_to(&mut mail);
        assert_eq!(verdict(&mail, &zone_of(&signer)).await, "pass", "{header}");
    }
}

#[tokio::test]
async fn signatures_beyond_the_limit_are_counted() {
    let key = ed25519();
    let mut mail = mail();
    for n in 0..12 {
        Signer { selector: format!("s{n}"), ..Signer::new(&key) }.add_to(&mut mail);
    }
    let outcome = verify(&mail, &zone([("s11._domainkey.example.org", &*key.record())])).await;
    assert_eq!((outcome.signatures.len(), outcome.ignored), (10, 2));
    assert_eq!(shown(&outcome.signatures[0]), "pass");
    assert_eq!(shown(&outcome.signatures[1]), "permerror: s10._domainkey.example.org has no key");
    assert_eq!(outcome.result(), DkimResult::Pass);
}

#[tokio::test]
async fn the_hashes_of_another_body_fail() {
    let key = ed25519();
    let signer = Signer::new(&key);
    let mut mail = mail();
    signer.add_to(&mut mail);
    let fields = Fields::new(mail.fields.iter().map(Vec::as_slice));
    let verifier = DkimVerifier::new(&fields, &mut BodyHasher::new(), &DkimLimits::default());
    let outcome = verifier.verify(&BodyHasher::new().finish(), &zone_of(&signer), now()).await;
    assert_eq!(shown(&outcome.signatures[0]), "fail: the body was changed");
}

#[tokio::test]
async fn a_message_without_signature_is_none() {
    let outcome = verify(&mail(), &zone([])).await;
    assert_eq!((outcome.result(), outcome.signatures.len(), outcome.ignored), (DkimResult::None, 0, 0));
}
