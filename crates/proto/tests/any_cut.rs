//! Random sessions, cut at random: what is said and what is kept depends on the octets alone.

mod session;

use std::collections::BTreeSet;
use std::fmt;

use mailchute_proto::{AuthPolicy, Limits, Mechanism, PlaintextAuth, Settings, TlsPolicy, Verdict};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngSeed, TestRunner};
use session::{Answer, Session, assert_octets, dialogue, reply};

/// One thing that a client does.
#[derive(Clone)]
enum Operation {
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
    "BDAT 5",
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
    let start = select(&["NOOP ", "AUTH PLAIN ", "AUTH LOGIN\r\n", "EHLO ", "MAIL FROM:<", "", "AUTH"][..]);
    let inside = select(&["", "AUTH PLAIN ", "AUTH PLAIN AAAA", "\x16", "QUIT", "EHLO x"][..]);
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

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let send = prop_oneof![
        30 => command(),
        20 => transaction(),
        4 => message(),
        6 => select(EXCHANGES).prop_map(|lines| lines.as_bytes().to_vec()),
        6 => long_line(),
        2 => garbage(),
        1 => select(LAST_WORDS).prop_map(<[u8]>::to_vec),
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

fn limits() -> impl Strategy<Value = Limits> {
    let lines = (prop_oneof![3 => Just(2_048_usize), 1 => 8_usize..120], 8_usize..160);
    let counts = (1_usize..5, 0_u32..6, 0_u32..8, prop_oneof![2 => Just(0_u32), 1 => 1_u32..20], 0_u32..4);
    let messages = (prop_oneof![1 => Just(0_u64), 1 => 1_u64..150], 0_u32..4, 0_u64..100, 0_u32..6);
    (lines, counts, messages).prop_map(|(lines, counts, messages)| {
        let mut limits = Limits::default();
        (limits.command_line, limits.auth_line) = lines;
        (
            limits.recipients,
            limits.transactions,
            limits.errors_before_delay,
            limits.errors,
            limits.auth_failures,
        ) = counts;
        (limits.message_size, limits.received_headers, limits.header_size, limits.header_fields) = messages;
        limits
    })
}

fn settings() -> impl Strategy<Value = Settings> {
    let tls =
        prop_oneof![2 => Just(TlsPolicy::Off), 3 => Just(TlsPolicy::Offered), 1 => Just(TlsPolicy::Required)];
    let mechanisms = prop_oneof![1 => Just(Vec::new()), 4 => Just(Mechanism::ALL.to_vec())];
    let passwords = select(&[PlaintextAuth::InsideTls, PlaintextAuth::Anywhere, PlaintextAuth::Anywhere][..]);
    let auth = prop_oneof![4 => Just(AuthPolicy::Optional), 1 => Just(AuthPolicy::Required)];
    let limits = prop_oneof![1 => Just(Limits::default()), 1 => limits()];
    (tls, mechanisms, passwords, auth, limits).prop_map(|(tls, mechanisms, passwords, auth, limits)| {
        let mut settings = Settings::new("mx.example.com");
        (settings.tls, settings.mechanisms, settings.plaintext_auth) = (tls, mechanisms, passwords);
        (settings.auth, settings.limits) = (auth, limits);
        settings
    })
}

/// A listener with hooks of every temper.
fn session() -> impl Strategy<Value = Session> {
    (settings(), any::<bool>(), any::<bool>()).prop_map(|(settings, implicit, turned_away)| {
        let mut session = Session::new();
        session.is_inside_tls = implicit && settings.tls == TlsPolicy::Offered;
        session.settings = settings;
        session.users.push(("tim".to_owned(), "tanstaaftanstaaf".to_owned()));
        let mut says = |stage, subject: &str, verdict| {
            session.answers.push(Answer { stage, subject: subject.to_owned(), verdict });
        };
        says("ehlo", "refused.example", Some(Verdict::Refuse));
        says("mail", "refused@client.example", Some(Verdict::Refuse));
        says("rcpt", "nobody@example.com", Some(reply("550 5.1.1 No such user\r\n250 2.0.0 OK").into()));
        says("rcpt", "moved@example.com", Some(reply("251 2.1.5 Will forward").into()));
        says("rcpt", "many@example.com", Some(reply(&format!("450 4.2.0 {}", "é\0".repeat(600))).into()));
        says("rcpt", "trap@example.com", Some(reply("550 5.7.1 Bye").and_close().into()));
        says("data", "nodata@client.example", None);
        says("message", "nostore@client.example", None);
        says("command", "XOWN", Some(reply("250 2.0.0 Mine").into()));
        if turned_away && implicit {
            says("connect", "", Some(Verdict::Refuse));
        }
        session
    })
}

/// What is sent, parted where handshakes take place.
fn segments(operations: &[Operation]) -> Vec<Vec<u8>> {
    let mut segments = vec![Vec::new()];
    for operation in operations {
        match (operation, segments.last_mut()) {
            (Operation::Send(octets), Some(segment)) => segment.extend_from_slice(octets),
            _ => segments.push(Vec::new()),
        }
    }
    segments
}

fn config(cases: u32) -> ProptestConfig {
    let rng_seed = RngSeed::Fixed(5321);
    ProptestConfig { failure_persistence: None, rng_seed, ..ProptestConfig::with_cases(cases) }
}

proptest! {
    #![proptest_config(config(1_500))]

    #[test]
    fn a_session_says_and_keeps_the_same_wherever_its_octets_are_cut(
        session in session(),
        operations in operations(),
        cuts in vec(any::<Index>(), 0..8),
    ) {
        let segments = segments(&operations);
        let length: usize = segments.iter().map(Vec::len).sum();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(length + 1)).collect();
        cuts.sort_unstable();
        let whole = session.cut(&segments, &[]);
        dialogue::check(&segments, &whole);
        for record in [session.cut(&segments, &cuts), session.octet_by_octet(&segments)] {
            assert_octets(&record.output, &whole.output, "output");
            prop_assert_eq!(&record, &whole);
        }
    }
}

#[test]
fn the_random_sessions_reach_nearly_every_reply() {
    const CODES: [u16; 25] = [
        214, 220, 221, 235, 250, 251, 252, 334, 354, 421, 450, 451, 452, 500, 501, 502, 503, 504, 530, 535,
        538, 550, 552, 553, 554,
    ];
    let mut runner = TestRunner::new(config(1));
    let (mut codes, mut accepted) = (BTreeSet::new(), 0);
    for _ in 0..1_500 {
        let session = session().new_tree(&mut runner).expect("a session").current();
        let operations = operations().new_tree(&mut runner).expect("operations").current();
        let record = session.cut(&segments(&operations), &[]);
        codes.extend(dialogue::replies(&record.output).iter().map(|reply| reply.code));
        accepted += record.messages.len();
    }
    let missing: Vec<_> = CODES.into_iter().filter(|code| !codes.contains(code)).collect();
    assert_eq!(missing, Vec::<u16>::new());
    assert!(accepted > 300, "only {accepted} messages came through");
}
