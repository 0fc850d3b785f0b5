//! Fields `From:` that nobody writes by accident.

mod check;

use proptest::prelude::*;

use check::asks_for_every_domain;

/// Parts of fields, as a forger may put them together.
fn field() -> impl Strategy<Value = String> {
    let parts = [
        "a@bank.example",
        "b@other.example",
        "a",
        "@",
        "bank.example",
        "<",
        ">",
        "\"",
        "(",
        ")",
        "\\",
        ",",
        ";",
        ":",
        " ",
        "\r\n ",
        ".",
        "[192.0.2.1]",
        "[",
        "]",
        "=?utf-8?q?x?=",
        "\u{fc}",
        "\u{ff20}",
        "\0",
        "g:",
        "b\u{fc}cher.example",
    ];
    prop_oneof![
        prop::collection::vec(prop::sample::select(parts.to_vec()), 0..14).prop_map(|parts| parts.concat()),
        any::<String>(),
        "[a-c@<>(),;: \".\\\\]{0,24}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn every_domain_of_a_field_is_asked_for(field in field()) {
        asks_for_every_domain(field.as_bytes());
    }
}
