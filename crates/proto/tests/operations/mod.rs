//! What a client may do, at random: good commands and bad ones, whole transactions, garbage.

mod chunks;

use std::fmt;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// One thing that a client does.
#[derive(Clone)]
pub(crate) enum Operation {
    Send(Vec<u8>),
    /// The TLS handshake, if one is due.
    ShakeHands,
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(octets) => write!(f, "Send {}", octets.escape_ascii()),
            Self::ShakeHands => f.write_str("ShakeHands"),
        }
    }
}

const COMMANDS: &[&str] = &[
    "EHLO client.example",
    "HELO client.example",
    "ehlo [192.0.2.1]",
    "EHLO refused.example",
    "EHLO",
    "EHLO two words",
    "MAIL FROM:<ann@client.example>",
    "MAIL FROM:<> SIZE=20 BODY=8BITMIME",
    "MAIL FROM:<nostore@client.example>",
    "MAIL FROM:<nodata@client.example>",
    "MAIL FROM:<refused@client.example>",
    "MAIL FROM:<ann@client.example> SIZE=99999999",
    "MAIL FROM:<ann@client.example> SIZE=1x",
    "MAIL FROM:<ann@client.example> RET=FULL",
    "MAIL FROM:<ann@client.example> RET=HDRS ENVID=QQ+2B314159 BODY=7BIT",
    "MAIL FROM:<ann@client.example> ENVID=two+0Alines",
    "MAIL FROM:<ann@client.example> RET=HALF",
    "MAIL FROM:<ann@client.example> BODY=BINARYMIME",
    "MAIL FROM:<ann@client.example> REQUIRETLS",
    "MAIL FROM:<ann@client.example> REQUIRETLS=yes",
    "MAIL FROM:<ann@client.example> COLOUR=blue",
    "MAIL FROM:<änne@client.example>",
    "MAIL FROM:<änne@client.example> SMTPUTF8",
    "MAIL FROM:ann@client.example",
    "MAIL TO:<ann@client.example>",
    "RCPT TO:<bob@example.com>",
    "RCPT TO:<@a.example,@b.example:bob@example.com>",
    "RCPT TO:<nobody@example.com>",
    "RCPT TO:<moved@example.com>",
    "RCPT TO:<many@example.com>",
    "RCPT TO:<Postmaster>",
    "RCPT TO:<>",
    "RCPT TO:<bøb@example.com>",
    "RCPT TO:<bob@example.com> NOTIFY=NEVER",
    "RCPT TO:<bob@example.com> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2Bob@example.com",
    "RCPT TO:<bob@example.com> NOTIFY=NEVER,DELAY",
    "RCPT TO:<bob@example.com> ORCPT=rfc822;bob+0D+0A@example.com",
    "RCPT TO:<bob@example.com> ORCPT=bob@example.com",
    "RCPT TO:<bob@example.com> ORCPT=utf-8;bøb@example.com",
    "RCPT TO:<bob@example.com> ORCPT=utf-8;b\\x{F8}b@example.com",
    "DATA",
    "DATA now",
    "RSET",
    "RSET x",
    "NOOP",
    "NOOP \x07",
    "VRFY bob",
    "VRFY",
    "EXPN staff",
    "HELP",
    "XOWN argument",
    "STARTTLS",
    "STARTTLS x",
    "QUIT now",
    "",
    " ",
    "get",
    "AUTH",
    "AUTH GSSAPI",
    "AUTH PLAIN =",
    "AUTH PLAIN !!!",
    "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm",
    "AUTH PLAIN AHRpbQB3cm9uZw==",
    "XCLIENT ADDR=192.0.2.1 PORT=4242",
    "XCLIENT NAME=[UNAVAILABLE] LOGIN=tim PROTO=ESMTP HELO=client.example",
    "XCLIENT LOGIN=tim+0A",
    "XFORWARD ADDR=IPV6:2001:db8::1 SOURCE=LOCAL",
    "XFORWARD COLOUR=blue",
];

/// The lines of AUTH exchanges, good and bad.
const EXCHANGES: &[&str] = &[
    "AUTH PLAIN\r\nAHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n",
    "AUTH PLAIN\r\n*\r\n",
    "AUTH PLAIN\r\nQUIT\r\n",
    "AUTH LOGIN\r\ndGlt\r\ndGFuc3RhYWZ0YW5zdGFhZg==\r\n",
    "AUTH LOGIN\r\ndGlt\r\nd3Jvbmc=\r\n",
    "AUTH LOGIN\r\ndGlt\r\n*\r\n",
    "AUTH LOGIN dGlt\r\n\r\n",
    "AUTH LOGIN\r\n",
    "AUTH CRAM-MD5\r\ndGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\r\n",
    "AUTH CRAM-MD5\r\n*\r\n",
    "AUTH OAUTHBEARER bixhPXVzZXIsAWF1dGg9QmVhcmVyIHQBAQ==\r\nAQ==\r\n",
    "AUTH XOAUTH2\r\ndXNlcj10AWF1dGg9QmVhcmVyIHQBAQ==\r\n\r\n",
    // The example of RFC 7677, the same with another proof, given up, and broken off.
    "AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8=\r\n\
     Yz1iaXdzLHI9ck9wck5HZndFYmVSV2diTkVrcU8laHZZRHBXVWEyUmFUQ0FmdXhGSWxqKWhObEYkazAscD1kSHpiWmFwV0lrNGpVaE4rVXRlOXl0YWc5empmTUhnc3FtbWl6N0FuZFZRPQ==\r\n\r\n",
    "AUTH SCRAM-SHA-256\r\nbiwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8=\r\n\
     Yz1iaXdzLHI9ck9wck5HZndFYmVSV2diTkVrcU8laHZZRHBXVWEyUmFUQ0FmdXhGSWxqKWhObEYkazAscD1BSHpiWmFwV0lrNGpVaE4rVXRlOXl0YWc5empmTUhnc3FtbWl6N0FuZFZRPQ==\r\n",
    "AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8=\r\n*\r\n",
    "AUTH SCRAM-SHA-256-PLUS biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8=\r\n",
    "AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8=\r\n",
];

/// What ends a session, one way or another.
const LAST_WORDS: &[&[u8]] = &[
    b"QUIT\r\n",
    b"NOOP\n",
    b"NO\rOP\r\n",
    b"\n",
    b"NOOP\r\r\n",
    b"GET / HTTP/1.1\r\n",
    b"\x16\x03\x01\x02\0\x01\r\n",
    b"RCPT TO:<trap@example.com>\r\n",
    b"VRFY trap\r\n",
];

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
    let octets =
        any::<u8>().prop_filter("a line end is rare enough", |octet| !matches!(octet, b'\r' | b'\n'));
    vec(octets, 0..40).prop_map(|mut line| {
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
        60 => send.prop_map(|octets| vec![Operation::Send(octets)]),
        2 => Just(vec![Operation::Send(b"STARTTLS\r\n".to_vec()), Operation::ShakeHands, hello()]),
        1 => Just(vec![Operation::ShakeHands]),
    ];
    (0..5, vec(operation, 1..14)).prop_map(move |(is_silent, operations)| {
        let start = if is_silent == 0 { vec![] } else { vec![hello()] };
        [start, operations.concat()].concat()
    })
}
