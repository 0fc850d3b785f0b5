//! Floods: whatever a client sends without end, a reply comes where one is due and memory stays flat.
//!
//! That no more than a line's worth of input ever waits is looked at by the runner after each piece.

mod session;

use mailchute_proto::Closing;
use session::{Run, Session, dialogue};

const TRANSACTION: &[u8] = b"MAIL FROM:<ann@client.example>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\n";

/// Says hello, feeds the same octets over and over until the session ends, and gives the last replies.
fn flood<'s>(session: &'s Session, octets: &[u8], times: usize) -> Run<'s> {
    let mut run = Run::new(session);
    run.feed(b"EHLO client.example\r\n");
    run.record.output.clear();
    for _ in 0..times {
        run.feed(octets);
    }
    run
}

fn codes(run: &Run<'_>) -> Vec<u16> {
    dialogue::replies(&run.record.output).iter().map(|reply| reply.code).collect()
}

#[test]
fn endless_small_talk_is_answered_word_for_word() {
    let session = Session::new();
    for (line, code) in [("NOOP\r\n", 250), ("RSET\r\n", 250), ("HELP\r\n", 214), ("VRFY x\r\n", 252)] {
        assert_eq!(codes(&flood(&session, line.as_bytes(), 2_000)), [code; 2_000]);
    }
}

#[test]
fn endless_recipients_are_taken_up_to_the_limit_and_the_rest_is_for_later() {
    let session = Session::new();
    let mut run = flood(&session, b"MAIL FROM:<>\r\n", 1);
    for _ in 0..3_000 {
        run.feed(b"RCPT TO:<bob@example.com>\r\n");
    }
    let codes = codes(&run);
    assert_eq!(codes[1..=1_000], [250; 1_000]);
    assert_eq!(codes[1_001..], [452; 2_000]);
    assert_eq!((run.record.closing, run.record.held_back.len()), (None, 0));
}

#[test]
fn endless_unknown_commands_end_the_session() {
    let session = Session::new();
    let run = flood(&session, b"nonsense\r\n", 1_000);
    let codes = codes(&run);
    assert_eq!((&codes[..19], &codes[19..]), (&[500; 19][..], &[421][..]));
    assert_eq!((run.record.closing, run.record.held_back.len()), (Some(Closing::Limit), 10));
}

#[test]
fn endless_transactions_end_the_session() {
    let session = Session::new();
    let run = flood(&session, b"MAIL FROM:<>\r\nRSET\r\n", 2_000);
    let codes = codes(&run);
    assert_eq!((codes.len(), codes[2_000]), (2_001, 421));
    assert_eq!(run.record.closing, Some(Closing::Limit));
}

#[test]
fn a_line_without_end_is_answered_once_whatever_its_pieces() {
    let session = Session::new();
    for piece in [1, 7, 1_000, 2_048, 65_535, 65_536, 200_000] {
        let run = flood(&session, &vec![b'x'; piece], 200_000 / piece);
        assert_eq!(codes(&run), [421], "pieces of {piece}");
        assert_eq!(run.record.closing, Some(Closing::Limit));
    }
}

#[test]
fn overlong_lines_are_refused_one_by_one() {
    let session = Session::new();
    let line = [vec![b'x'; 60_000], b"\r\n".to_vec()].concat();
    assert_eq!(codes(&flood(&session, &line, 19)), [500; 19]);
}

#[test]
fn a_header_of_100_000_fields_is_refused_after_its_end_and_the_session_goes_on() {
    let session = Session::new();
    let mut run = flood(&session, TRANSACTION, 1);
    for _ in 0..100_000 {
        run.feed(b"X: y\r\n");
    }
    run.feed(b"\r\n.\r\nNOOP\r\n");
    assert_eq!(codes(&run), [250, 250, 354, 552, 250]);
}

#[test]
fn a_header_without_end_is_refused_after_its_end() {
    let session = Session::new();
    let mut run = flood(&session, TRANSACTION, 1);
    run.feed(b"Subject: ");
    for _ in 0..300 {
        run.feed(&[b'x'; 8_192]);
    }
    run.feed(b"\r\n\r\n.\r\n");
    assert_eq!(codes(&run), [250, 250, 354, 552]);
    assert_eq!(run.record.messages, []);
}

#[test]
fn a_body_without_end_is_refused_after_its_end() {
    let session = Session::new();
    let mut run = flood(&session, TRANSACTION, 1);
    run.feed(b"Subject: long\r\n\r\n");
    let piece = b"0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklm\r\n".repeat(1_024);
    for _ in 0..450 {
        run.feed(&piece);
    }
    run.feed(b".\r\nNOOP\r\n");
    assert_eq!(codes(&run), [250, 250, 354, 552, 250]);
}
