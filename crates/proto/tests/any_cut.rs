//! Random sessions, cut at random: the replies and the messages depend on the bytes alone.

use std::collections::BTreeSet;

use crate::operations::{Operation, operations};
use crate::session::tempers::Tempers;
use crate::session::{Message, Session, assert_bytes, dialogue};
use mailchute_proto::{
    AuthPolicy, BareLineEnds, EnvelopeSyntax, Limits, Mechanism, PlaintextAuth, Protocol, Settings, TlsPolicy,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngSeed, TestRunner};

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
        limits.junk_commands = 3 * limits.errors;
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
    let bare = prop_oneof![
        4 => Just(BareLineEnds::Refuse),
        1 => Just(BareLineEnds::Tolerate),
        1 => Just(BareLineEnds::Normalize)
    ];
    let envelope = select(&[EnvelopeSyntax::Strict, EnvelopeSyntax::Strict, EnvelopeSyntax::Lenient][..]);
    (tls, mechanisms, passwords, auth, limits, (bare, envelope)).prop_map(
        |(tls, mechanisms, passwords, auth, limits, (bare, envelope))| {
            let mut settings = Settings::new("mx.example.com");
            (settings.tls, settings.mechanisms, settings.plaintext_auth) = (tls, mechanisms, passwords);
            (settings.auth, settings.limits, settings.bare_line_ends) = (auth, limits, bare);
            settings.envelope = envelope;
            settings
        },
    )
}

/// Returns a listener with hooks of every temper.
fn session() -> impl Strategy<Value = Session> {
    let protocol = select(&[Protocol::Smtp, Protocol::Lmtp][..]);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (settings(), protocol, flags).prop_map(
        |(settings, protocol, (implicit_tls, turned_away, answers_each, trusted))| {
            let turned_away = turned_away && implicit_tls;
            let tempers = Tempers { protocol, implicit_tls, answers_each, trusted, turned_away };
            Session::of_every_temper(settings, tempers)
        },
    )
}

/// Returns the client's input, split where handshakes take place. Most clients use the session's protocol in their
/// hello.
fn segments(operations: &[Operation], protocol: Protocol) -> Vec<Vec<u8>> {
    let mut segments = vec![Vec::new()];
    for operation in operations {
        match (operation, segments.last_mut()) {
            (Operation::Send(bytes), Some(segment)) => match bytes.strip_prefix(b"EHLO") {
                Some(rest) if protocol == Protocol::Lmtp => {
                    segment.extend_from_slice(&[b"LHLO", rest].concat());
                }
                _ => segment.extend_from_slice(bytes),
            },
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
    fn a_session_replies_and_keeps_the_same_at_any_cut(
        session in session(),
        operations in operations(),
        cuts in vec(any::<Index>(), 0..8),
    ) {
        let segments = segments(&operations, session.protocol);
        let length: usize = segments.iter().map(Vec::len).sum();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(length + 1)).collect();
        cuts.sort_unstable();
        let whole = session.cut(&segments, &[]);
        dialogue::check_with(session.settings.bare_line_ends, &segments, &whole);
        for record in [session.cut(&segments, &cuts), session.byte_by_byte(&segments)] {
            assert_bytes(&record.output, &whole.output, "output");
            prop_assert_eq!(&record, &whole);
        }
    }
}

#[test]
fn the_random_sessions_reach_nearly_every_reply() {
    const CODES: [u16; 26] = [
        214, 220, 221, 235, 250, 251, 252, 334, 354, 421, 450, 451, 452, 500, 501, 502, 503, 504, 530, 535,
        538, 550, 552, 553, 554, 555,
    ];
    let mut runner = TestRunner::new(config(1));
    let (mut codes, mut accepted, mut chunks, mut binary, mut for_several) = (BTreeSet::new(), 0, 0, 0, 0);
    for _ in 0..1_500 {
        let session = session().new_tree(&mut runner).expect("a session").current();
        let operations = operations().new_tree(&mut runner).expect("operations").current();
        let record = session.cut(&segments(&operations, session.protocol), &[]);
        let replies = dialogue::replies(&record.output);
        let several = |message: &&Message| message.recipients.len() > 1;
        if session.protocol == Protocol::Lmtp {
            for_several += record.messages.iter().filter(several).count();
        }
        codes.extend(replies.iter().map(|reply| reply.code));
        chunks += replies.iter().filter(|reply| reply.text.ends_with(" octets received")).count();
        binary += record
            .messages
            .iter()
            .filter(|message| crate::session::line_ends::has_bare(&message.content))
            .count();
        accepted += record.messages.len();
    }
    let missing: Vec<_> = CODES.into_iter().filter(|code| !codes.contains(code)).collect();
    assert_eq!(missing, Vec::<u16>::new());
    assert!(accepted > 400, "only {accepted} messages came through");
    assert!(for_several > 50, "only {for_several} messages came by LMTP for several recipients");
    assert!(chunks > 400 && binary > 15, "only {chunks} chunks and {binary} binary messages came through");
}
