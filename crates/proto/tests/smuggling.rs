//! SMTP smuggling: a second envelope begins only after `CR LF . CR LF`, whatever precedes it.

use crate::session::{Record, Session, assert_bytes, dialogue, shown};
use mailchute_proto::Closing;

/// Sequences that a lax server might take for the end of the data, each with a bare CR or LF.
const SEQUENCES: [&[u8]; 24] = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r\n",
    b"\r.\r",
    b"\r\n.\r",
    b"\r\n.\r\r\n",
    b"\n.\r",
    b"\r.\n",
    b"\n\n.\r\n",
    b"\n\r.\r\n",
    b"\r\n\r.\r\n",
    b"\r\n\n.\r\n",
    b"\r\r\n.\n",
    b"\n\n.\n\n",
    b"\r\r.\r\r",
    b"\r\n.\n\r\n",
    b"\r\n..\n",
    b"\r\n.\n.\r\n",
    b"\r\n.\x00\n",
    b"\x00\n.\r\n",
    b"\r\x00\n.\r\n",
    b"\r\n.\r\x00\n",
    b"\r\x85.\r\n",
];

const BEFORE: &[u8] =
    b"EHLO client.example\r\nMAIL FROM:<ann@client.example>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\n";
const SECOND: &[u8] = b"MAIL FROM:<president@example.com>\r\nRCPT TO:<carl@example.com>\r\nDATA\r\n\
    Subject: Believe me\r\n\r\nI am the president.\r\n.\r\nQUIT\r\n";

/// The replies up to the 354.
const GREETED: &str = "220 mx.example.com ESMTP Mailchute\r\n\
    250-mx.example.com\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n\
    250-CHUNKING\r\n250-BINARYMIME\r\n250-DSN\r\n250-SIZE 26214400\r\n\
    250-LIMITS RCPTMAX=1000 MAILMAX=1000\r\n250 HELP\r\n\
    250 2.1.0 Sender OK\r\n250 2.1.5 Recipient OK\r\n354 End data with <CR><LF>.<CR><LF>\r\n";
const BARE: &str = "550 5.5.2 Bare CR or LF in the message data: lines must end with CR LF\r\n";

/// Runs the bytes whole, byte by byte, and cut in two everywhere.
fn at_every_cut(bytes: Vec<u8>, check: impl Fn(&Record)) {
    let (session, segments) = (Session::new(), [bytes]);
    let whole = session.cut(&segments, &[]);
    dialogue::check(&segments, &whole);
    check(&whole);
    check(&session.byte_by_byte(&segments));
    for cut in 1..segments[0].len() {
        check(&session.cut(&segments, &[cut]));
    }
}

fn refused_and_closed(record: &Record) {
    assert_bytes(&record.output, format!("{GREETED}{BARE}").as_bytes(), "output");
    assert_eq!(record.closing, Some(Closing::Violation));
    assert_eq!(record.messages, []);
    let envelopes = record.questions.iter().filter(|question| question.contains("president")).count();
    assert_eq!(envelopes, 0, "the second envelope was asked about");
}

#[test]
fn no_sequence_with_a_bare_cr_or_lf_lets_a_second_envelope_in() {
    for sequence in SEQUENCES {
        for text in [&b""[..], b"Subject: hi\r\n\r\ntext"] {
            at_every_cut([BEFORE, text, sequence, SECOND].concat(), refused_and_closed);
        }
    }
}

#[test]
fn a_false_end_draws_no_reply_for_the_message_goes_on() {
    for sequence in SEQUENCES.into_iter().chain([&b"\r\n\0.\r\n"[..]]) {
        at_every_cut([BEFORE, b"text", sequence].concat(), |record| {
            assert_bytes(&record.output, GREETED.as_bytes(), "output");
            assert_eq!((record.closing, record.messages.len()), (None, 0));
        });
    }
}

#[test]
fn smuggling_sequences_deep_in_a_long_message_fail() {
    let session = Session::new();
    for sequence in SEQUENCES {
        for length in [60, 61, 62, 63, 64, 65, 126, 127, 128, 129, 8_191, 8_192] {
            let text = [b"Subject: hi\r\n\r\n".to_vec(), vec![b'x'; length]].concat();
            let segments = [[BEFORE, &text, sequence, SECOND].concat()];
            refused_and_closed(&session.cut(&segments, &[]));
            let at = BEFORE.len() + text.len();
            for cut in at - 2..at + sequence.len() + 2 {
                refused_and_closed(&session.cut(&segments, &[cut, cut + 1]));
            }
        }
    }
}

#[test]
fn refuses_a_message_with_one_bare_lf_anywhere() {
    let text = b"Subject: hi\r\n\r\nfirst\r\n..second\r\n";
    for bare in [b'\r', b'\n'] {
        for at in 0..=text.len() {
            // A CR before an LF, or an LF after a CR, would make a line end of both.
            let makes_a_line_end = (bare == b'\r' && text.get(at) == Some(&b'\n'))
                || (bare == b'\n' && at > 0 && text[at - 1] == b'\r' && text.get(at) != Some(&b'\n'));
            if makes_a_line_end {
                continue;
            }
            let bytes = [BEFORE, &text[..at], &[bare], &text[at..], b".\r\n", SECOND].concat();
            let session = Session::new();
            refused_and_closed(&session.cut(std::slice::from_ref(&bytes), &[]));
            refused_and_closed(&session.byte_by_byte(&[bytes]));
        }
    }
}

#[test]
fn a_nul_before_the_dot_does_not_end_the_message() {
    for sequence in [&b"\r\n\0.\r\n"[..], b"\r\n.\0\r\n", b"\r\n.\0.\r\n", b"\0\r\n.\0\r\n"] {
        let text = [b"text", sequence, SECOND.strip_suffix(b".\r\nQUIT\r\n").expect("its end")].concat();
        let expected = String::from_utf8_lossy(&text).replace("\r\n.", "\r\n").into_bytes();
        at_every_cut([BEFORE, &text, b".\r\nQUIT\r\n"].concat(), |record| {
            let end = "250 2.6.0 Message accepted\r\n221 2.0.0 Closing connection\r\n";
            assert_bytes(&record.output, format!("{GREETED}{end}").as_bytes(), "output");
            assert_eq!(record.closing, Some(Closing::Quit));
            assert_eq!(record.messages.len(), 1);
            assert_bytes(&record.messages[0].content, &expected, "message");
            assert_eq!(record.messages[0].recipients, ["bob@example.com"]);
        });
    }
}

#[test]
fn the_one_end_of_data_lets_a_second_envelope_in() {
    at_every_cut([BEFORE, b"text\r\n.\r\n", SECOND].concat(), |record| {
        assert_eq!(record.messages.len(), 2);
        assert_bytes(&record.messages[0].content, b"text\r\n", "first message");
        assert_eq!(record.messages[1].sender, "president@example.com");
        assert_eq!(record.closing, Some(Closing::Quit));
    });
}

/// MAIL with this parameter and RCPT, the message in two chunks parted at `cut`, and a second envelope.
fn in_chunks(parameter: &str, message: &[u8], cut: usize) -> Vec<u8> {
    let (head, tail) = message.split_at(cut);
    let envelope = format!("MAIL FROM:<ann@client.example> {parameter}\r\nRCPT TO:<bob@example.com>\r\n");
    let (first, last) = (format!("BDAT {}\r\n", head.len()), format!("BDAT {} LAST\r\n", tail.len()));
    let hello = &b"EHLO client.example\r\n"[..];
    [hello, envelope.as_bytes(), first.as_bytes(), head, last.as_bytes(), tail, SECOND].concat()
}

/// Runs the bytes whole and byte by byte.
fn whole_and_in_pieces(bytes: Vec<u8>) -> [Record; 2] {
    let (session, segments) = (Session::new(), [bytes]);
    let records = [session.cut(&segments, &[]), session.byte_by_byte(&segments)];
    records.iter().for_each(|record| dialogue::check(&segments, record));
    records
}

#[test]
fn smuggling_by_bare_cr_or_lf_fails_at_any_chunk_boundary() {
    for sequence in SEQUENCES {
        let message = [b"text", sequence, SECOND].concat();
        for cut in 3..=4 + sequence.len() {
            for record in whole_and_in_pieces(in_chunks("BODY=8BITMIME", &message, cut)) {
                assert!(record.output.ends_with(BARE.as_bytes()), "{}", shown(&record.output));
                assert_eq!((record.closing, record.messages.len()), (Some(Closing::Violation), 0));
                assert!(!record.questions.iter().any(|question| question.contains("president")));
            }
        }
    }
}

#[test]
fn every_sequence_is_content_in_the_chunks_of_a_binary_message() {
    for sequence in SEQUENCES.into_iter().chain([&b"\r\n.\r\n"[..], b"\r\n.\r\nQUIT\r\n"]) {
        let message = [b"text", sequence, SECOND].concat();
        for cut in 3..=4 + sequence.len() {
            for record in whole_and_in_pieces(in_chunks("BODY=BINARYMIME", &message, cut)) {
                assert_eq!((record.closing, record.messages.len()), (Some(Closing::Quit), 2));
                assert_bytes(&record.messages[0].content, &message, "message");
                assert_eq!(record.messages[1].sender, "president@example.com");
            }
        }
    }
}

#[test]
fn the_end_of_data_and_a_second_envelope_are_content_in_a_chunk() {
    let message = [b"text\r\n.\r\nQUIT\r\n.\r\n", SECOND].concat();
    at_every_cut(in_chunks("BODY=7BIT", &message, 6), |record| {
        assert_eq!((record.closing, record.messages.len()), (Some(Closing::Quit), 2));
        assert_bytes(&record.messages[0].content, &message, "message");
        assert_eq!(record.messages[0].recipients, ["bob@example.com"]);
    });
}

#[test]
fn runs_nothing_after_an_unreadable_bdat() {
    let arguments = [
        "",
        " LAST",
        " -5",
        " +5",
        " 0x5",
        " 5.0",
        " 5LAST",
        " 5 LAS",
        " 5 LAST now",
        " 5 5",
        "\t5",
        " 5\tLAST",
        " 5\0",
        " \u{665}",
        " 18446744073709551616",
        " 99999999999999999999",
        " 99999999999999999999999999999999999999999 LAST",
    ];
    let overlong = format!(" {}5", "0".repeat(3_000));
    for argument in arguments.into_iter().chain([&overlong[..]]) {
        for envelope in ["", "MAIL FROM:<ann@client.example>\r\nRCPT TO:<bob@example.com>\r\n"] {
            let line = format!("EHLO client.example\r\n{envelope}BDAT{argument}\r\n");
            for record in whole_and_in_pieces([line.as_bytes(), SECOND].concat()) {
                assert!(record.output.ends_with(b"501 5.5.4 Syntax: BDAT size [LAST]\r\n"), "{argument:?}");
                assert_eq!((record.closing, record.messages.len()), (Some(Closing::Violation), 0));
            }
        }
    }
}
