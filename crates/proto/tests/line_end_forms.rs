//! Each form of line end in each setting, by DATA and by BDAT: the table of `docs/protocol.md`, at every cut.

use crate::session::{Record, Session, assert_bytes, dialogue};
use mailchute_proto::{BareLineEnds, Closing};

/// One form of line end.
struct Form {
    /// The client's input after the 354, up to the final dot.
    data: &'static [u8],
    /// The same message in chunks.
    chunks: &'static [u8],
    /// The content that the server keeps of both if it tolerates bare line ends, unless a client's end of the data
    /// stays.
    tolerated: &'static [u8],
    tolerated_by_data: Option<&'static [u8]>,
    normalized: &'static [u8],
}

const LETTER: &[u8] = b"A: b\r\nC: d\r\n\r\n.one\r\n..two\r\n.\r\n";

/// The result of LF, whether the client stuffs dots after it or not.
const LETTER_OF_LF: &[u8] = b"A: b\nC: d\n\r\n.one\r\n..two\r\n.\n";

const FORMS: [Form; 11] = [
    // LF, dots stuffed: smtplib with bytes, PHP on Windows.
    Form {
        data: b"A: b\nC: d\n\n..one\n...two\n..\n\r\n",
        chunks: b"A: b\nC: d\n\n.one\n..two\n.\n",
        tolerated: LETTER_OF_LF,
        tolerated_by_data: None,
        normalized: LETTER,
    },
    // LF, no dots stuffed: curl.
    Form {
        data: b"A: b\nC: d\n\n.one\n..two\n.\n\r\n",
        chunks: b"A: b\nC: d\n\n.one\n..two\n.\n",
        tolerated: LETTER_OF_LF,
        tolerated_by_data: None,
        normalized: LETTER,
    },
    // CR: smtplib with bytes, nodemailer. No client stuffs dots after it.
    Form {
        data: b"A: b\rC: d\r\r.one\r..two\r.\r\r\n",
        chunks: b"A: b\rC: d\r\r.one\r..two\r.\r",
        tolerated: b"A: b\rC: d\r\r\n.one\r\n..two\r\n.\r",
        tolerated_by_data: Some(b"A: b\rC: d\r\r\n.one\r\n..two\r\n.\r\r\n"),
        normalized: LETTER,
    },
    // CR CR LF: a CRLF written as text on Windows.
    Form {
        data: b"A: b\r\r\nC: d\r\r\n\r\r\n..one\r\r\n...two\r\r\n..\r\r\n",
        chunks: b"A: b\r\r\nC: d\r\r\n\r\r\n.one\r\r\n..two\r\r\n.\r\r\n",
        tolerated: b"A: b\r\r\nC: d\r\r\n\r\r\n.one\r\r\n..two\r\r\n.\r\r\n",
        tolerated_by_data: None,
        normalized: LETTER,
    },
    // LF CR: a CRLF the wrong way round.
    Form {
        data: b"A: b\n\rC: d\n\r\n\r.one\n\r..two\n\r.\n\r\r\n",
        chunks: b"A: b\n\rC: d\n\r\n\r.one\n\r..two\n\r.\n\r",
        tolerated: b"A: b\n\rC: d\n\r\n.one\r\n..two\r\n.\n\r",
        tolerated_by_data: None,
        normalized: LETTER,
    },
    // A header of LFs, and CRLFs from its end on.
    Form {
        data: b"A: b\nC: d\n\r\n..one\r\n...two\r\n..\r\n",
        chunks: b"A: b\nC: d\n\r\n.one\r\n..two\r\n.\r\n",
        tolerated: b"A: b\nC: d\n\r\n.one\r\n..two\r\n.\r\n",
        tolerated_by_data: None,
        normalized: LETTER,
    },
    // A header of CRLFs, and a body of LFs that ends in the same way.
    Form {
        data: b"A: b\r\nC: d\r\n\r\n..one\n...two\n..\r\n",
        chunks: b"A: b\r\nC: d\r\n\r\n.one\n..two\n.\r\n",
        tolerated: b"A: b\r\nC: d\r\n\r\n.one\r\n..two\r\n.\r\n",
        tolerated_by_data: None,
        normalized: LETTER,
    },
    // LF, and CRs within lines.
    Form {
        data: b"A: b\nC: d\n\n..one\r\n...two\r\r\n..\n\r\n",
        chunks: b"A: b\nC: d\n\n.one\r\n..two\r\r\n.\n",
        tolerated: b"A: b\nC: d\n\r\n.one\r\n..two\r\r\n.\n",
        tolerated_by_data: None,
        normalized: LETTER,
    },
    // Empty lines at the end stay as many as were meant.
    Form {
        data: b"A: b\n\n\n\n\r\n",
        chunks: b"A: b\n\n\n\n",
        tolerated: b"A: b\n\n\n\n",
        tolerated_by_data: None,
        normalized: b"A: b\r\n\r\n\r\n\r\n",
    },
    // The same at the beginning.
    Form {
        data: b"\n\n..one\n\r\n",
        chunks: b"\n\n.one\n",
        tolerated: b"\n\r\n.one\n",
        tolerated_by_data: None,
        normalized: b"\r\n\r\n.one\r\n",
    },
    // CR that redraws a line.
    Form {
        data: b"\r\n10 %\r20 %\r\n",
        chunks: b"\r\n10 %\r20 %\r\n",
        tolerated: b"\r\n10 %\r20 %\r\n",
        tolerated_by_data: None,
        normalized: b"\r\n10 %\r\n20 %\r\n",
    },
];

const SETTINGS: [BareLineEnds; 3] = [BareLineEnds::Refuse, BareLineEnds::Tolerate, BareLineEnds::Normalize];

const ENVELOPE: &[u8] =
    b"EHLO client.example\r\nMAIL FROM:<ann@client.example>\r\nRCPT TO:<bob@example.com>\r\n";

fn session(setting: BareLineEnds) -> Session {
    let mut session = Session::new();
    session.settings.bare_line_ends = setting;
    session
}

fn by_data(content: &[u8]) -> Vec<u8> {
    [ENVELOPE, b"DATA\r\n", content, b".\r\nQUIT\r\n"].concat()
}

/// Returns the content in two chunks, the first of `cut` bytes.
fn in_chunks(content: &[u8], cut: usize) -> Vec<u8> {
    let (head, tail) = content.split_at(cut);
    let (first, last) = (format!("BDAT {cut}\r\n"), format!("BDAT {} LAST\r\n", tail.len()));
    [ENVELOPE, first.as_bytes(), head, last.as_bytes(), tail, b"QUIT\r\n"].concat()
}

/// Runs the session whole, byte by byte and cut in two at every position.
fn run(session: &Session, bytes: Vec<u8>) -> Record {
    let length = bytes.len();
    let segments = [bytes];
    let whole = session.cut(&segments, &[]);
    dialogue::check_with(session.settings.bare_line_ends, &segments, &whole);
    assert_eq!(session.byte_by_byte(&segments), whole, "byte by byte");
    for cut in ENVELOPE.len()..length {
        assert_eq!(session.cut(&segments, &[cut]), whole, "cut after {cut}");
    }
    whole
}

#[track_caller]
fn expect(record: &Record, setting: BareLineEnds, expected: &[u8]) {
    if setting == BareLineEnds::Refuse {
        assert_eq!((record.closing, record.messages.len()), (Some(Closing::Violation), 0));
        return;
    }
    assert_eq!((record.closing, record.messages.len()), (Some(Closing::Quit), 1), "{setting:?}");
    assert_bytes(&record.messages[0].content, expected, &format!("{setting:?}"));
}

#[test]
fn data_gives_the_message_meant_in_every_form_at_every_cut() {
    for form in FORMS {
        for setting in SETTINGS {
            let tolerated = form.tolerated_by_data.unwrap_or(form.tolerated);
            let kept = if setting == BareLineEnds::Tolerate { tolerated } else { form.normalized };
            expect(&run(&session(setting), by_data(form.data)), setting, kept);
        }
    }
}

#[test]
fn chunks_give_the_message_meant_in_every_form_at_every_cut() {
    for form in FORMS {
        for setting in SETTINGS {
            let kept = if setting == BareLineEnds::Tolerate { form.tolerated } else { form.normalized };
            for cut in 0..=form.chunks.len() {
                let bytes = in_chunks(form.chunks, cut);
                let session = session(setting);
                let whole = session.cut(std::slice::from_ref(&bytes), &[]);
                expect(&whole, setting, kept);
                assert_eq!(session.byte_by_byte(&[bytes]), whole);
            }
        }
    }
}

#[test]
fn a_single_dot_shows_that_the_client_stuffs_none() {
    for (sent, kept) in [
        (&b"a\n..b\n.c\n..d\n...e\r\n"[..], &b"a\r\n.b\r\n.c\r\n..d\r\n...e\r\n"[..]),
        (b"a\n.\n..b\r\n", b"a\r\n.\r\n..b\r\n"),
        (b"a\n.\r\n..b\n..c\r\n", b"a\r\n.\r\n.b\r\n..c\r\n"),
        // Dots after a CRLF say nothing about those after an LF.
        (b"a\r\n.b\n..c\r\n", b"a\r\nb\r\n.c\r\n"),
        // Dots after CRs say nothing either; no client stuffs them.
        (b"a\r.b\r..c\n..d\r\n", b"a\r\n.b\r\n..c\r\n.d\r\n"),
        (b"a\n\r..b\n\r\r..c\r\n", b"a\r\n..b\r\n\r\n..c\r\n"),
    ] {
        expect(&run(&session(BareLineEnds::Normalize), by_data(sent)), BareLineEnds::Normalize, kept);
    }
}

#[test]
fn crs_before_an_lf_are_one_line_end_with_it_up_to_eight() {
    for (returns, lines) in [(0, 1), (1, 1), (2, 1), (8, 1), (9, 2), (10, 3), (1_000, 993)] {
        let content = [b"a".to_vec(), vec![b'\r'; returns], b"\nb\r\n".to_vec()].concat();
        let kept = format!("a{}b\r\n", "\r\n".repeat(lines));
        let setting = BareLineEnds::Normalize;
        expect(&session(setting).cut(&[by_data(&content)], &[]), setting, kept.as_bytes());
    }
}

/// Two `Received:` fields exceed a limit of one.
#[test]
fn the_header_is_counted_as_it_is_kept() {
    const ENDS: [&str; 5] = ["\r\n", "\n", "\r\r\n", "\r", "\n\r"];
    for setting in [BareLineEnds::Tolerate, BareLineEnds::Normalize] {
        for end in ENDS {
            let mut session = session(setting);
            session.settings.limits.received_headers = 1;
            let code = |content: String| {
                let record = session.cut(&[by_data(content.as_bytes())], &[]);
                let replies = dialogue::replies(&record.output);
                replies[replies.len() - 2].code
            };
            let in_header = code(format!("Received: a{end}Received: b{end}{end}text\r\n"));
            // A CR that is tolerated begins a field too, as for the filters that read the header.
            assert_eq!(in_header, 554, "{setting:?} {end:?}");
            assert_eq!(code(format!("Received: a{end}{end}Received: b\r\n")), 250, "{setting:?} {end:?}");
        }
    }
}

/// The input of real clients for `Subject: x`, an empty line, `.one`, `..two` and `.`. The bytes of smtplib and curl
/// were recorded; those of the others follow from their sources.
#[test]
fn letters_of_real_clients_are_kept_as_they_were_meant() {
    const MEANT: &str = "Subject: x\n\n.one\n..two\n.\n";
    const STRICT: &[u8] = b"Subject: x\r\n\r\n..one\r\n...two\r\n..\r\n";
    for (client, sent) in [
        ("smtplib, bytes of LF", &b"Subject: x\n\n..one\n...two\n..\n\r\n"[..]),
        ("smtplib, bytes of CR", b"Subject: x\r\r.one\r..two\r.\r\r\n"),
        ("smtplib, bytes of LF CR", b"Subject: x\n\r\n\r.one\n\r..two\n\r.\n\r\r\n"),
        ("smtplib, bytes of CR CR LF", b"Subject: x\r\r\n\r\r\n..one\r\r\n...two\r\r\n..\r\r\n"),
        ("smtplib, str of LF or CR", STRICT),
        ("curl, a file of LF", b"Subject: x\n\n.one\n..two\n.\n\r\n"),
        ("curl, a file of CR", b"Subject: x\r\r.one\r..two\r.\r\r\n"),
        ("curl --crlf, nodemailer, swaks", STRICT),
        ("PHP on Windows, its header of CRLF", b"Subject: x\r\n\r\n..one\n...two\n..\n\r\n"),
    ] {
        let record = run(&session(BareLineEnds::Normalize), by_data(sent));
        assert_bytes(&record.messages[0].content, MEANT.replace('\n', "\r\n").as_bytes(), client);
    }
}
