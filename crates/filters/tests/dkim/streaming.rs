//! The body in chunks of any size.

use mailchute_filters::dkim::{BodyHasher, DkimLimits, DkimVerifier, Fields};

use super::{ed25519, mail, now, shown, verify, zone};
use crate::mail_signer::Signer;

/// Bodies whose canonical form is not the obvious one.
const BODIES: [&[u8]; 16] = [
    b"",
    b"\r\n",
    b"\r\n\r\n\r\n",
    b" ",
    b" \t\r\n \r\n",
    b"a",
    b"a\r\n",
    b"a \t \r\n\r\n \r\n",
    b"a\r\nb \tc\r\n\r\n\r\nd  \r\n",
    b"\r\n\r\n a",
    b"a\r",
    b"a \r b\r\r\n\n\r\n",
    b"a\nb \n\n\n",
    b"\r\n.\r\n",
    b"\r",
    b"\xff \0\r\n\t\r\n\r\n\xff",
];

#[tokio::test]
async fn every_chunking_of_every_body_passes() {
    let key = ed25519();
    for bytes in BODIES {
        let mut mail = mail();
        mail.body = bytes.to_vec();
        for (body, length) in [("simple", None), ("relaxed", None), ("simple", Some(2)), ("relaxed", Some(0))]
        {
            if body == "simple" || bytes.len() > 2 {
                Signer { body, length, ..Signer::new(&key) }.add_to(&mut mail);
            }
        }
        let zone = zone([("s._domainkey.example.org", &*key.record())]);
        let whole: Vec<_> = verify(&mail, &zone).await.signatures.iter().map(shown).collect();
        assert!(whole.iter().all(|shown| shown == "pass"), "{whole:?} {}", bytes.escape_ascii());
        let fields = Fields::new(mail.fields.iter().map(Vec::as_slice));
        for one in 0..=bytes.len() {
            for two in one..=bytes.len() {
                let mut hasher = BodyHasher::new();
                let verifier = DkimVerifier::new(&fields, &mut hasher, &DkimLimits::default());
                for chunk in [&bytes[..one], &bytes[one..two], &bytes[two..]] {
                    hasher.update(chunk);
                }
                let outcome = verifier.verify(&hasher.finish(), &zone, now()).await;
                let shown: Vec<_> = outcome.signatures.iter().map(shown).collect();
                assert_eq!(shown, whole, "{} cut at {one} and {two}", bytes.escape_ascii());
            }
        }
    }
}

#[tokio::test]
async fn a_long_body_is_hashed_in_pieces() {
    let key = ed25519();
    let mut mail = mail();
    mail.body = b"0123456789 \t abcdef\r\n".repeat(20_000);
    mail.body.extend(vec![b'x'; 100_000]);
    for body in ["simple", "relaxed"] {
        Signer { body, ..Signer::new(&key) }.add_to(&mut mail);
    }
    let zone = zone([("s._domainkey.example.org", &*key.record())]);
    let fields = Fields::new(mail.fields.iter().map(Vec::as_slice));
    for size in [1, 1000, 8191, 65_536, mail.body.len()] {
        let mut hasher = BodyHasher::new();
        let verifier = DkimVerifier::new(&fields, &mut hasher, &DkimLimits::default());
        mail.body.chunks(size).for_each(|chunk| hasher.update(chunk));
        let outcome = verifier.verify(&hasher.finish(), &zone, now()).await;
        assert!(outcome.signatures.iter().all(|found| found.problem.is_none()), "{size}: {outcome:?}");
    }
}
