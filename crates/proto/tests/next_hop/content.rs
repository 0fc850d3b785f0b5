//! Dot-stuffing.

use mailchute_proto::next_hop::DotStuffer;
use proptest::prelude::*;

fn stuffed<'c>(pieces: impl IntoIterator<Item = &'c [u8]>) -> Vec<u8> {
    let (mut stuffer, mut output) = (DotStuffer::default(), Vec::new());
    for piece in pieces {
        stuffer.push(piece, &mut output);
    }
    stuffer.finish(&mut output);
    output
}

#[test]
fn stuffs_dots_and_ends_each_line_with_crlf() {
    for (content, sent) in [
        (&b""[..], &b".\r\n"[..]),
        (b"a\r\n", b"a\r\n.\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b".\r\n", b"..\r\n.\r\n"),
        (b"a\r\n.b\r\n..c\r\n", b"a\r\n..b\r\n...c\r\n.\r\n"),
        (b"a.b\r\n", b"a.b\r\n.\r\n"),
        (b"a\n.\nb\r.\rc\r", b"a\r\n..\r\nb\r\n..\r\nc\r\n.\r\n"),
        (b"\r\r\n\n", b"\r\n\r\n\r\n.\r\n"),
    ] {
        assert_eq!(stuffed([content]).escape_ascii().to_string(), sent.escape_ascii().to_string());
    }
}

proptest! {
    #[test]
    fn pieces_of_any_length_are_sent_alike(content in "[.a\r\n]{0,40}", cuts in prop::collection::vec(0..5_usize, 0..20)) {
        let (mut pieces, mut rest) = (Vec::new(), content.as_bytes());
        for cut in cuts {
            let (piece, after) = rest.split_at(cut.min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        pieces.push(rest);
        let sent = stuffed(pieces);
        prop_assert_eq!(&sent, &stuffed([content.as_bytes()]));
        // A server that takes any line end finds the end nowhere else.
        let text = String::from_utf8(sent).unwrap();
        let lines: Vec<_> = text.split("\r\n").collect();
        let end = lines.iter().position(|line| *line == ".");
        prop_assert_eq!(end, Some(lines.len() - 2));
        prop_assert!(lines.iter().all(|line| !line.contains(['\r', '\n'])));
    }
}
