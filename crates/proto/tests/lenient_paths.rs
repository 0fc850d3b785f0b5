//! The lenient reading of paths against a grammar that tries everything, and against the strict one.

use crate::address_reference::{
    agrees_with_the_lenient_reference, any_mailbox, lenient_readings, mutate, nearly_text, split_path,
};
use mailchute_proto::{ForwardPath, HeloName, ReversePath};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

const OWN: &str = "mx.example.com";

/// An address, or part of one.
fn core() -> impl Strategy<Value = String> {
    let dotted = r"\.{0,2}[a-c=]{0,2}\.{0,2}[a-cé]{0,2}\.{0,2}";
    prop_oneof![
        3 => any_mailbox(),
        2 => (dotted, any_mailbox()).prop_map(|(local, text)| {
            let (_, domain) = text.rsplit_once('@').unwrap_or_default();
            format!("{local}@{domain}")
        }),
        1 => dotted.prop_map(String::from),
        1 => select(&["", "postmaster", "\"a b\"", "\"a>b\"", "a@b.", "@r:a@b", "@r,@s.t:a"][..]).prop_map(str::to_owned),
    ]
}

/// Returns a path in one of the accepted forms, or nearly so.
fn form() -> impl Strategy<Value = String> {
    let phrase =
        select(&["", "", "", " ", "Ann ", "Ann B. ", "\"a@b <c\" ", "A\"x\"", "SIZE=1 ", "a@b ", "é "][..]);
    let open = select(&["<", "<", "< ", "<<", "< < ", "<<<", ""][..]);
    let close = select(&[">", ">", " >", ">>", " > > ", ">>>", ""][..]);
    let rest = select(&["", " SIZE=1", "  AUTH=<a@b>", " <c@d>", "SIZE=1", ", <c@d>", "<c@d>"][..]);
    (phrase, open, core(), close, rest)
        .prop_map(|(phrase, open, core, close, rest)| format!("{phrase}{open}{core}{close}{rest}"))
}

fn changes() -> impl Strategy<Value = Vec<(Index, u8, u8)>> {
    prop::collection::vec((any::<Index>(), any::<u8>(), any::<u8>()), 0..3)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn each_form_has_one_reading(text in form()) {
        agrees_with_the_lenient_reference(text.as_bytes());
    }

    #[test]
    fn each_form_with_faults_has_at_most_one_reading(text in form(), changes in changes()) {
        agrees_with_the_lenient_reference(&mutate(&text, &changes));
    }

    #[test]
    fn text_made_of_signs_has_at_most_one_reading(text in nearly_text()) {
        agrees_with_the_lenient_reference(text.as_bytes());
        agrees_with_the_lenient_reference(format!("a <{text}>").as_bytes());
        agrees_with_the_lenient_reference(format!("\"{text}\" <a@b>").as_bytes());
    }

    #[test]
    fn lenient_reads_a_strict_path_the_same(text in any_mailbox(), changes in changes()) {
        let argument = mutate(&format!("<{text}> SIZE=1"), &changes);
        if let Ok(strict) = ReversePath::parse_argument(&argument) {
            prop_assert_eq!(ReversePath::parse_lenient(&argument, OWN), Ok(strict));
        }
        if let Ok(strict) = ForwardPath::parse_argument(&argument) {
            prop_assert_eq!(ForwardPath::parse_lenient(&argument, OWN), Ok(strict));
        }
    }

    #[test]
    fn lenient_returns_only_strict_addresses(text in form()) {
        if let Ok((ReversePath::Mailbox(mailbox), _)) = ReversePath::parse_lenient(text.as_bytes(), OWN) {
            let strict = format!("<{mailbox}>");
            prop_assert_eq!(ReversePath::parse_argument(strict.as_bytes()), Ok((mailbox.into(), &b""[..])));
        }
    }

    #[test]
    fn a_name_that_strict_takes_is_read_the_same(bytes in prop::collection::vec(any::<u8>(), 0..12)) {
        if let Ok(strict) = HeloName::parse(&bytes) {
            prop_assert_eq!(HeloName::parse_lenient(&bytes), Ok(strict));
        } else if let Ok(name) = HeloName::parse_lenient(&bytes) {
            prop_assert!(!name.as_str().contains(|c: char| c.is_control() || c.is_whitespace()));
        }
    }
}

#[test]
fn the_forms_are_good_ones_and_bad_ones() {
    let mut runner = TestRunner::deterministic();
    let (mut strict, mut lenient) = (0, 0);
    for _ in 0..1_000 {
        let text = form().new_tree(&mut runner).unwrap().current();
        let is_strict = split_path(text.as_bytes()).is_some();
        strict += usize::from(is_strict);
        lenient += usize::from(!is_strict && !lenient_readings(text.as_bytes(), OWN).is_empty());
    }
    assert!(
        (3..500).contains(&strict) && (150..700).contains(&lenient),
        "{strict} strict, {lenient} lenient"
    );
}
