//! Changes on the way, at random: each is allowed or not by the canonical form.

use proptest::prelude::*;

use super::check::{anything_is_answered, canonical_forms_decide};

/// Pieces of a text whose white space matters.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => Just(b"\r\n".to_vec()),
        2 => Just(b"\r\n ".to_vec()),
        4 => prop::sample::select(vec![&b" "[..], b"\t", b"  ", b" \t \r\n"]).prop_map(<[u8]>::to_vec),
        4 => prop::sample::select(vec![&b"a"[..], b"B", b".", b":", b";", b"\xc3\xbc", b"\xff"]).prop_map(<[u8]>::to_vec),
        1 => prop::sample::select(vec![&b"\r"[..], b"\n", b"\0"]).prop_map(<[u8]>::to_vec),
    ]
}

/// A text, and the same after a change: white space, empty lines or anything else.
fn change() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    (prop::collection::vec(piece(), 0..12), any::<prop::sample::Index>(), piece(), 0..6).prop_map(
        |(pieces, at, piece, kind)| {
            let mut changed = pieces.clone();
            let place = at.index(pieces.len() + 1);
            match kind {
                0 => {}
                1 | 2 => changed.insert(place, piece),
                3 if place < changed.len() => drop(changed.remove(place)),
                4 if place < changed.len() => changed[place] = piece,
                _ => changed.push(b"\r\n".to_vec()),
            }
            (pieces.concat(), changed.concat())
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_change_passes_if_and_only_if_the_canonical_form_stays(
        options in 0u8..64,
        chunk in 1u8..5,
        value in change(),
        body in change(),
    ) {
        let parts = [&value.0[..], &body.0, &value.1, &body.1].join(&0xfe);
        canonical_forms_decide(&[&[options, chunk], &*parts].concat());
    }

    #[test]
    fn any_signature_and_any_key_are_answered(
        record in "(v=DKIM1; ?)?((k|h|s|t|p|x)= ?(rsa|ed25519|sha256|email|y:s|[a-zA-Z0-9+/= ]{0,40}|\\PC{0,8});?){0,5}",
        value in "( v=1;)?( (a|b|bh|c|d|h|i|l|q|s|t|x|z)=(rsa-sha256|relaxed/simple|a\\.example|from:to|[0-9]{1,14}|\\PC{0,8});){0,12}",
        body in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        anything_is_answered(&[record.as_bytes(), value.as_bytes(), &body].join(&0xfe));
    }
}
