//! Uses of BDAT by a client.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// A message in chunks, cut anywhere, with or without its end; now and then another command stands between two.
pub(super) fn transaction() -> impl Strategy<Value = Vec<u8>> {
    const SENDERS: &[&str] = &[
        "<ann@client.example>",
        "<ann@client.example> BODY=8BITMIME",
        "<ann@client.example> BODY=BINARYMIME",
        "<ann@client.example> SIZE=30 body=binarymime RET=HDRS",
        "<nostore@client.example>",
        "<nodata@client.example>",
        "<nochunk@client.example>",
    ];
    const RECIPIENTS: &[&str] =
        &["<bob@example.com>", "<carl@example.com> NOTIFY=NEVER", "<nobody@example.com>"];
    let chunks = vec((any::<Index>(), spelling(), interlude()), 0..5);
    let parts = (select(SENDERS), vec(select(RECIPIENTS), 1..3), content(), chunks, spelling(), end());
    parts.prop_map(|(sender, recipients, content, chunks, last_spelling, end)| {
        let mut bytes = format!("MAIL FROM:{sender}\r\n").into_bytes();
        for recipient in recipients {
            bytes.extend_from_slice(format!("RCPT TO:{recipient}\r\n").as_bytes());
        }
        let mut rest = &content[..];
        for (cut, spelling, interlude) in chunks {
            let (chunk, behind) = rest.split_at(cut.index(rest.len() + 1));
            bytes.extend_from_slice(&[&line(spelling, chunk.len(), false), chunk, interlude].concat());
            rest = behind;
        }
        bytes.extend_from_slice(&[&line(last_spelling, rest.len(), end == End::Last), rest].concat());
        if end == End::LastIsEmpty {
            bytes.extend_from_slice(&line(last_spelling, 0, true));
        }
        bytes
    })
}

/// A chunk that may come at any time, perhaps larger than any limit.
pub(super) fn stray() -> impl Strategy<Value = Vec<u8>> {
    const ENDLESS: &[&[u8]] = &[b"BDAT 18446744073709551615\r\n", b"BDAT 99999999 LAST\r\n"];
    let chunk = (spelling(), content(), any::<bool>())
        .prop_map(|(spelling, content, is_last)| [line(spelling, content.len(), is_last), content].concat());
    let large =
        (150_usize..170).prop_map(|size| [line(Spelling::Plain, size, false), vec![b'x'; size]].concat());
    let endless = select(ENDLESS);
    prop_oneof![12 => chunk, 3 => large, 1 => endless.prop_map(<[u8]>::to_vec)]
}

/// Returns a BDAT whose size cannot be read, and the bytes after it.
pub(super) fn unreadable() -> impl Strategy<Value = Vec<u8>> {
    const LINES: &[&str] = &[
        "BDAT",
        "BDAT LAST",
        "BDAT -5",
        "BDAT +5",
        "BDAT 0x5",
        "BDAT 5.0",
        "BDAT 5LAST",
        "BDAT 5 LAS",
        "BDAT 5 LAST now",
        "BDAT 5 5",
        "BDAT 5\t",
        "BDAT 5\0LAST",
        "BDAT 5 \rLAST",
        "BDAT 18446744073709551616",
        "BDAT 99999999999999999999 LAST",
    ];
    (select(LINES), select(&["\r\n", "\r\n", "\n"][..]))
        .prop_map(|(line, end)| format!("{line}{end}NOOP\r\n").into_bytes())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Last,
    LastIsEmpty,
    Missing,
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![8 => Just(End::Last), 3 => Just(End::LastIsEmpty), 1 => Just(End::Missing)]
}

/// How a BDAT is written.
#[derive(Debug, Clone, Copy)]
enum Spelling {
    Plain,
    Spaced,
    Padded,
}

fn spelling() -> impl Strategy<Value = Spelling> {
    prop_oneof![8 => Just(Spelling::Plain), 1 => Just(Spelling::Spaced), 1 => Just(Spelling::Padded)]
}

fn line(spelling: Spelling, size: usize, is_last: bool) -> Vec<u8> {
    let line = match (spelling, is_last) {
        (Spelling::Plain, false) => format!("BDAT {size}\r\n"),
        (Spelling::Plain, true) => format!("BDAT {size} LAST\r\n"),
        (Spelling::Spaced, false) => format!("bdat   {size}  \r\n"),
        (Spelling::Spaced, true) => format!("Bdat {size}  last \r\n"),
        (Spelling::Padded, false) => format!("BDAT {size:021}\r\n"),
        (Spelling::Padded, true) => format!("BDAT {size:021} Last\r\n"),
    };
    line.into_bytes()
}

/// Returns bytes that are all content: fields, text, seeming commands and ends, perhaps a bare CR or LF.
fn content() -> impl Strategy<Value = Vec<u8>> {
    const FIELDS: &[&[u8]] = &[b"Received: x\r\n", b"Subject: y\r\n", b" folded\r\n"];
    const TEXT: &[&[u8]] = &[
        b"\r\n",
        b"\r\n.\r\n",
        b"\r\n.\r\nQUIT\r\n",
        b"RSET\r\n",
        b"BDAT 3 LAST\r\n",
        b"text",
        b".",
        b"\0\xff\x16",
    ];
    const BARE: &[&[u8]] = &[b"\r", b"\n", b"\n.\n", b"\r.\r", b"\r\r\n", b"\n\r"];
    let clean = (vec(select(FIELDS), 0..4), vec(select(TEXT), 0..8));
    let clean = clean.prop_map(|(fields, text)| [fields.concat(), text.concat()].concat());
    let bare = (clean.clone(), select(BARE), clean.clone()).prop_map(|(a, b, c)| [a, b.to_vec(), c].concat());
    prop_oneof![3 => clean, 1 => bare]
}

/// Mostly nothing; else a command that stands between two chunks.
fn interlude() -> impl Strategy<Value = &'static [u8]> {
    const COMMANDS: &[&[u8]] = &[
        b"NOOP\r\n",
        b"HELP\r\n",
        b"RSET\r\n",
        b"EHLO client.example\r\n",
        b"HELO client.example\r\n",
        b"EHLO refused.example\r\n",
        b"MAIL FROM:<dora@client.example>\r\n",
        b"RCPT TO:<dora@example.com>\r\n",
        b"DATA\r\n",
        b"AUTH PLAIN\r\n",
        b"STARTTLS\r\n",
    ];
    prop_oneof![12 => Just(&b""[..]), 1 => select(COMMANDS)]
}
