//! Rules that hold for any chain. The fuzz target `arc` holds chains of its own against them.

use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use mailchute_filters::arc::{ArcOutcome, ArcResult, ArcVerifier};
use mailchute_filters::dkim::{BodyHasher, Fields};

use super::dkim_check::run;
use super::mail_signer::{Key, Mail, Signer, canonical};
use super::zone::Zone;

/// The most questions that `ArcVerifier::verify` asks.
const MAX_QUESTIONS: usize = 51;

/// White space and other pieces that a change inserts.
const PIECES: [&[u8]; 8] = [b" ", b"\t", b"\r\n ", b" \r\n\t", b"x", b";", b"=", b"\xff"];

fn verify(mail: &Mail, zone: &Zone, chunk: usize) -> ArcOutcome {
    let fields = Fields::new(mail.fields.iter().map(Vec::as_slice));
    let mut hasher = BodyHasher::new();
    let verifier = ArcVerifier::new(&fields, &mut hasher);
    mail.body.chunks(chunk).for_each(|chunk| hasher.update(chunk));
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    run(verifier.verify(&hasher.finish(), zone, now))
}

/// A chain passes. After a change of a field it passes if and only if the canonical form of the field is the same.
///
/// The input is the number of sets, and bytes that choose the field, the place in it, and what is inserted there.
pub(crate) fn a_change_of_a_chain_decides(input: &[u8]) {
    let [sets, field, high, low, piece] = *input else { return };
    let sets = usize::from(sets % 4) + 1;
    let key = Key::ed25519([1; 32]);
    let signer = Signer::new(&key);
    let mut mail = Mail::parse("From: a@example.org\nTo: b@example.org\n\nHi.\n");
    for instance in 1..=sets {
        let status = if instance == 1 { "none" } else { "pass" };
        signer.add_arc_set(&mut mail, instance, status, "spf=pass;  dkim=none");
    }
    let mut zone = Zone::default();
    let record = ("TXT".to_owned(), key.record().into_bytes());
    zone.records.insert("s._domainkey.example.org".to_owned(), vec![record]);
    assert_eq!(verify(&mail, &zone, 1).result, ArcResult::Pass);

    let at = usize::from(field) % mail.fields.len();
    let changed = &mut mail.fields[at];
    let before = canonical::field("relaxed", changed);
    // The last seal signs itself without the value of `b=`, which may have any white space.
    let end = changed.windows(3).rposition(|window| window == b" b=").filter(|_| at == 0);
    let begin = changed.iter().position(|byte| *byte == b':').unwrap();
    let end = end.unwrap_or(changed.len());
    let place = begin + usize::from(u16::from_be_bytes([high, low])) % (end - begin + 1);
    let piece = PIECES[usize::from(piece) % PIECES.len()];
    changed.splice(place..place, piece.iter().copied());
    // An empty line ends a header, so no field has one.
    if changed.windows(4).any(|window| window == b"\r\n\r\n") {
        return;
    }
    let is_same = canonical::field("relaxed", changed) == before;
    let outcome = verify(&mail, &zone, 3);
    assert_eq!(outcome.result == ArcResult::Pass, is_same, "{piece:?} at {place} of {at}: {outcome:?}");
}

/// Any fields are answered, the same each time, and with a bounded number of questions.
///
/// Each line of the input is a field. `S`, `M` and `A` at its begin stand for the names of ARC.
pub(crate) fn any_chain_is_answered(input: &[u8]) {
    let fields = input.split(|byte| *byte == b'\n').map(|line| match line.split_first() {
        Some((b'S', value)) => [b"ARC-Seal:", value].concat(),
        Some((b'M', value)) => [b"ARC-Message-Signature:", value].concat(),
        Some((b'A', value)) => [b"ARC-Authentication-Results:", value].concat(),
        _ => line.to_vec(),
    });
    let mail = Mail { fields: fields.collect(), body: b"Hi.\r\n".to_vec() };
    let mut zone = Zone::default();
    let record = ("TXT".to_owned(), Key::ed25519([1; 32]).record().into_bytes());
    zone.records.insert("s._domainkey.example.org".to_owned(), vec![record]);
    let outcome = verify(&mail, &zone, usize::MAX);
    let asked = zone.asked.swap(0, Ordering::Relaxed);
    assert!(asked <= MAX_QUESTIONS, "{asked} questions");
    assert_eq!(format!("{outcome:?}"), format!("{:?}", verify(&mail, &zone, 1)));
    assert_eq!(zone.asked.load(Ordering::Relaxed), asked);
    assert_eq!(outcome.problem.is_some(), outcome.result == ArcResult::Fail);
    assert_eq!(outcome.sets.is_empty(), outcome.result != ArcResult::Pass);
    if let Some(problem) = &outcome.problem {
        assert!(!problem.to_string().contains(char::is_control), "{problem}");
    }
    for (at, set) in outcome.sets.iter().enumerate() {
        assert_eq!(usize::from(set.instance), at + 1);
    }
}
