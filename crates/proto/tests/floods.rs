//! Floods: endless input gets a reply where one is due, and memory stays constant.
//!
//! The runner checks after each piece that at most a line's worth of input waits.

use crate::session::{Run, Session, assert_bytes, dialogue};
use mailchute_proto::Closing;

/// A million, except in debug builds, which would take some seconds for them.
const CHUNKS: usize = if cfg!(debug_assertions) { 200_000 } else { 1_000_000 };

const TRANSACTION: &[u8] = b"MAIL FROM:<ann@client.example>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\n";

/// Sends EHLO, feeds the same bytes until the session ends, and returns the run.
fn flood<'s>(session: &'s Session, bytes: &[u8], times: usize) -> Run<'s> {
    let mut run = Run::new(session);
    run.feed_at_once(b"EHLO client.example\r\n");
    run.record.output.clear();
    for _ in 0..times {
        run.feed_at_once(bytes);
    }
    run
}

fn codes(run: &Run<'_>) -> Vec<u16> {
    dialogue::replies(&run.record.output).iter().map(|reply| reply.code).collect()
}

#[test]
fn endless_small_talk_is_answered_word_for_word() {
    let mut session = Session::new();
    session.settings.limits.junk_commands = 0;
    for (line, code) in [("NOOP\r\n", 250), ("RSET\r\n", 250), ("HELP\r\n", 214), ("VRFY x\r\n", 252)] {
        assert_eq!(codes(&flood(&session, line.as_bytes(), 2_000)), [code; 2_000]);
    }
}

#[test]
fn defers_recipients_past_the_limit_in_a_flood_of_rcpt() {
    let session = Session::new();
    let mut run = flood(&session, b"MAIL FROM:<>\r\n", 1);
    for _ in 0..3_000 {
        run.feed_at_once(b"RCPT TO:<bob@example.com>\r\n");
    }
    let codes = codes(&run);
    assert_eq!(codes[1..=1_000], [250; 1_000]);
    assert_eq!(codes[1_001..], [452; 2_000]);
    assert_eq!((run.record.closing, run.record.held_back.len()), (None, 0));
}

#[test]
fn recipients_are_bounded_in_memory_and_ordinary_ones_fit() {
    let session = Session::new();
    let recipients = |number: usize, path: usize, original: usize| {
        let mut run = flood(&session, b"MAIL FROM:<>\r\n", 1);
        for _ in 0..number {
            let (path, original) = ("p".repeat(path), "o".repeat(original));
            let line = format!(
                "RCPT TO:<{path}@example.com> NOTIFY=FAILURE ORCPT=rfc822;{original}@example.com\r\n"
            );
            run.feed_at_once(line.as_bytes());
        }
        codes(&run)[1..].to_vec()
    };
    assert_eq!(recipients(1_000, 38, 38), [250; 1_000]);
    let taken = recipients(1_000, 60, 450).iter().filter(|&&code| code == 250).count();
    assert!((400..500).contains(&taken), "{taken} of the longest are taken");
    // The memory of the previous transaction no longer counts.
    let mut run = flood(&session, b"MAIL FROM:<>\r\n", 1);
    for _ in 0..3 {
        for _ in 0..400 {
            let line = format!("RCPT TO:<b@example.com> ORCPT=rfc822;{}\r\n", "o".repeat(480));
            run.feed_at_once(line.as_bytes());
        }
        run.feed_at_once(b"RSET\r\nMAIL FROM:<>\r\n");
    }
    assert!(codes(&run).iter().all(|&code| code == 250));
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
    let mut session = Session::new();
    session.settings.limits.junk_commands = 0;
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
fn refuses_100_000_header_fields_and_continues_the_session() {
    let session = Session::new();
    let mut run = flood(&session, TRANSACTION, 1);
    for _ in 0..100_000 {
        run.feed_at_once(b"X: y\r\n");
    }
    run.feed_at_once(b"\r\n.\r\nNOOP\r\n");
    assert_eq!(codes(&run), [250, 250, 354, 552, 250]);
}

#[test]
fn a_header_without_end_is_refused_after_its_end() {
    let session = Session::new();
    let mut run = flood(&session, TRANSACTION, 1);
    run.feed_at_once(b"Subject: ");
    for _ in 0..300 {
        run.feed_at_once(&[b'x'; 8_192]);
    }
    run.feed_at_once(b"\r\n\r\n.\r\n");
    assert_eq!(codes(&run), [250, 250, 354, 552]);
    assert_eq!(run.record.messages, []);
}

#[test]
fn a_body_without_end_is_refused_after_its_end() {
    let session = Session::new();
    let mut run = flood(&session, TRANSACTION, 1);
    run.feed_at_once(b"Subject: long\r\n\r\n");
    let piece = b"0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklm\r\n".repeat(1_024);
    for _ in 0..450 {
        run.feed_at_once(&piece);
    }
    run.feed_at_once(b".\r\nNOOP\r\n");
    assert_eq!(codes(&run), [250, 250, 354, 552, 250]);
}

#[test]
fn a_million_chunks_of_one_byte_are_one_message_in_flat_memory() {
    let session = Session::new();
    let mut run = flood(&session, b"MAIL FROM:<ann@client.example>\r\nRCPT TO:<bob@example.com>\r\n", 1);
    for _ in 0..CHUNKS {
        run.record.output.clear();
        run.feed_at_once(b"BDAT 1\r\nx");
        assert_bytes(&run.record.output, b"250 2.0.0 1 octets received\r\n", "output");
        assert!(run.room() <= 4_096, "the input has grown to {} bytes", run.room());
    }
    run.record.output.clear();
    run.feed_at_once(b"BDAT 2 LAST\r\n\r\n");
    assert_eq!(codes(&run), [250]);
    assert_eq!(run.record.messages[0].content.len(), CHUNKS + 2);
    let asked = run.record.questions.iter().filter(|question| question.contains("Chunks")).count();
    assert_eq!(asked, 1, "a message is asked about once");
}

#[test]
fn endless_empty_chunks_are_answered_one_by_one() {
    let session = Session::new();
    let mut run = flood(&session, b"MAIL FROM:<ann@client.example>\r\nRCPT TO:<bob@example.com>\r\n", 1);
    run.record.output.clear();
    for _ in 0..20 {
        run.feed_at_once(&b"BDAT 0\r\n".repeat(100));
    }
    run.feed_at_once(b"BDAT 0 LAST\r\n");
    assert_eq!(codes(&run), [250; 2_001]);
    assert_eq!(run.record.messages.len(), 1);
}

#[test]
fn discards_an_unexpected_chunk_in_constant_memory() {
    let session = Session::new();
    let mut run = flood(&session, b"BDAT 1000000000\r\n", 1);
    let piece = [b'x'; 65_536];
    for _ in 0..1_000_000_000 / piece.len() {
        run.feed_at_once(&piece);
        assert!(run.record.output.is_empty() && run.room() <= 200_000);
    }
    run.feed_at_once(&piece[..1_000_000_000 % piece.len() - 1]);
    assert_eq!(codes(&run), Vec::<u16>::new());
    run.feed_at_once(b"xNOOP\r\n");
    assert_eq!(codes(&run), [503, 250]);
}

#[test]
fn a_message_in_chunks_may_be_as_long_as_any_other() {
    const LIMIT: usize = 26_214_400;
    let session = Session::new();
    for (size, code) in [(LIMIT, 250), (LIMIT + 1, 552)] {
        let mut run = flood(&session, b"MAIL FROM:<>\r\nRCPT TO:<bob@example.com>\r\n", 1);
        run.feed_at_once(
            format!("BDAT 100\r\n\r\n{}BDAT {} LAST\r\n", "x".repeat(98), size - 100).as_bytes(),
        );
        for piece in vec![b'x'; size - 100].chunks(65_536) {
            run.feed_at_once(piece);
        }
        run.feed_at_once(b"NOOP\r\n");
        assert_eq!(codes(&run), [250, 250, 250, code, 250]);
        assert_eq!(run.record.messages.len(), usize::from(code == 250));
    }
}

#[test]
fn no_byte_of_an_oversized_chunk_reaches_the_store() {
    let session = Session::new();
    for size in [26_214_400, u64::MAX - 1, u64::MAX] {
        let mut run = flood(&session, b"MAIL FROM:<>\r\nRCPT TO:<bob@example.com>\r\nBDAT 2\r\n\r\n", 1);
        run.feed_at_once(format!("BDAT {size} LAST\r\n").as_bytes());
        run.feed_at_once(&[b'x'; 8_192]);
        assert_eq!((codes(&run), run.drafted()), (vec![250, 250, 250], 2), "{size} bytes");
    }
}
