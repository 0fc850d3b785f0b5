//! A reference for the parser of addresses, and generators that follow the same grammar in the other direction.

mod grammar;

use std::net::Ipv6Addr;

pub(crate) use grammar::*;
use proptest::collection::vec;
use proptest::prelude::*;

/// Any `Mailbox` of the grammar.
pub(crate) fn any_mailbox() -> impl Strategy<Value = String> {
    let atom = prop_oneof![
        9 => r"[a-zA-Z0-9!#$%&'*+/=?^_`{|}~éж中-]{1,6}",
        1 => r"[a-z0-9=+-]{60,300}",
    ];
    let dot_string = vec(atom, 1..4).prop_map(|atoms| atoms.join("."));
    let content = prop_oneof![r"[ !#-\[\]-~éж中]", r"\\[ -~]"];
    let quoted_string = vec(content, 0..15).prop_map(|content| format!("\"{}\"", content.concat()));
    let label = r"[a-zA-Z0-9éж中]([a-zA-Z0-9éж中-]{0,8}[a-zA-Z0-9éж中])?";
    let domain = vec(label, 1..5).prop_map(|labels| labels.join("."));
    let general = r"[a-hA-H0-9]([a-z0-9-]{0,5}[a-z0-9])?:[!-Z^-~]{1,9}";
    let literal = prop_oneof![
        any::<[u8; 4]>().prop_map(|[a, b, c, d]| format!("{a}.{b}.{c:03}.{d}")),
        any::<[u16; 8]>().prop_map(|groups| format!("IPv6:{}", Ipv6Addr::from(groups))),
        any::<[bool; 8]>().prop_map(|groups| format!("ipv6:{}", Ipv6Addr::from(groups.map(u16::from)))),
        general.prop_map(String::from),
    ];
    let bracketed = literal.prop_map(|literal| format!("[{literal}]"));
    (prop_oneof![dot_string, quoted_string], prop_oneof![3 => domain, 1 => bracketed])
        .prop_map(|(local_part, domain)| format!("{local_part}@{domain}"))
}

/// Returns text of the characters that matter to the grammar, so that much of it is nearly an address.
pub(crate) fn nearly_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => r#"[a1.@"\\<>\[\]:, _-]"#,
        1 => r"(\[IPv6:|::|\[1\.2\.3\.4\]|a@b|<a@b>|@a:|é|\n|\x00|\u{202e}|\u{a0})",
        1 => any::<char>().prop_map(String::from),
    ];
    vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

/// Replaces, removes, adds, doubles or swaps bytes of `text`, as many times as there are changes. An added byte is any
/// byte or one of the signs of the grammar.
pub(crate) fn mutate(text: &str, changes: &[(prop::sample::Index, u8, u8)]) -> Vec<u8> {
    const SIGNS: &[u8] = br#".@"\<>[]:,- ()01"#;
    let mut bytes = text.as_bytes().to_vec();
    for (index, kind, byte) in changes {
        let place = index.index(bytes.len() + 1);
        let sign = SIGNS[usize::from(*byte) % SIGNS.len()];
        match kind % 7 {
            0 => bytes.insert(place, *byte),
            1 => bytes.insert(place, sign),
            2 if place < bytes.len() => bytes[place] = *byte,
            3 if place < bytes.len() => bytes[place] = sign,
            4 if place < bytes.len() => bytes.insert(place, bytes[place]),
            5 if place + 1 < bytes.len() => bytes.swap(place, place + 1),
            _ if place < bytes.len() => drop(bytes.remove(place)),
            _ => {}
        }
    }
    bytes
}
