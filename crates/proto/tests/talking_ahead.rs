//! Input after AUTH, or after an answer within it, in the same segment: it is never run, and never taken for an answer.

use crate::session::{Record, Run, Session, shown};
use mailchute_proto::{Closing, Mechanism, PlaintextAuth};

/// Sends EHLO, then each piece as one segment.
fn said(pieces: &[&[u8]]) -> Record {
    let mut session = Session::new();
    session.settings.mechanisms = Mechanism::ALL.to_vec();
    session.settings.plaintext_auth = PlaintextAuth::Anywhere;
    session.settings.limits.auth_line = 100;
    session.users.push(("tim".to_owned(), "tanstaaftanstaaf".to_owned()));
    let mut run = Run::new(&session);
    run.feed(b"EHLO client.example\r\n");
    for piece in pieces {
        run.feed_at_once(piece);
    }
    run.record
}

#[track_caller]
fn is_hung_up_on(pieces: &[&[u8]]) {
    let record = said(pieces);
    let output = shown(&record.output);
    assert!(output.ends_with("503 5.5.0 You talked on before the reply to AUTH\\r\\n\n"), "{output}");
    assert!(!output.contains("235 "), "{output}");
    assert_eq!(record.closing, Some(Closing::Violation));
    assert!(!record.questions.iter().any(|question| question.contains("Credentials")), "{output}");
}

#[test]
fn closes_silently_on_another_protocol_before_the_greeting() {
    for early in [&b"PROXY TCP4 192.0.2.1 "[..], b"\r\n\r\n\0\r\nQUIT\n\x21", b"\x16\x03\x01\x02\0"] {
        for silence in [false, true] {
            let mut session = Session::new();
            session.early = early.to_vec();
            session.settings.silence_before_greeting = silence;
            let record = Run::new(&session).record;
            assert_eq!((shown(&record.output).as_str(), record.closing), ("", Some(Closing::Violation)));
            assert!(record.questions.is_empty(), "nobody is asked about such a client");
        }
    }
}

const GOOD: &[u8] = b"AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n";

#[test]
fn a_command_in_the_segment_of_auth_ends_the_session() {
    is_hung_up_on(&[&[GOOD, b"MAIL FROM:<ann@client.example>\r\n"].concat()]);
    is_hung_up_on(&[&[GOOD, b"M"].concat()]);
    is_hung_up_on(&[&[&b"auth plain ="[..], b"\r\nQUIT\r\n"].concat()]);
}

#[test]
fn a_command_after_a_refused_auth_ends_the_session() {
    is_hung_up_on(&[b"AUTH\r\nNOOP\r\n"]);
    is_hung_up_on(&[b"AUTH GSSAPI\r\nNOOP\r\n"]);
    is_hung_up_on(&[&[&b"AUTH PLAIN "[..], &[b'A'; 120], b"\r\nNOOP\r\n"].concat()]);
    is_hung_up_on(&[b"MAIL FROM:<>\r\n", b"AUTH PLAIN\r\nNOOP\r\n"]);
}

#[test]
fn an_answer_before_its_challenge_ends_the_session() {
    is_hung_up_on(&[b"AUTH LOGIN\r\ndGlt\r\n"]);
    is_hung_up_on(&[b"AUTH PLAIN\r\nAHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n"]);
    is_hung_up_on(&[b"AUTH LOGIN\r\n", b"dGlt\r\ndGFuc3RhYWZ0YW5zdGFhZg==\r\n"]);
}

#[test]
fn a_command_in_the_segment_of_an_answer_ends_the_session() {
    is_hung_up_on(&[b"AUTH PLAIN\r\n", b"AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\nRSET\r\n"]);
    is_hung_up_on(&[b"AUTH LOGIN\r\n", b"dGlt\r\n", b"dGFuc3RhYWZ0YW5zdGFhZg==\r\nRSET\r\n"]);
    is_hung_up_on(&[b"AUTH PLAIN\r\n", b"*\r\nRSET\r\n"]);
    is_hung_up_on(&[b"AUTH PLAIN\r\n", &[&[b'A'; 120][..], b"\r\nRSET\r\n"].concat()]);
}

#[test]
fn a_client_that_waits_for_each_reply_authenticates() {
    for pieces in
        [&[GOOD, b"NOOP\r\n"][..], &[b"AUTH LOGIN\r\n", b"dGlt\r\n", b"dGFuc3RhYWZ0YW5zdGFhZg==\r\n"]]
    {
        let record = said(pieces);
        assert!(shown(&record.output).contains("235 2.7.0 "), "{}", shown(&record.output));
        assert_eq!(record.closing, None);
    }
}
