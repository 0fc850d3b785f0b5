//! The examples of RFC 6376 and RFC 8463.

use mailchute_filters::dkim::{Algorithm, DkimResult};

use super::{shown, verify, zone};
use crate::mail_signer::Mail;

/// The key of RFC 6376, appendix C.
const RFC6376_KEY: &str = "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYt\
                           IxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4O\
                           uKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB";

/// The keys of RFC 8463, appendix A.
const ED25519_KEY: &str = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const RSA_KEY: &str = "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdO\
                       Kb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9Pzo\
                       xZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB";

#[tokio::test]
async fn the_example_of_rfc_6376_passes() {
    let mail = Mail::parse(include_str!("rfc6376.eml"));
    let zone = zone([("brisbane._domainkey.example.com", RFC6376_KEY)]);
    let outcome = verify(&mail, &zone).await;
    let [signature] = &*outcome.signatures else { panic!("{outcome:?}") };
    assert_eq!(shown(signature), "pass");
    assert_eq!(signature.domain.as_deref(), Some("example.com"));
    assert_eq!(signature.selector.as_deref(), Some("brisbane"));
    assert_eq!(signature.identity.as_deref(), Some("joe@football.example.com"));
    assert_eq!(signature.algorithm, Some(Algorithm::RsaSha256));
    assert_eq!(signature.beginning, "AuUoFEfD");
    assert_eq!((signature.key_bits, signature.is_test, signature.unsigned_bytes), (Some(1024), false, 0));
}

#[tokio::test]
async fn the_example_of_rfc_8463_passes() {
    let mail = Mail::parse(include_str!("rfc8463.eml"));
    let zone = zone([
        ("brisbane._domainkey.football.example.com", ED25519_KEY),
        ("test._domainkey.football.example.com", RSA_KEY),
    ]);
    let outcome = verify(&mail, &zone).await;
    let results: Vec<_> = outcome.signatures.iter().map(|found| (shown(found), found.algorithm)).collect();
    let pass = "pass".to_owned();
    assert_eq!(results, [(pass.clone(), Some(Algorithm::Ed25519Sha256)), (pass, Some(Algorithm::RsaSha256))]);
    assert_eq!(outcome.result(), DkimResult::Pass);
}
