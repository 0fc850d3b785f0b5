//! Messages with tolerated or normalized bare line ends, sent on to servers that are too lax.

use std::collections::BTreeSet;

use crate::session::line_ends::unstuffed;
use crate::session::{Record, Session, assert_bytes, dialogue};
use mailchute_proto::{BareLineEnds, Closing};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const LINE_ENDS: [&[u8]; 3] = [b"\r\n", b"\n", b"\r"];

/// Sends a message as a standard client does: it stuffs dots, ends the last line if necessary, and appends the end of
/// data.
fn sent_on(content: &[u8]) -> Vec<u8> {
    let (mut wire, mut is_line_start) = (Vec::new(), true);
    for (at, &byte) in content.iter().enumerate() {
        if is_line_start && byte == b'.' {
            wire.push(b'.');
        }
        wire.push(byte);
        is_line_start = content[..=at].ends_with(b"\r\n");
    }
    if !is_line_start {
        wire.extend_from_slice(b"\r\n");
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

/// Returns where servers of every laxness see the dot that ends the message. Each accepts one kind of line end before
/// it and one after it, and some drop NULs.
fn ends_seen(wire: &[u8], drop_nuls: bool) -> BTreeSet<usize> {
    let mut ends = BTreeSet::new();
    let bytes: Vec<(usize, u8)> =
        wire.iter().copied().enumerate().filter(|&(_, byte)| byte != 0 || !drop_nuls).collect();
    let text = [b"\r\n".to_vec(), bytes.iter().map(|&(_, byte)| byte).collect()].concat();
    for before in LINE_ENDS {
        for behind in LINE_ENDS {
            let sought = [before, b".", behind].concat();
            let first = text.windows(sought.len()).position(|window| window == sought);
            ends.extend(first.map(|at| bytes[at + before.len() - 2].0));
        }
    }
    ends
}

fn run(bare_line_ends: BareLineEnds, bytes: &[u8]) -> Record {
    let mut session = Session::new();
    session.settings.bare_line_ends = bare_line_ends;
    let segments = [bytes.to_vec()];
    let whole = session.cut(&segments, &[]);
    dialogue::check_with(bare_line_ends, &segments, &whole);
    let pieces = session.byte_by_byte(&segments);
    assert_bytes(&pieces.output, &whole.output, "output");
    assert_eq!(pieces, whole);
    whole
}

const BEFORE: &[u8] =
    b"EHLO client.example\r\nMAIL FROM:<ann@client.example>\r\nRCPT TO:<bob@example.com>\r\n";

/// Returns the message as DATA and as two chunks, split at `cut`.
fn both_ways(message: &[u8], cut: usize) -> [Vec<u8>; 2] {
    let (head, tail) = message.split_at(cut);
    let (first, last) = (format!("BDAT {}\r\n", head.len()), format!("BDAT {} LAST\r\n", tail.len()));
    let chunks = [BEFORE, first.as_bytes(), head, last.as_bytes(), tail].concat();
    [[BEFORE, b"DATA\r\n", message, b"\r\n.\r\n"].concat(), chunks]
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: &[&[u8]] = &[b".", b".", b"\n", b"\r", b"\r\n", b"\0", b"x", b"..", b"\n.\r\n", b"\r\0"];
    vec(select(PIECES), 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3_000) })]

    #[test]
    fn stored_content_holds_no_early_end_for_lax_next_servers(
        message in message(),
        cut in any::<proptest::sample::Index>(),
        bare_line_ends in select(&[BareLineEnds::Refuse, BareLineEnds::Tolerate, BareLineEnds::Normalize][..]),
    ) {
        let contents = [unstuffed(&message), message.clone()];
        for (bytes, content) in both_ways(&message, cut.index(message.len() + 1)).iter().zip(contents) {
            for kept in run(bare_line_ends, bytes).messages {
                let wire = sent_on(&kept.content);
                let end = BTreeSet::from([wire.len() - 3]);
                prop_assert_eq!(&ends_seen(&wire, false), &end);
                // Between two CRLFs that were sent as such, NULs and a dot are content.
                let content = [b"\r\n", &content[..], b"\r\n"].concat();
                let lines: Vec<&[u8]> = content.split(|&byte| byte != b'.' && byte != 0).collect();
                let is_sent = |line: &&[u8]| {
                    let whole = [b"\r\n", *line, b"\r\n"].concat();
                    let is_lone = line.iter().filter(|&&byte| byte != 0).eq(b".");
                    line.starts_with(&[0])
                        && is_lone
                        && content.windows(whole.len()).any(|bytes| bytes == whole)
                };
                if !lines.iter().any(is_sent) {
                    prop_assert_eq!(&ends_seen(&wire, true), &end);
                }
            }
        }
    }
}

#[test]
fn the_servers_of_this_test_are_lax_indeed() {
    for (wire, end) in [
        (&b"a\n.\r\nb\r\n.\r\n"[..], 2),
        (b"a\r.\rb\r\n.\r\n", 2),
        (b"a\n.\nb\r\n.\r\n", 2),
        (b"a\r\n.\nb\r\n.\r\n", 3),
        (b"a\n\0.\0\r\nb\r\n.\r\n", 3),
    ] {
        let seen = ends_seen(wire, true);
        assert!(seen.contains(&end), "{seen:?} in {}", wire.escape_ascii());
    }
    assert_eq!(sent_on(b".a\r\n.\n.b"), b"..a\r\n..\n.b\r\n.\r\n");
}

#[test]
fn no_setting_lets_a_second_envelope_in() {
    const SECOND: &[u8] =
        b"MAIL FROM:<eve@example.com>\r\nRCPT TO:<carl@example.com>\r\nDATA\r\nhi\r\n.\r\nQUIT\r\n";
    let data = [BEFORE, b"DATA\r\ntext"].concat();
    for before in
        [&b"\n"[..], b"\r", b"\r\n", b"\n\n", b"\r\r", b"\n\r", b"\r\r\n", b"\r\n\n", b"\0\n", b"\r\0\n"]
    {
        for behind in [&b"\n"[..], b"\r", b"\r\n", b"\r\r\n", b"\n\r\n", b"\0\r\n"] {
            if before.ends_with(b"\r\n") && behind == b"\r\n" {
                continue;
            }
            for setting in [BareLineEnds::Refuse, BareLineEnds::Tolerate, BareLineEnds::Normalize] {
                let record = run(setting, &[&data, before, b".", behind, SECOND].concat());
                assert!(record.questions.iter().all(|question| !question.contains("eve")), "{setting:?}");
                assert!(record.messages.len() <= 1, "{setting:?}");
                let closing = if record.messages.is_empty() { Closing::Violation } else { Closing::Quit };
                assert_eq!(record.closing, Some(closing), "{setting:?} {before:?} {behind:?}");
            }
        }
    }
}
