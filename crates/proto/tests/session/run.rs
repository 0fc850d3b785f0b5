//! A running session: steps the machine, answers its questions and writes the record.

use bytes::BytesMut;
use mailchute_proto::catalog;
use mailchute_proto::{Answer, Answered, Ask, EhloEdits, Machine, Question, Step, Verb, Verdict};

use super::{Edit, Message, Record, Session};

/// A running session.
#[derive(Debug)]
pub(crate) struct Run<'s> {
    session: &'s Session,
    pub(crate) machine: Machine,
    input: BytesMut,
    /// The client's input of the current line.
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
        let machine = machine.speaking(session.protocol);
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
            record: Record { protocol: session.protocol, ..Record::default() },
        };
        run.work();
        run
    }

    /// Sends one piece as a client does: input after AUTH, or after an answer within it, waits for the reply.
    pub(crate) fn feed(&mut self, piece: &[u8]) {
        let mut rest = piece;
        while let Some(feed) = rest.iter().position(|&byte| byte == b'\n') {
            let (line, behind) = rest.split_at(feed + 1);
            self.line.extend_from_slice(line);
            // After the bytes of a chunk a command begins in the middle of a line; waiting too often does no harm.
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
        output.rsplit(|&byte| byte == b'\n').next().is_some_and(|line| line.starts_with(b"334"))
    }

    /// Gives the machine one piece of input, whatever it holds.
    pub(crate) fn feed_at_once(&mut self, piece: &[u8]) {
        self.input.extend_from_slice(piece);
        self.work();
    }

    /// Steps until the machine needs more input.
    fn work(&mut self) {
        while self.step() {
            self.record.held_back.extend(self.machine.take_pause().map(|_| self.record.output.len()));
        }
        let limits = &self.session.settings.limits;
        let bound = limits.command_line.max(limits.auth_line).max(8);
        let waiting = self.input.len();
        assert!(self.record.closing.is_some() || waiting <= bound, "{waiting} bytes wait in the input");
    }

    /// Returns the room for input, in bytes.
    pub(crate) fn room(&self) -> usize {
        self.input.capacity()
    }

    /// Returns the bytes of the current message so far.
    pub(crate) fn drafted(&self) -> usize {
        self.draft.content.len()
    }

    /// Performs the TLS handshake, if the machine has asked for one.
    pub(crate) fn shake_hands(&mut self) {
        if std::mem::take(&mut self.awaits_handshake) {
            if let Some(name) = &self.session.certificate {
                self.machine.certified(name);
            }
            self.machine.secured();
        }
    }

    /// Runs one step, and returns whether there may be another.
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
            Step::Connect(ask) => apply(ask, session.answer("connect", ""), questions),
            Step::Ehlo(mut ask) => {
                for change in &session.edits {
                    edit(ask.edits_mut(), change);
                }
                let verdict = session.answer("ehlo", ask.question().name.as_str());
                apply(ask, verdict, questions);
            }
            Step::StartTls(ask) => apply(ask, session.answer("starttls", ""), questions),
            Step::Challenge(ask) => {
                let nonce = session.nonce();
                apply(ask, Some(nonce), questions);
            }
            Step::Scram(ask) => {
                let answer = session.scram(ask.question());
                apply(ask, Some(answer), questions);
            }
            Step::AuthRefused(credentials) => questions.push(format!("disproved {credentials:?}")),
            Step::AuthUnprepared(mechanism) => questions.push(format!("unprepared {mechanism}")),
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
                apply(ask, verdict, questions);
            }
            Step::Rcpt(ask) => {
                let recipient = ask.question().to_string();
                let verdict = session.answer("rcpt", &recipient);
                if is_yes(verdict.as_ref()) {
                    draft.recipients.push(recipient);
                }
                apply(ask, verdict, questions);
            }
            Step::Data(ask) if session.answers.iter().any(|answer| answer.stage == "data-each") => {
                questions.push(format!("{:?}", ask.question()));
                ask.refuse_each(draft.recipients.iter().map_while(|to| session.answer("data-each", to)));
            }
            Step::Data(ask) => apply(ask, session.answer("data", &draft.sender), questions),
            Step::Body(bytes) => {
                assert!(!bytes.is_empty(), "Step::Body is never empty");
                draft.content.extend_from_slice(&bytes);
            }
            Step::BodyRefused(refusal) => assert!(refusal.is_refusal()),
            Step::EndOfChunk(ask) => apply(ask, session.answer("chunk", &draft.sender), questions),
            Step::EndOfData(ask) => {
                let message = Message { replied_at: written, ..std::mem::take(draft) };
                assert_eq!(ask.question().size, message.content.len() as u64);
                assert_eq!(ask.question().recipients, message.recipients.len());
                if session.answers.iter().any(|answer| answer.stage == "each") {
                    questions.push(format!("{:?}", ask.question()));
                    let verdicts = message.recipients.iter().map_while(|to| session.answer("each", to));
                    ask.answer_each(verdicts);
                } else {
                    apply(ask, session.answer("message", &message.sender), questions);
                }
                messages.push(message);
            }
            Step::Xclient(ask) => {
                let verdict = session.answer("xclient", "");
                apply(ask, verdict, questions);
            }
            Step::Xforward(ask) => apply(ask, Some(Ok(Verdict::Accept)), questions),
            Step::Command(ask) => {
                let verdict = session.answer("command", &ask.question().word);
                let is_rset = ask.question().verb == Verb::Rset;
                if is_rset && is_yes(verdict.as_ref()) {
                    *draft = Message::default();
                }
                apply(ask, verdict, questions);
            }
            other => panic!("a step that nobody knows: {other:?}"),
        }
        check_answered(self.machine.take_answered(), &self.record.output[written..]);
        true
    }
}

/// Checks that logs and events get exactly what was written, except for the text of a challenge.
fn check_answered(answered: Answered, written: &[u8]) {
    if answered.replies() == [catalog::CHALLENGE] {
        return assert!(written.starts_with(b"334 "), "{}", written.escape_ascii());
    }
    let mut told = Vec::new();
    answered.into_iter().for_each(|reply| reply.encode(&mut told));
    assert!(told == written, "{} was told, {} written", told.escape_ascii(), written.escape_ascii());
}

fn is_yes(answer: Option<&Answer>) -> bool {
    answer.is_some_and(|answer| answer.as_ref().is_ok_and(Verdict::is_positive))
}

fn apply<Q: Question>(ask: Ask<'_, Q>, answer: Option<Q::Answer>, questions: &mut Vec<String>) {
    questions.push(format!("{:?}", ask.question()));
    if let Some(answer) = answer {
        ask.answer(answer);
    }
}

fn edit(edits: &mut EhloEdits, change: &Edit) {
    match change {
        Edit::Disable(extension) => Ok(edits.disable(*extension)),
        Edit::Size(bytes) => Ok(edits.set_max_message_size(*bytes)),
        Edit::Announce(line) => edits.announce(line),
        Edit::MailParameter(name) => edits.accept_mail_parameter(name),
        Edit::RcptParameter(name) => edits.accept_rcpt_parameter(name),
    }
    .expect("an edit that can be made");
}
