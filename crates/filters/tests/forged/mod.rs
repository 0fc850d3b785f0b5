//! `Authentication-Results` that mislead a reader.

mod check;

use proptest::prelude::*;

use check::{is_forged_if_a_reader_finds_the_name, texts_of_the_sender_tell_nothing};

/// Parts of fields, as a forger may put them together.
fn field() -> impl Strategy<Value = String> {
    let parts = [
        "mx.example.com",
        "MX.Example.COM.",
        "mx",
        ".example.com",
        "other.example",
        "1",
        ";",
        " ",
        "\r\n\t",
        "(",
        ")",
        "\"",
        "\\",
        "=",
        "dkim=pass",
        "header.d=bank.example",
        "\u{200b}",
        "\0",
        "\u{ff4d}x",
    ];
    prop_oneof![
        prop::collection::vec(prop::sample::select(parts.to_vec()), 0..10).prop_map(|parts| parts.concat()),
        prop::collection::vec(prop::sample::select(parts[..8].to_vec()), 0..6)
            .prop_map(|parts| parts.concat()),
        any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn a_field_that_a_reader_takes_for_ours_is_forged(field in field()) {
        is_forged_if_a_reader_finds_the_name(field.as_bytes());
    }

    #[test]
    fn a_text_of_the_sender_tells_no_result(text in field()) {
        texts_of_the_sender_tell_nothing(text.as_bytes());
    }
}
