//! Transcripts: a session written as a lesson in SMTP, and run as a test.
//!
//! ```text
//! # What it shows, in a sentence.
//! set proxy trusted                          the client may say XCLIENT and XFORWARD
//! edit disable DSN                           what the ehlo hook changes for the session
//! set limits.recipients 2                    a setting, before the first byte
//! set protocol lmtp                          LMTP and not SMTP
//! set binding none                           the TLS session has nothing to bind to
//! set certificate tim                        the client shows a verified certificate of this name, with escapes
//! user tim tanstaaf                          somebody who may authenticate
//! verifier tim SCRAM-SHA-256$…               the same by SCRAM; of the token of RFC 7628 any user
//! nonce 1896.697170952                       what the server puts into its challenges
//! rcpt-answer no@example.com 550 5.1.1 No    what a hook says: a reply, `close` and a reply, accept, refuse, drop
//! each-answer a@example.com 452 4.2.2 Full   what one recipient hears of a message
//! hello                                      the greeting, EHLO or LHLO, and the reply to it
//! early NOOP\r\n                             bytes of the client, with escapes, that are there before the greeting
//! C: MAIL FROM:<a@example.com>               a line of the client; CRLF is added
//! B: NOOP\n                                  bytes of the client with escapes; nothing is added
//! S: 250 2.1.0 Sender OK                     a line of the server, escapes allowed; CRLF is added
//! held back                                  the reply above is held back
//! secured                                    the TLS handshake takes place
//! asked envid: Some("QQ314159")              what the debug form of one of the next questions to a hook holds
//! envelope <a@b.example> <c@d.example>       who sends the next message, and to whom
//! message Subject: hi\r\n\r\nHi\r\n          what reaches the store; lines in a row are one message
//! close quit                                 how it ends: quit, hungup, limit, violation
//! ```
//!
//! `C*20:`, `B*20:`, `S*20:` and `message*20` stand for a line written twenty times.

mod parse;

use mailchute_proto::Closing;

use crate::session::dialogue;
use crate::session::{Record, Run, Session, assert_bytes, shown};

/// Sessions up to this length are cut in two at every position.
const SHORT: usize = 700;

/// One transcript.
#[derive(Debug)]
pub(crate) struct Transcript {
    pub(crate) session: Session,
    pub(crate) events: Vec<Event>,
    pub(crate) closing: Option<Closing>,
}

/// The content of one line of a transcript.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Client(Vec<u8>),
    Server(Vec<u8>),
    HeldBack,
    Secured,
    Asked(String),
    Envelope(String),
    Message(Vec<u8>),
}

impl Transcript {
    pub(crate) fn parse(text: &str) -> Self {
        parse::transcript(text)
    }

    /// Runs the session whole, line by line, byte by byte, and cut in two at every position.
    pub(crate) fn check(&self) {
        let segments = self.segments();
        let whole = self.session.cut(&segments, &[]);
        self.compare(&whole);
        let mut said = segments.clone();
        said[0].splice(..0, self.session.early.iter().copied());
        dialogue::check_with(self.session.settings.bare_line_ends, &said, &whole);
        assert_same(&self.line_by_line(), &whole, "line by line");
        assert_same(&self.session.byte_by_byte(&segments), &whole, "byte by byte");
        let length = segments.iter().map(Vec::len).sum();
        for cut in (1..length).take_while(|_| length <= SHORT) {
            let record = self.session.cut(&segments, &[cut]);
            assert_same(&record, &whole, &format!("cut after {cut} bytes"));
        }
    }

    /// Waits for the replies wherever the transcript has some.
    fn line_by_line(&self) -> Record {
        let (mut run, mut expected, mut is_due) = (Run::new(&self.session), Vec::new(), false);
        for event in &self.events {
            if is_due && matches!(event, Event::Client(_) | Event::Secured) {
                assert_bytes(&run.record.output, &expected, "output, line by line");
                is_due = false;
            }
            match event {
                Event::Client(bytes) => run.feed(bytes),
                Event::Secured => run.shake_hands(),
                Event::Server(line) => {
                    expected.extend_from_slice(line);
                    is_due = true;
                }
                _ => {}
            }
        }
        run.record
    }

    /// Returns all of the client's input, split where the handshakes are.
    pub(crate) fn segments(&self) -> Vec<Vec<u8>> {
        let mut segments = vec![Vec::new()];
        for event in &self.events {
            match (event, segments.last_mut()) {
                (Event::Client(bytes), Some(segment)) => segment.extend_from_slice(bytes),
                (Event::Secured, _) => segments.push(Vec::new()),
                _ => {}
            }
        }
        segments
    }

    fn compare(&self, record: &Record) {
        let (mut output, mut held_back, mut envelopes, mut messages) = (Vec::new(), vec![], vec![], vec![]);
        let mut questions = record.questions.iter();
        for event in &self.events {
            match event {
                Event::Server(line) => output.extend_from_slice(line),
                Event::HeldBack => held_back.push(output.len()),
                Event::Asked(text) => {
                    let is_asked = questions.any(|question| question.contains(text));
                    assert!(is_asked, "nobody was asked {text}: {:#?}", record.questions);
                }
                Event::Envelope(envelope) => envelopes.push((messages.len(), envelope.clone())),
                Event::Message(content) => messages.push(shown(content)),
                Event::Client(_) | Event::Secured => {}
            }
        }
        assert_bytes(&record.output, &output, "output");
        assert_eq!(record.closing, self.closing, "closing");
        assert_eq!(record.held_back, held_back, "replies held back");
        let contents: Vec<String> = record.messages.iter().map(|message| shown(&message.content)).collect();
        assert_eq!(contents, messages, "messages");
        for (index, envelope) in envelopes {
            let message = &record.messages[index];
            let to: String = message.recipients.iter().map(|recipient| format!(" <{recipient}>")).collect();
            assert_eq!(format!("<{}>{to}", message.sender), envelope, "envelope");
        }
    }
}

fn assert_same(record: &Record, whole: &Record, how: &str) {
    assert_bytes(&record.output, &whole.output, how);
    assert_eq!(record, whole, "{how}");
}
