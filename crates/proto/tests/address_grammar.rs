//! Compares the parser of addresses with another reading of the RFC's grammar that shares nothing with it.

use crate::address_reference::{
    agrees_with_the_reference, any_mailbox, is_domain, is_mailbox, misleading, mutate, nearly_text,
    split_path,
};
use mailchute_proto::{AddressLiteral, Domain, ForwardPath, HeloName, Mailbox, ReversePath, is_control};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

fn mailbox(text: &str) -> Mailbox {
    Mailbox::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn every_address_of_the_grammar_is_accepted_and_printed_back(text in any_mailbox(), route in any::<bool>()) {
        prop_assert!(is_mailbox(&text), "the reference refuses {text:?}");
        let mailbox = mailbox(&text);
        prop_assert_eq!(mailbox.to_string(), text.as_str());
        prop_assert_eq!(format!("{}@{}", mailbox.local_part(), mailbox.domain()), text.as_str());
        prop_assert_eq!(mailbox.address_literal().is_some(), mailbox.domain().starts_with('['));
        let route = if route { "@a.b,@c:" } else { "" };
        let argument = format!("<{route}{text}> SIZE=1");
        let (path, rest) = ReversePath::parse_argument(argument.as_bytes()).unwrap();
        prop_assert_eq!(path, ReversePath::Mailbox(mailbox.clone()));
        prop_assert_eq!(rest, b" SIZE=1");
        prop_assert_eq!(ForwardPath::parse_argument(argument.as_bytes()).unwrap().0, ForwardPath::Mailbox(mailbox));
    }

    #[test]
    fn a_literal_prints_what_it_parses(text in any_mailbox()) {
        if let Some(literal) = mailbox(&text).address_literal() {
            prop_assert_eq!(AddressLiteral::parse(&literal.to_string()), Ok(literal));
        }
    }

    #[test]
    fn a_path_that_is_nearly_right_is_judged_as_by_the_reference(
        text in any_mailbox(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<u8>()), 0..4),
    ) {
        agrees_with_the_reference(&mutate(&format!(" <@a.b:{text}> SIZE=1"), &changes));
        agrees_with_the_reference(&mutate(&format!("<{text}>"), &changes));
    }

    #[test]
    fn random_grammar_characters_parse_as_in_the_reference(text in nearly_text()) {
        agrees_with_the_reference(text.as_bytes());
        agrees_with_the_reference(format!("<{text}>").as_bytes());
        agrees_with_the_reference(format!("<\"{text}\"@b>").as_bytes());
        agrees_with_the_reference(format!("<a@[{text}]>").as_bytes());
        prop_assert_eq!(Mailbox::parse(&text).is_ok(), is_mailbox(&text), "{:?}", text);
        prop_assert_eq!(Domain::parse(&text).is_ok(), is_domain(&text), "{:?}", text);
    }

    #[test]
    fn arbitrary_bytes_are_judged_as_by_the_reference(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        agrees_with_the_reference(&bytes);
        if let Ok(name) = HeloName::parse(&bytes) {
            prop_assert!(!name.as_str().contains(|c: char| c.is_control() || c.is_whitespace()));
        }
    }

    #[test]
    fn the_unquoted_local_part_quoted_again_means_the_same(text in any_mailbox()) {
        let plain = mailbox(&text).unquoted_local_part().into_owned();
        let quoted = format!("\"{}\"@b", plain.replace('\\', r"\\").replace('"', r#"\""#));
        let quoted = mailbox(&quoted);
        prop_assert_eq!(quoted.unquoted_local_part(), plain);
    }
}

/// Texts that a search for disagreements has found, with their siblings.
#[test]
fn a_domain_with_an_ignorable_character_is_refused() {
    for c in
        ['\u{e0000}', '\u{e0001}', '\u{e0fff}', '\u{2065}', '\u{fff0}', '\u{1bca0}', '\u{1d173}', '\u{fe0f}']
    {
        for text in [format!("{c}"), format!("a{c}b.example"), format!("{c}a"), format!("a{c}")] {
            assert!(Domain::parse(&text).is_err(), "{text:?}");
            assert!(Mailbox::parse(&format!("a@{text}")).is_err(), "{text:?}");
            assert!(ReversePath::parse_argument(format!("<a@{text}>").as_bytes()).is_err(), "{text:?}");
        }
        // A local part is opaque: only its owner may judge it.
        assert_eq!(mailbox(&format!("{c}@b")).local_part(), format!("{c}"));
        assert_eq!(mailbox(&format!("\"{c}\"@b")).local_part(), format!("\"{c}\""));
    }
    for joiner in ['\u{200c}', '\u{200d}'] {
        assert!(Domain::parse(&format!("a{joiner}b")).is_ok());
    }
}

#[test]
fn every_ignorable_character_and_its_neighbours_agree() {
    let mut refused = 0;
    for range in misleading() {
        let around = (u32::from(*range.start()) - 1)..=(u32::from(*range.end()) + 1);
        for c in around.filter_map(char::from_u32) {
            let text = format!("a{c}b");
            assert_eq!(Domain::parse(&text).is_ok(), is_domain(&text), "{text:?}");
            assert!(!range.contains(&c) || is_control(c), "{c:?}");
            refused += usize::from(range.contains(&c));
        }
    }
    assert!(refused > 4_000, "{refused} characters: the table of Unicode is larger");
}

#[test]
fn changes_to_an_address_make_good_ones_and_bad_ones() {
    let mut runner = TestRunner::deterministic();
    let changed = (
        any_mailbox(),
        prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<u8>()), 1..4),
    );
    let mut valid = 0;
    for _ in 0..1_000 {
        let (text, changes) = changed.new_tree(&mut runner).unwrap().current();
        valid += usize::from(split_path(&mutate(&format!("<{text}>"), &changes)).is_some());
    }
    assert!((100..900).contains(&valid), "{valid} of 1,000 are valid: the other kind is hardly tried");
}
