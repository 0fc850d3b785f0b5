//! Chains that mean harm: their cost has a bound.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{RESULTS, sealed, sealer, verdict};
use crate::dkim::{ed25519, mail, zone};

/// More than any of these takes, even without optimization, and less than quadratic work.
const LONG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_chain_of_50_sets_passes_and_one_of_51_fails() {
    let key = ed25519();
    let (mut mail, zone) = sealed(&key, 50);
    assert_eq!(verdict(&mail, &zone).await, "pass");
    assert_eq!(zone.asked.swap(0, Ordering::Relaxed), 50);
    sealer(&key, 51).add_arc_set(&mut mail, 51, "pass", RESULTS);
    assert_eq!(verdict(&mail, &zone).await, "fail: there are more than 50 ARC sets");
    assert_eq!(zone.asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn any_number_of_sets_fails_without_a_question() {
    let begin = Instant::now();
    for count in [51, 1000, 100_000] {
        let mut mail = mail();
        for n in 0..count {
            mail.fields.push(format!("ARC-Seal: i={n}; cv=pass").into_bytes());
            mail.fields.push(format!("ARC-Message-Signature: i={};", n % 50 + 1).into_bytes());
            mail.fields.push(format!("ARC-Authentication-Results: i={n}; x").into_bytes());
        }
        let zone = zone([]);
        assert_eq!(verdict(&mail, &zone).await, "fail: there are more than 50 ARC sets");
        assert_eq!(zone.asked.into_inner(), 0);
    }
    assert!(begin.elapsed() < LONG, "{:?}", begin.elapsed());
}

#[tokio::test]
async fn long_fields_of_50_sets_are_hashed_once() {
    let begin = Instant::now();
    let key = ed25519();
    let (mut mail, zone) = sealed(&key, 50);
    for field in &mut mail.fields {
        if field.starts_with(b"ARC-Auth") {
            field.extend(b"; x".repeat(1 << 15));
        }
    }
    assert!(verdict(&mail, &zone).await.starts_with("fail: the seal of ARC set 50"));
    assert!(begin.elapsed() < LONG, "{:?}", begin.elapsed());
}

#[tokio::test]
async fn comments_that_nest_without_end_are_refused() {
    let begin = Instant::now();
    let mut mail = mail();
    mail.push([b"ARC-Authentication-Results: ", &*b"(".repeat(1 << 20)].concat());
    assert_eq!(
        verdict(&mail, &zone([])).await,
        "fail: ARC-Authentication-Results has no instance from 1 to 50"
    );
    assert!(begin.elapsed() < LONG, "{:?}", begin.elapsed());
}
