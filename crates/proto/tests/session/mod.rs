//! Drives the machine as a connection would: pieces of input go in, a record of what happened comes out.

#![allow(dead_code, reason = "each file of tests uses the part of it that it needs")]

pub(crate) mod dialogue;
pub(crate) mod line_ends;
mod lines;
pub(crate) mod tempers;

use std::fmt;

use bytes::BytesMut;
use mailchute_proto::question::Scram;
use mailchute_proto::{
    Ask, ChannelBinding, Closing, Credentials, DateTime, Dialect, EhloEdits, Machine, Nonce, Question, Reply,
    ScramAnswer, ScramVerifier, Settings, Step, Verb, Verdict,
};

/// The token that is taken, that of RFC 7628 §4.1.
const TOKEN: &str = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";

/// A listener: its settings and how its hooks answer.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) settings: Settings,
    /// Inside TLS from the first octet.
    pub(crate) is_inside_tls: bool,
    pub(crate) cannot_bind: bool,
    /// Who the client is by a certificate that was verified.
    pub(crate) certificate: Option<String>,
    pub(crate) dialect: Dialect,
    /// The client is a proxy that may speak for others.
    pub(crate) is_trusted: bool,
    /// What the client has sent before it is greeted.
    pub(crate) early: Vec<u8>,
    /// What the machine is told of the time.
    pub(crate) now: Option<DateTime>,
    /// What the ehlo hook changes.
    pub(crate) edits: EhloEdits,
    pub(crate) answers: Vec<Answer>,
    /// Users and their passwords.
    pub(crate) users: Vec<(String, String)>,
    /// Users and what SCRAM keeps of their passwords.
    pub(crate) verifiers: Vec<(String, ScramVerifier)>,
    /// What the server puts into challenges; without it, it has no random numbers.
    pub(crate) nonce: Option<Nonce>,
}

/// What a hook says to one subject; to all others it says yes.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The verb in lower case, or `connect`, `message`, `command`, or `each` for what one recipient hears of a message,
    /// and `data-each` for why it is refused for one before it has come.
    pub(crate) stage: &'static str,
    /// The address, the name or the verb that is asked about.
    pub(crate) subject: String,
    /// `None` drops the question unanswered.
    pub(crate) verdict: Option<Verdict>,
}

/// What happened in a session, as the client and the store saw it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) output: Vec<u8>,
    /// The messages that came to their end without a fault, whatever the hook then said.
    pub(crate) messages: Vec<Message>,
    /// Every question the machine asked, in order.
    pub(crate) questions: Vec<String>,
    /// After how many octets of output a reply was held back.
    pub(crate) held_back: Vec<usize>,
    pub(crate) closing: Option<Closing>,
    pub(crate) dialect: Dialect,
}

/// A message with its envelope.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) sender: String,
    pub(crate) recipients: Vec<String>,
    pub(crate) content: Vec<u8>,
    /// How many octets of output stood before its reply.
    pub(crate) replied_at: usize,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "inside TLS: {}, {:?}", self.is_inside_tls, self.settings)
    }
}

impl Session {
    pub(crate) fn new() -> Self {
        Self {
            settings: Settings::new("mx.example.com"),
            is_inside_tls: false,
            cannot_bind: false,
            certificate: None,
            dialect: Dialect::Smtp,
            is_trusted: false,
            early: Vec::new(),
            now: None,
            edits: EhloEdits::default(),
            answers: Vec::new(),
            users: Vec::new(),
            verifiers: Vec::new(),
            nonce: None,
        }
    }

    /// Runs a session from its greeting, each octet a piece of its own. The segments are parted by TLS handshakes.
    pub(crate) fn octet_by_octet(&self, segments: &[Vec<u8>]) -> Record {
        let cuts: Vec<usize> = (0..segments.iter().map(Vec::len).sum()).collect();
        self.cut(segments, &cuts)
    }

    /// Runs a session whose octets are cut before those of these numbers, counted over all segments.
    pub(crate) fn cut(&self, segments: &[Vec<u8>], cuts: &[usize]) -> Record {
        let (mut run, mut start) = (Run::new(self), 0);
        for (index, segment) in segments.iter().enumerate() {
            if index > 0 {
                run.shake_hands();
            }
            let mut from = 0;
            let inside = cuts.iter().map(|cut| cut.saturating_sub(start).min(segment.len()));
            for to in inside.chain([segment.len()]) {
                run.feed(&segment[from..to]);
                from = to;
            }
            start += segment.len();
        }
        run.record
    }

    pub(crate) fn answer(&self, stage: &str, subject: &str) -> Option<Verdict> {
        let answer = self.answers.iter().find(|answer| answer.stage == stage && answer.subject == subject);
        answer.map_or(Some(Verdict::Accept), |answer| answer.verdict.clone())
    }

    pub(crate) fn nonce(&self) -> Result<Nonce, Reply> {
        self.nonce.clone().ok_or_else(|| reply("454 4.7.0 No random numbers"))
    }

    /// Whoever is not known gets a decoy.
    pub(crate) fn scram(&self, scram: &Scram) -> Result<ScramAnswer, Reply> {
        let known = self.verifiers.iter().find(|(user, _)| *user == scram.user);
        Ok(ScramAnswer {
            verifier: known.map_or_else(
                || ScramVerifier::decoy(b"secret", &scram.user),
                |(_, verifier)| verifier.clone(),
            ),
            nonce: self.nonce()?,
            channel_binding: match scram.channel_binding {
                Some(ChannelBinding::TlsExporter) => Some(b"exported".to_vec()),
                Some(ChannelBinding::TlsServerEndPoint) => Some(b"certified".to_vec()),
                _ => None,
            },
        })
    }

    pub(crate) fn authenticate(&self, credentials: &Credentials) -> Option<Verdict> {
        if let Credentials::Bearer { token, .. } = credentials {
            return Some((token.reveal() == TOKEN).into());
        }
        if credentials.are_proven() {
            return self.answer("auth", credentials.user());
        }
        let is_known = self.users.iter().any(|(user, password)| credentials.is(user, password));
        if is_known || self.answers.iter().any(|answer| answer.subject == credentials.user()) {
            return self.answer("auth", credentials.user());
        }
        Some(Verdict::Refuse)
    }
}

/// A session on its way.
#[derive(Debug)]
pub(crate) struct Run<'s> {
    session: &'s Session,
    pub(crate) machine: Machine,
    input: BytesMut,
    /// What the client has sent of the line that it is at.
    line: Vec<u8>,
    draft: Message,
    awaits_handshake: bool,
    pub(crate) record: Record,
}

impl<'s> Run<'s> {
    pub(crate) fn new(session: &'s Session) -> Self {
        let settings = session.settings.clone().into();
        let machine =
            if session.is_inside_tls { Machine::inside_tls(settings) } else { Machine::new(settings) };
        let machine = machine.speaking(session.dialect);
        let mut machine = if session.is_trusted { machine.trusting_proxy() } else { machine };
        if let Some(now) = session.now {
            machine.tell_time(now);
        }
        if session.cannot_bind {
            machine.cannot_bind();
        }
        if let Some(name) = session.certificate.as_ref().filter(|_| session.is_inside_tls) {
            machine.certified(name);
        }
        let mut run = Self {
            session,
            machine,
            input: BytesMut::from(&session.early[..]),
            line: Vec::new(),
            draft: Message::default(),
            awaits_handshake: false,
            record: Record { dialect: session.dialect, ..Record::default() },
        };
        run.work();
        run
    }

    /// Sends one piece as a client does: what stands behind AUTH, or an answer within it, waits for the reply.
    pub(crate) fn feed(&mut self, piece: &[u8]) {
        let mut rest = piece;
        while let Some(feed) = rest.iter().position(|&octet| octet == b'\n') {
            let (line, behind) = rest.split_at(feed + 1);
            self.line.extend_from_slice(line);
            // Behind the octets of a chunk a command begins in the midst of a line; to wait too often does no harm.
            let is_auth = self.line.windows(4).any(|word| word.eq_ignore_ascii_case(b"AUTH"));
            self.line.clear();
            if is_auth || self.is_in_exchange() {
                self.feed_at_once(&piece[..piece.len() - behind.len()]);
                return self.feed(behind);
            }
            rest = behind;
        }
        self.line.extend_from_slice(rest);
        self.feed_at_once(piece);
    }

    /// Whether the last line of the server is a challenge.
    fn is_in_exchange(&self) -> bool {
        let output = self.record.output.strip_suffix(b"\r\n").unwrap_or_default();
        output.rsplit(|&octet| octet == b'\n').next().is_some_and(|line| line.starts_with(b"334"))
    }

    /// Hands the machine one piece of input, whatever it holds.
    pub(crate) fn feed_at_once(&mut self, piece: &[u8]) {
        self.input.extend_from_slice(piece);
        self.work();
    }

    /// Steps until the machine wants more.
    fn work(&mut self) {
        while self.step() {
            self.record.held_back.extend(self.machine.take_pause().map(|_| self.record.output.len()));
        }
        let limits = &self.session.settings.limits;
        let bound = limits.command_line.max(limits.auth_line).max(8);
        let waiting = self.input.len();
        assert!(self.record.closing.is_some() || waiting <= bound, "{waiting} octets wait in the input");
    }

    /// How many octets the input has room for.
    pub(crate) fn room(&self) -> usize {
        self.input.capacity()
    }

    /// How many octets have come of the message that is on its way.
    pub(crate) fn drafted(&self) -> usize {
        self.draft.content.len()
    }

    /// The TLS handshake, if the machine has asked for one.
    pub(crate) fn shake_hands(&mut self) {
        if std::mem::take(&mut self.awaits_handshake) {
            if let Some(name) = &self.session.certificate {
                self.machine.certified(name);
            }
            self.machine.secured();
        }
    }

    /// Goes one step and says whether there may be another.
    fn step(&mut self) -> bool {
        let Self { session, draft, record, .. } = self;
        let Record { output, messages, questions, closing, .. } = record;
        let written = output.len();
        match self.machine.step(&mut self.input, output) {
            Step::NeedInput => return false,
            Step::Answered => {}
            Step::Handshake => {
                self.awaits_handshake = true;
                return false;
            }
            Step::Close(why) => {
                *closing = Some(why);
                return false;
            }
            Step::Connect(ask) => settle(ask, session.answer("connect", ""), questions),
            Step::Ehlo(mut ask) => {
                if session.edits != EhloEdits::default() {
                    ask.edits_mut().clone_from(&session.edits);
                }
                let verdict = session.answer("ehlo", ask.question().name.as_str());
                settle(ask, verdict, questions);
            }
            Step::StartTls(ask) => settle(ask, session.answer("starttls", ""), questions),
            Step::Challenge(ask) => {
                let nonce = session.nonce();
                settle(ask, Some(nonce), questions);
            }
            Step::Scram(ask) => {
                let answer = session.scram(ask.question());
                settle(ask, Some(answer), questions);
            }
            Step::AuthRefused(credentials) => questions.push(format!("disproved {credentials:?}")),
            Step::Auth(ask) => {
                let verdict = session.authenticate(ask.question());
                questions.push(format!("{:?}", ask.question()));
                if let Some(verdict) = verdict {
                    ask.answer_by_key(verdict, [7; 32]);
                }
            }
            Step::Mail(ask) => {
                let sender = ask.question().to_string();
                let verdict = session.answer("mail", &sender);
                if is_yes(verdict.as_ref()) {
                    *draft = Message { sender, ..Message::default() };
                }
                settle(ask, verdict, questions);
            }
            Step::Rcpt(ask) => {
                let recipient = ask.question().to_string();
                let verdict = session.answer("rcpt", &recipient);
                if is_yes(verdict.as_ref()) {
                    draft.recipients.push(recipient);
                }
                settle(ask, verdict, questions);
            }
            Step::Data(ask) if session.answers.iter().any(|answer| answer.stage == "data-each") => {
                questions.push(format!("{:?}", ask.question()));
                ask.refuse_each(draft.recipients.iter().map_while(|to| session.answer("data-each", to)));
            }
            Step::Data(ask) => settle(ask, session.answer("data", &draft.sender), questions),
            Step::Body(octets) => {
                assert!(!octets.is_empty(), "Step::Body is never empty");
                draft.content.extend_from_slice(&octets);
            }
            Step::BodyRefused(refusal) => assert!(refusal.is_refusal()),
            Step::EndOfChunk(ask) => settle(ask, session.answer("chunk", &draft.sender), questions),
            Step::EndOfData(ask) => {
                let message = Message { replied_at: written, ..std::mem::take(draft) };
                assert_eq!(ask.question().size, message.content.len() as u64);
                assert_eq!(ask.question().recipients, message.recipients.len());
                if session.answers.iter().any(|answer| answer.stage == "each") {
                    questions.push(format!("{:?}", ask.question()));
                    let verdicts = message.recipients.iter().map_while(|to| session.answer("each", to));
                    ask.answer_each(verdicts);
                } else {
                    settle(ask, session.answer("message", &message.sender), questions);
                }
                messages.push(message);
            }
            Step::Xclient(ask) => {
                let verdict = session.answer("xclient", "");
                settle(ask, verdict, questions);
            }
            Step::Xforward(ask) => settle(ask, Some(Verdict::Accept), questions),
            Step::Command(ask) => {
                let verdict = session.answer("command", &ask.question().word);
                let is_rset = ask.question().verb == Verb::Rset;
                if is_rset && is_yes(verdict.as_ref()) {
                    *draft = Message::default();
                }
                settle(ask, verdict, questions);
            }
            other => panic!("a step that nobody knows: {other:?}"),
        }
        true
    }
}

fn is_yes(verdict: Option<&Verdict>) -> bool {
    verdict.is_some_and(Verdict::is_positive)
}

fn settle<Q: Question>(ask: Ask<'_, Q>, answer: Option<Q::Answer>, questions: &mut Vec<String>) {
    questions.push(format!("{:?}", ask.question()));
    if let Some(answer) = answer {
        ask.answer(answer);
    }
}

/// A reply from the text that a client would see, such as `550 5.1.1 No such user`.
pub(crate) fn reply(text: &str) -> Reply {
    let mut words = text.splitn(3, ' ');
    let code = words.next().and_then(|code| code.parse().ok());
    let numbers: Vec<u16> = words.next().unwrap_or("").split('.').flat_map(str::parse).collect();
    let (Some(code), &[class, subject, detail]) = (code, &numbers[..]) else {
        panic!("not a reply: {text}");
    };
    let class = u8::try_from(class).expect("a class is one digit");
    Reply::new(code, (class, subject, detail), words.next().unwrap_or("").to_owned())
}

/// Octets as they would be written in a Rust literal, one line of SMTP a line.
pub(crate) fn shown(octets: &[u8]) -> String {
    octets.escape_ascii().to_string().replace("\\r\\n", "\\r\\n\n")
}

/// Compares octets and shows them as lines where they differ.
#[track_caller]
pub(crate) fn assert_octets(given: &[u8], expected: &[u8], what: &str) {
    assert!(given == expected, "{what}\n--- given\n{}\n--- expected\n{}", shown(given), shown(expected));
}
