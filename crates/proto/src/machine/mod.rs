//! The machine, which runs the whole conversation.

mod answer;
pub(crate) mod answered;
pub(crate) mod ask;
mod auth;
mod awaits;
mod data;
mod early_input;
mod guesses;
mod outgoing;
mod parse;
mod per_recipient;
mod redact;
pub(crate) mod standard;
pub(crate) mod step;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use zeroize::Zeroize as _;

use crate::command::{CommandLine, Verb, level_tabs, may_be_bdat};
use crate::edits::EhloEdits;
use crate::facts::{ProtocolFacts, Transaction};
use crate::line::{KEPT, Line, LineReader};
use crate::offer::Offer;
use crate::params::DateTime;
use crate::phase::Phase;
use crate::protocol::Protocol;
use crate::question::{Data, StartTls, Transfer};
use crate::reply::{Reply, catalog};
use crate::sasl::Exchange;
use crate::settings::Settings;
use answered::Answered;
use ask::Ask;
pub use awaits::Awaits;
use data::Body;
use guesses::LastGuess;
use outgoing::{Outgoing, Refused};
use parse::Asked;
use redact::looks_like_auth;
use standard::EditReplies;
use step::{Closing, Step};

/// An SMTP session, without I/O and without a clock.
///
/// Pass [`step`](Self::step) the bytes received and a buffer for the replies, do what the returned [`Step`] says, and
/// repeat. The replies do not depend on how the input is split, if the client waits where it must. Input after an
/// unanswered AUTH ends the session, and so may input before the greeting.
///
/// # Examples
/// ```
/// use bytes::BytesMut;
/// use mailchute_proto::{Machine, Settings, Step, Verdict};
///
/// let mut machine = Machine::new(Settings::new("mx.example.com").into());
/// let mut input = BytesMut::new();
/// let mut output = Vec::new();
/// loop {
///     match machine.step(&mut input, &mut output) {
///         Step::Connect(ask) => ask.answer(Ok(Verdict::Accept)),
///         // The client has been greeted and sends this.
///         Step::NeedInput => input.extend_from_slice(b"EHLO client.example\r\nQUIT\r\n"),
///         Step::Ehlo(ask) => ask.answer(Ok(Verdict::Accept)),
///         Step::Command(ask) => ask.answer(Ok(Verdict::Accept)),
///         Step::Answered => {}
///         Step::Close(_) => break,
///         other => panic!("not expected here: {other:?}"),
///     }
/// }
/// let replies = String::from_utf8(output).unwrap();
/// assert!(replies.starts_with("220 mx.example.com ESMTP Mailchute\r\n250-mx.example.com\r\n"));
/// assert!(replies.ends_with("221 2.0.0 Closing connection\r\n"));
/// ```
#[derive(Debug)]
pub struct Machine {
    settings: Arc<Settings>,
    state: State,
    facts: ProtocolFacts,
    lines: LineReader,
    transactions: u32,
    errors: u32,
    /// Accepted commands since the last accepted message that carry no mail.
    junk: u32,
    auth_failures: u32,
    /// Boxed, as few sessions need it.
    last_guess: Option<Box<LastGuess>>,
    /// How long to delay the last reply.
    pause: Option<Duration>,
    /// A message between two chunks. Boxed, as few sessions have one.
    chunked: Option<Box<Body>>,
    /// After a refused chunk of a message: the number of replies due to the last chunk, which a pipelining client
    /// expects.
    owed_to_last_chunk: Option<usize>,
    /// Chunks of that message that were not counted as errors.
    excused_chunks: u32,
    /// The changes to the EHLO offer of this session. Boxed, as few sessions have any.
    edits: Option<Box<EhloEdits>>,
    now: Option<DateTime>,
    /// The edits of the application to standard replies.
    editor: Option<Box<dyn EditReplies>>,
    /// The replies of the current step so far.
    answered: Answered,
}

#[derive(Debug)]
enum State {
    Connecting,
    Commands(Phase),
    Authenticating(Option<Exchange>),
    Body(Body),
    /// Drops an unwanted chunk, replies, and returns to the phase.
    Skipping {
        left: u64,
        is_last: bool,
        refused: Refused,
        /// Replies due to the last chunk of its message; `None` if it belongs to no message.
        owed: Option<usize>,
        then: Phase,
    },
    Handshake,
    Closed(Closing),
}

/// The first byte of a TLS `ClientHello`.
const TLS_HANDSHAKE_RECORD: u8 = 0x16;

/// The delay of each refusal past [`Limits::errors_before_delay`] and of each wrong password.
const PENALTY: Duration = Duration::from_secs(1);

impl Machine {
    /// Creates a session on a connection without TLS, before its greeting.
    #[must_use]
    pub fn new(settings: Arc<Settings>) -> Self {
        Self {
            settings,
            state: State::Connecting,
            facts: ProtocolFacts::default(),
            lines: LineReader::default(),
            transactions: 0,
            errors: 0,
            junk: 0,
            auth_failures: 0,
            last_guess: None,
            pause: None,
            chunked: None,
            owed_to_last_chunk: None,
            excused_chunks: 0,
            edits: None,
            now: None,
            editor: None,
            answered: Answered::default(),
        }
    }

    /// Sets the protocol of the session. Call it before the first step. Default is [`Protocol::Smtp`].
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use mailchute_proto::{Machine, Protocol, Settings, Step, Verdict};
    ///
    /// let mut machine = Machine::new(Settings::new("mx.example.com").into()).speaking(Protocol::Lmtp);
    /// let mut output = Vec::new();
    /// if let Step::Connect(ask) = machine.step(&mut BytesMut::new(), &mut output) {
    ///     ask.answer(Ok(Verdict::Accept));
    /// }
    /// assert_eq!(output, b"220 mx.example.com LMTP Mailchute\r\n");
    /// ```
    #[must_use]
    pub fn speaking(mut self, protocol: Protocol) -> Self {
        self.facts.connection.protocol = protocol;
        self
    }

    /// Lets the client send XCLIENT and XFORWARD, and announces both. Other clients get `550 5.7.1`. As in Postfix,
    /// the connection is trusted: XCLIENT neither grants nor removes this trust.
    #[must_use]
    pub fn trusting_proxy(mut self) -> Self {
        self.facts.connection.is_trusted = true;
        self
    }

    /// Ends the session with `reply`, for reasons outside the machine, such as a timeout or a shutdown.
    pub fn hang_up(&mut self, reply: &Reply, output: &mut Vec<u8>) {
        self.say(reply.clone(), output);
        self.state = State::Closed(Closing::HungUp);
    }

    /// Sets the current time. Only FUTURERELEASE needs it: a machine without the time does not offer that extension.
    pub fn tell_time(&mut self, now: DateTime) {
        self.now = Some(now);
    }

    /// Returns the changes to the EHLO offer of this session. The next EHLO announces them; they apply at once.
    pub fn edits_mut(&mut self) -> &mut EhloEdits {
        self.edits.get_or_insert_default()
    }

    /// Returns the current offer.
    fn offer(&self) -> Offer<'_> {
        Offer { settings: &self.settings, facts: &self.facts, edits: self.edits.as_deref(), now: self.now }
    }

    /// Returns how long to delay the last reply, and clears the delay.
    pub fn take_pause(&mut self) -> Option<Duration> {
        self.pause.take()
    }

    /// Runs one step: reads at most one command, or part of a message, from `input`.
    pub fn step<'m>(&'m mut self, input: &mut BytesMut, output: &'m mut Vec<u8>) -> Step<'m> {
        self.forget_answered();
        match self.state {
            State::Connecting => self.connect(input, output),
            State::Commands(phase) => self.command(phase, input, output),
            State::Authenticating(_) => self.sasl_line(input, output),
            State::Body(_) => self.body(input, output),
            State::Skipping { .. } => self.skip(input, output),
            State::Handshake => {
                input.clear();
                Step::Handshake
            }
            State::Closed(closing) => Step::Close(closing),
        }
    }

    fn command<'m>(&'m mut self, phase: Phase, input: &mut BytesMut, output: &'m mut Vec<u8>) -> Step<'m> {
        if input.is_empty() {
            return Step::NeedInput;
        }
        if phase == Phase::Greeted && input[0] == TLS_HANDSHAKE_RECORD {
            self.state = State::Closed(Closing::Violation);
            return Step::Answered;
        }
        let start = &input[..input.len().min(KEPT)];
        // With blanks before a lenient AUTH this would depend on how the input is split.
        let is_auth = start.eq_ignore_ascii_case(b"AUTH ")
            || (self.is_lenient() && start.eq_ignore_ascii_case(b"AUTH\t"));
        let is_bdat = may_be_bdat(start);
        let limits = &self.settings.limits;
        let limit = if is_auth { limits.auth_line } else { limits.command_line };
        let length = match self.lines.find(input, limit) {
            Line::Incomplete => return Step::NeedInput,
            Line::Complete(length) => length,
            faulty => {
                self.owed_to_last_chunk = None;
                self.facts.connection.has_tried_auth |= is_auth;
                self.answers_to(match (is_auth, is_bdat) {
                    (true, _) => Verb::Auth,
                    (_, true) => Verb::Bdat,
                    _ => Verb::Other,
                });
                return match faulty {
                    Line::TooLong if is_auth && !input.is_empty() => self.talked_after_auth(output),
                    Line::TooLong if is_auth => self.refuse(catalog::AUTH_LINE_TOO_LONG, output),
                    // Its size is unknown, and so is the start of the next command.
                    Line::TooLong if is_bdat => self.refuse(Outgoing::violation(catalog::BAD_CHUNK), output),
                    faulty => self.faulty_line(&faulty, output),
                };
            }
        };
        if self.is_lenient() {
            level_tabs(&mut input[..length]);
        }
        let line = CommandLine::cut(&input[..length], self.facts.connection.protocol, self.settings.envelope);
        let verb = line.verb;
        self.answers_to(verb);
        if verb != Verb::Bdat {
            self.owed_to_last_chunk = None;
        }
        self.facts.connection.has_tried_auth |= looks_like_auth(&input[..length]);
        let parsed = if verb == Verb::Other && may_be_bdat(&input[..length]) {
            Err(Outgoing::violation(catalog::BAD_CHUNK))
        } else {
            self.parse(phase, line)
        };
        if verb == Verb::Auth {
            input[..length].zeroize();
        }
        input.advance(length);
        if verb == Verb::Auth && !input.is_empty() {
            return self.talked_after_auth(output);
        }
        match parsed {
            Ok(question) => self.ask(question, output),
            Err(refusal) if verb == Verb::Rcpt => {
                self.count_refused_recipient();
                self.refuse(refusal, output)
            }
            // RFC 2034 §3: no reply to EHLO, HELO or LHLO carries an enhanced code.
            Err(refusal) if matches!(verb, Verb::Ehlo | Verb::Helo | Verb::Lhlo) => {
                self.refuse(refusal.without_enhanced(), output)
            }
            Err(refusal) => self.refuse(refusal, output),
        }
    }

    /// Refuses a faulty line, in a command or in an AUTH exchange.
    fn faulty_line<'m>(&'m mut self, line: &Line, output: &mut Vec<u8>) -> Step<'m> {
        let refusal = match line {
            Line::Endless => Outgoing::limit(catalog::ENDLESS_LINE),
            Line::BareLineEnd => Outgoing::violation(catalog::BARE_LINE_END),
            _ => catalog::LINE_TOO_LONG.into(),
        };
        self.refuse(refusal, output)
    }

    fn ask<'m>(&'m mut self, asked: Asked, output: &'m mut Vec<u8>) -> Step<'m> {
        match asked {
            Asked::Ehlo(question) => Step::Ehlo(Ask::new(self, output, question)),
            Asked::StartTls => Step::StartTls(Ask::new(self, output, StartTls)),
            Asked::Auth(mechanism, initial) => self.begin_auth(mechanism, initial, output),
            Asked::Mail(question) => Step::Mail(Ask::new(self, output, question)),
            Asked::Rcpt(question) => Step::Rcpt(Ask::new(self, output, question)),
            Asked::Data => Step::Data(Ask::new(self, output, Data { transfer: Transfer::Dot })),
            Asked::Chunk(chunk) => self.begin_chunk(chunk, output),
            Asked::Skip { chunk, refusal, then } => {
                self.begin_skip(chunk, Refused::ForAll(refusal), then);
                Step::Answered
            }
            Asked::Xclient(question) => {
                // The edits belong to the previous client.
                self.edits = None;
                Step::Xclient(Ask::new(self, output, question))
            }
            Asked::Xforward(question) => Step::Xforward(Ask::new(self, output, question)),
            Asked::Command(question) => Step::Command(Ask::new(self, output, question)),
        }
    }

    /// Ends the transaction: no part of it is left.
    fn end_transaction(&mut self) {
        self.facts.transaction = Transaction::default();
        self.chunked = None;
        self.state = State::Commands(Phase::Ready);
    }

    /// Records that a recipient was refused, for the reply to DATA (RFC 5321 §3.3).
    fn count_refused_recipient(&mut self) {
        if let State::Commands(Phase::Transaction { any_refused, .. }) = &mut self.state {
            *any_refused = true;
        }
    }
}
