//! Random operations of a client: valid and invalid commands, whole transactions, garbage.

mod chunks;
pub(crate) mod vocabulary;

use std::fmt;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use vocabulary::{COMMANDS, EXCHANGES, LAST_WORDS};

/// One operation of a client.
#[derive(Clone)]
pub(crate) enum Operation {
    Send(Vec<u8>),
    /// The TLS handshake, if one is due.
    ShakeHands,
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(bytes) => write!(f, "Send {}", bytes.escape_ascii()),
            Self::ShakeHands => f.write_str("ShakeHands"),
        }
    }
}

fn command() -> impl Strategy<Value = Vec<u8>> {
    select(COMMANDS).prop_map(|line| format!("{line}\r\n").into_bytes())
}

/// A message, its header perhaps full of fields and its body of dots, CRs and LFs; it may lack its end.
fn message() -> impl Strategy<Value = Vec<u8>> {
    const SAFE: &[&[u8]] =
        &[b"\r\n", b".", b"..", b"\r\n.", b"\r\n..", b"text", b"\0", b"\xff", b". \r\n", b":"];
    const FIELDS: &[&[u8]] = &[b"Received: x\r\n", b"Subject: y\r\n", b" folded\r\n", b"received:\r\n"];
    const BARE: &[&[u8]] = &[b"\r", b"\n", b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r\r\n"];
    let clean = (vec(select(FIELDS), 0..6), vec(select(SAFE), 0..12));
    let clean = clean.prop_map(|(fields, text)| [fields.concat(), text.concat()].concat());
    let bare = (clean.clone(), select(BARE), clean.clone()).prop_map(|(a, b, c)| [a, b.to_vec(), c].concat());
    let text = prop_oneof![9 => clean, 1 => bare];
    let end =
        prop_oneof![30 => Just(&b"\r\n.\r\n"[..]), 1 => Just(&b".\r\n"[..]), 1 => Just(&b"\r\n.\r"[..])];
    (text, end).prop_map(|(text, end)| [text, end.to_vec()].concat())
}

fn transaction() -> impl Strategy<Value = Vec<u8>> {
    let senders = select(&["<ann@client.example>", "<>", "<nostore@client.example>"][..]);
    let recipient =
        select(&["bob@example.com", "carl@example.com", "nobody@example.com", "many@example.com"][..]);
    (senders, vec(recipient, 1..4), message()).prop_map(|(sender, recipients, message)| {
        let recipients: String = recipients.iter().map(|to| format!("RCPT TO:<{to}>\r\n")).collect();
        [format!("MAIL FROM:{sender}\r\n{recipients}DATA\r\n").into_bytes(), message].concat()
    })
}

/// A line about as long as the small limits, with something that looks like a beginning inside.
fn long_line() -> impl Strategy<Value = Vec<u8>> {
    let start =
        select(&["NOOP ", "AUTH PLAIN ", "AUTH LOGIN\r\n", "EHLO ", "MAIL FROM:<", "", "AUTH", "BDAT "][..]);
    let inside = select(&["", "AUTH PLAIN ", "AUTH PLAIN AAAA", "\x16", "QUIT", "EHLO x", "BDAT 9"][..]);
    (start, 0_usize..140, inside, 0_usize..140).prop_map(|(start, before, inside, behind)| {
        format!("{start}{}{inside}{}\r\n", "A".repeat(before), "A".repeat(behind)).into_bytes()
    })
}

fn garbage() -> impl Strategy<Value = Vec<u8>> {
    let bytes = any::<u8>().prop_filter("a line end is rare enough", |byte| !matches!(byte, b'\r' | b'\n'));
    vec(bytes, 0..40).prop_map(|mut line| {
        line.extend_from_slice(b"\r\n");
        line
    })
}

fn hello() -> Operation {
    Operation::Send(b"EHLO client.example\r\n".to_vec())
}

pub(crate) fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let send = prop_oneof![
        30 => command(),
        20 => transaction(),
        20 => chunks::transaction(),
        3 => chunks::stray(),
        4 => message(),
        6 => select(EXCHANGES).prop_map(|lines| lines.as_bytes().to_vec()),
        6 => long_line(),
        2 => garbage(),
        1 => select(LAST_WORDS).prop_map(<[u8]>::to_vec),
        1 => chunks::unreadable(),
    ];
    let operation = prop_oneof![
        60 => send.prop_map(|bytes| vec![Operation::Send(bytes)]),
        2 => Just(vec![Operation::Send(b"STARTTLS\r\n".to_vec()), Operation::ShakeHands, hello()]),
        1 => Just(vec![Operation::ShakeHands]),
    ];
    (0..5, vec(operation, 1..14)).prop_map(move |(is_silent, operations)| {
        let start = if is_silent == 0 { vec![] } else { vec![hello()] };
        [start, operations.concat()].concat()
    })
}
