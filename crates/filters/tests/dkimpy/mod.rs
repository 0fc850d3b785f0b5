//! The vectors of the package dkimpy 1.1.8: messages that it, Exim and Gmail have signed.
//!
//! They come from `dkim/tests` of its source package. `LICENSE` is their licence. They are altered: their lines end with LF,
//! the files have other names, and the ARC sets of `test_arc.py` stand above `test.message`. Left out are the cases that
//! sign first, as tests of ours sign such messages themselves.

use crate::arc;
use crate::dkim::{shown, verify, zone};
use crate::mail_signer::Mail;

/// `test.txt`, a key of 1024 bits.
const TEST: &str = "v=DKIM1; g=*; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhd\
    R6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO\
    9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB";

const GMAIL: &str = "k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA1Kd87/UeJjenpabgbFwh+eBCsSTrqmwIYYvywlbhbqoo2Dymnd\
    FkbjOVIPIldNs/m40KF+yzMn1skyoxcTUGCQs8g3FgD2Ap3ZB5DekAo5wMmk4wimDO+U8QzI3SD07y2+07wlNWwIt8svnxgd\
    xGkVbbhzY8i+RQ9DpSVpPbF7ykQxtKXkv/ahW3KjViiAH+ghvvIhkx4xYSIc9oSwVmAl5OctMEeWUwg8Istjqz8BZeTWbf41\
    fbNhte7Y+YqZOwq1Sd0DbvYAD9NOZK9vlfuac0598HY+vtSBczUiKERHv1yRbcaQtZFh5wtiRrN04BLUTD21MycBX5jYchHj\
    PY/wIDAQAB";

const ED25519: &str = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

const EXIM: &str = "v=DKIM1; k=ed25519; p=sPs07Vu29FpHT/80UXUcYHFOHifD4o2ZlP2+XUh9g6E=";

#[tokio::test]
async fn messages_of_several_signers_have_the_results_of_dkimpy() {
    let bad_version = TEST.replacen("v=DKIM1;", "v=DKIM1:", 1);
    let bad_type = TEST.replacen("k=rsa", "k=ed25519-sha256", 1);
    let for_reports = TEST.replacen("k=rsa;", "k=rsa; s=tlsrpt;", 1);
    let implicit_type = TEST.replacen(" k=rsa;", "", 1);
    let mistake = "permerror: the record of the key test._domainkey.football.example.com has a mistake";
    let rfc6376 = include_str!("rfc6376.msg");
    for (name, message, test_key, expected) in [
        ("rfc6376", rfc6376, TEST, vec!["pass", "pass"]),
        ("implicit k=", rfc6376, &*implicit_type, vec!["pass", "pass"]),
        ("badversion", rfc6376, &*bad_version, vec!["pass", mistake]),
        ("badk", rfc6376, &*bad_type, vec!["pass", "permerror: the key is of another algorithm"]),
        ("tlsrpt", rfc6376, &*for_reports, vec!["pass", "permerror: the key is not for email"]),
        ("exim", include_str!("exim.msg"), TEST, vec!["pass"]),
        ("gmail", include_str!("gmail.msg"), TEST, vec!["pass"]),
        (
            "bad domain",
            include_str!("bad-domain.msg"),
            TEST,
            vec!["neutral: the signature has a wrong tag d="],
        ),
    ] {
        let zone = zone([
            ("test._domainkey.football.example.com", test_key),
            ("brisbane._domainkey.football.example.com", ED25519),
            ("sed._domainkey.test.ex", EXIM),
            ("20120113._domainkey.gmail.com", GMAIL),
        ]);
        let outcome = verify(&Mail::parse(message), &zone).await;
        assert_eq!(outcome.signatures.iter().map(shown).collect::<Vec<_>>(), expected, "{name}");
    }
}

#[tokio::test]
async fn chains_have_the_results_of_dkimpy() {
    let zone = zone([("test._domainkey.example.com", TEST)]);
    for (message, expected) in [
        (include_str!("arc.msg"), "pass"),
        (include_str!("arc-h-in-seal.msg"), "fail: the seal of ARC set 1 has a tag h="),
    ] {
        assert_eq!(arc::verdict(&Mail::parse(message), &zone).await, expected);
    }
}
