//! `Authentication-Results` with texts that a hostile sender has chosen.

use mailchute_filters::results::{AuthenticationResults, MethodResult, received_spf};
use mailchute_filters::spf::{self, Limits};
use proptest::prelude::*;

use crate::zone::Zone;

/// Texts that try to forge a result, beside random ones.
fn hostile() -> impl Strategy<Value = String> {
    let parts = [
        "dkim=pass",
        "spf=pass",
        ";",
        " ",
        "\"",
        "\\",
        "(",
        ")",
        "=",
        "@",
        "\r\n",
        "\r\n\t",
        "mx.example.com",
        "a",
        ".",
        "none",
        "header.d",
        "\u{fc}",
        "\0",
        "/",
        "[",
        "]",
        ",",
        "<",
        ">",
        "\u{2028}",
        "=?utf-8?q?x?=",
    ];
    prop_oneof![
        prop::collection::vec(prop::sample::select(parts.to_vec()), 0..12).prop_map(|parts| parts.concat()),
        any::<String>(),
        "[ -~]{0,40}",
    ]
}

/// The results that the simplest reader finds: every `x=y` after a semicolon.
fn results(value: &str) -> Vec<&str> {
    value.split(';').skip(1).map(|part| part.split_whitespace().next().unwrap_or_default()).collect()
}

proptest! {
    #[test]
    fn no_text_of_the_sender_forges_a_result(texts in prop::collection::vec(hostile(), 6)) {
        let value = AuthenticationResults::new("mx.example.com")
            .result(MethodResult::new("spf", "fail").reason(&texts[0]).property("smtp.helo", &texts[1]))
            .result(MethodResult::new("dkim", "fail").property("header.d", &texts[2]).property("header.i", &texts[3]))
            .result(MethodResult::auth(&texts[4]))
            .results([MethodResult::new("dmarc", "none").property("header.from", &texts[5])])
            .to_string();
        prop_assert_eq!(results(&value), ["spf=fail", "dkim=fail", "auth=pass", "dmarc=none"]);
        for forged in ["dkim=pass", "spf=pass"] {
            prop_assert!(!value.contains(forged), "{}", value);
        }
        // Only our own words have an equals sign before them.
        let names = ["spf", "reason", "smtp.helo", "dkim", "header.d", "header.i", "auth", "smtp.auth", "dmarc", "header.from"];
        for word in value.split('=').map(|before| before.rsplit([' ', ';', '\t', '"']).next().unwrap_or_default()) {
            let is_last = value.ends_with(word);
            prop_assert!(is_last || names.contains(&word), "{:?} in {}", word, value);
        }
        prop_assert!(value.is_ascii());
        prop_assert!(value.replace("\r\n\t", "").bytes().all(|byte| !byte.is_ascii_control()));
        prop_assert!(value.split("\r\n").all(|line| line.len() < 998));
    }

    #[test]
    fn a_field_of_ours_is_recognized_whatever_its_results(name in "[a-zA-Z0-9 .\"\\\\-]{1,20}", text in hostile()) {
        let value = AuthenticationResults::new(&name).result(MethodResult::new("spf", "none").reason(&text)).to_string();
        prop_assert!(AuthenticationResults::is_forged(&value, &name), "{}", value);
    }

    #[test]
    fn a_name_of_ours_is_recognized_in_any_disguise(
        comments in prop::collection::vec("(\\([a-z;=\" ]{0,5}\\)|[ \t]|\r\n )?", 17),
        is_upper in prop::collection::vec(any::<bool>(), 14),
    ) {
        let mut value = String::new();
        for ((c, comment), is_upper) in "mx.example.com".chars().zip(&comments).zip(is_upper) {
            value.push_str(&comment.replace('"', ""));
            value.push(if is_upper { c.to_ascii_uppercase() } else { c });
        }
        let value = format!("{value}{}; dkim=pass", comments[16].replace('"', ""));
        prop_assert!(AuthenticationResults::is_forged(&value, "mx.example.com"), "{}", value);
    }

    #[test]
    fn received_spf_has_no_more_keys_than_ours(texts in prop::collection::vec(hostile(), 3)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let query = spf::Query::new([192, 0, 2, 1], &texts[0], &texts[1]);
        let outcome = runtime.block_on(spf::check(&query, &Zone::default(), &Limits::default()));
        let value = received_spf(&outcome, [192, 0, 2, 1].into(), &texts[0], &texts[1], &texts[2]);
        prop_assert!(value.starts_with("none ") && value.is_ascii());
        let keys = ["none receiver", "none client-ip", "client-ip", "envelope-from", "helo", "identity"];
        for pair in value.split(';') {
            let (key, _) = pair.trim().split_once('=').unwrap();
            prop_assert!(keys.contains(&key), "{}", value);
        }
    }
}

#[test]
fn without_results_the_field_reads_none() {
    assert_eq!(AuthenticationResults::new("mx.example.com").to_string(), "mx.example.com; none");
    assert_eq!(AuthenticationResults::new("a b").to_string(), "\"a b\"; none");
}

#[tokio::test]
async fn spf_names_the_domain_that_was_checked() {
    for (sender, expected) in [
        ("al=ice@example.org", "spf=none smtp.mailfrom=example.org"),
        ("", "spf=none smtp.helo=mail.example.net"),
        ("a@b\u{fc}cher.example", "spf=none smtp.mailfrom=xn--bcher-kva.example"),
    ] {
        let query = spf::Query::new([192, 0, 2, 1], "mail.example.net", sender);
        let outcome = spf::check(&query, &Zone::default(), &Limits::default()).await;
        assert_eq!(MethodResult::spf(&outcome).to_string(), expected);
    }
}
