//! The effect of each answer on the conversation.
//!
//! # Why
//!
//! A hook's positive reply keeps its text but not its code, except 251 at RCPT. A 250 where the client waits for a 354
//! would break the conversation.

use super::ask::Question;
use super::ask::sealed::Apply;
use super::outgoing::Refused;
use super::step::Closing;
use super::{Machine, State};
use crate::client::{XClient, XForward};
use crate::command::Verb;
use crate::envelope::{Recipient, Sender};
use crate::extension::Extension;
use crate::facts::Transaction;
use crate::params::BodyKind;
use crate::phase::Phase;
use crate::protocol::Protocol;
use crate::question::{Command, Connect, Data, Ehlo, EndOfChunk, EndOfData, StartTls, Transfer};
use crate::reply::{Code, LINE_BYTES, Reply, catalog, is_printable, printable};
use crate::verdict::{Answer, Verdict};

/// Resolves a verdict to the reply to send: `Ok` if it accepts, `Err` if it refuses.
///
/// A hook's positive reply keeps its text and enhanced code, but gets the code that the stage requires. A reply that
/// asks the client for more (3yz) fits no stage and counts as an internal error.
#[inline]
pub(super) fn resolve(answer: Answer, accepted: Reply, refused: Reply) -> Result<Reply, Reply> {
    match answer {
        Ok(Verdict::Accept) => Ok(accepted),
        Ok(Verdict::Refuse) => Err(refused),
        Ok(Verdict::AcceptWith(reply)) if reply.is_positive() => Ok(reply.with_code(accepted.code())),
        Ok(Verdict::AcceptWith(_)) => Err(catalog::INTERNAL_ERROR),
        Err(refusal) => Err(refusal.into()),
    }
}

impl Machine {
    /// Sends a resolved reply and returns whether it accepts.
    pub(super) fn send(&mut self, resolved: Result<Reply, Reply>, output: &mut Vec<u8>) -> bool {
        let is_yes = resolved.is_ok();
        let (Ok(reply) | Err(reply)) = resolved;
        self.reply(reply, output);
        is_yes && !matches!(self.state, State::Closed(_))
    }

    /// Returns how many bytes of text a line holds besides the name of the server.
    fn most_beside_hostname(&self) -> usize {
        LINE_BYTES.saturating_sub(self.settings.hostname.len() + 1)
    }

    fn hostname_and(&self, text: &str) -> String {
        let most = self.most_beside_hostname();
        let hostname = &*self.settings.hostname;
        let mut line = String::with_capacity(hostname.len() + 1 + text.len().min(most));
        line.push_str(hostname);
        if text.len() <= most && is_printable(text) {
            if !text.is_empty() {
                line.push(' ');
                line.push_str(text);
            }
            return line;
        }
        let first = text.lines().next().unwrap_or_default();
        if !first.is_empty() {
            line.push(' ');
            line.extend(first.chars().map(printable).take(most));
        }
        line
    }
}

impl Apply for Connect {
    type Answer = Answer;

    fn apply(self, answer: Answer, machine: &mut Machine, output: &mut Vec<u8>) {
        machine.greet(answer, output);
    }
}

impl Apply for XClient {
    type Answer = Answer;

    fn apply(self, answer: Answer, machine: &mut Machine, output: &mut Vec<u8>) {
        machine.facts.begin_greeting();
        machine.facts.greeting.is_authenticated =
            self.login.as_ref().is_some_and(|login| login.known().is_some());
        // The certificate belongs to the proxy.
        machine.facts.connection.is_for_another = true;
        machine.greet(answer, output);
    }
}

impl Apply for XForward {
    type Answer = Answer;

    fn apply(self, answer: Answer, machine: &mut Machine, output: &mut Vec<u8>) {
        let is_yes = machine.send(resolve(answer, catalog::OK, catalog::COMMAND_REFUSED), output);
        machine.facts.transaction.is_forwarded |= is_yes;
    }
}

impl Machine {
    /// Greets a new client, after a connection or an XCLIENT.
    fn greet(&mut self, answer: Answer, output: &mut Vec<u8>) {
        let greeting = match self.facts.connection.protocol {
            Protocol::Smtp => catalog::GREETING,
            Protocol::Lmtp => catalog::LMTP_GREETING,
        };
        match resolve(answer, greeting, catalog::CONNECTION_REFUSED) {
            Ok(mut reply) => {
                self.state = State::Commands(Phase::Greeted);
                let hangs_up = reply.hangs_up();
                self.edit_standard(&mut reply, self.most_beside_hostname());
                let line = self.hostname_and(reply.text());
                self.say_lines(reply.without_enhanced().with_text(line), output);
                if hangs_up {
                    self.state = State::Closed(Closing::HungUp);
                }
            }
            Err(reply) => {
                // It refuses no command, so it does not count as an error.
                let hangs_up = reply.hangs_up();
                self.say(reply, output);
                self.state = if hangs_up {
                    State::Closed(Closing::HungUp)
                } else {
                    State::Commands(Phase::TurnedAway)
                };
            }
        }
    }
}

impl Apply for Ehlo {
    type Answer = Answer;

    fn apply(self, answer: Answer, machine: &mut Machine, output: &mut Vec<u8>) {
        match resolve(answer, catalog::HELLO, catalog::HELO_REFUSED) {
            Err(reply) => machine.reply(reply.without_enhanced(), output),
            Ok(_) if machine.is_junk_too_much(output) => {}
            Ok(mut reply) => {
                machine.end_transaction();
                machine.facts.greeting.is_extended = self.is_extended;
                let hangs_up = reply.hangs_up();
                machine.edit_standard(&mut reply, machine.most_beside_hostname());
                let mut lines = machine.hostname_and(reply.text());
                if self.verb != Verb::Helo {
                    machine.offer().append_keywords(&mut lines);
                }
                machine.say_lines(reply.without_enhanced().with_text(lines), output);
                if hangs_up {
                    machine.state = State::Closed(Closing::HungUp);
                }
            }
        }
    }
}

impl Apply for StartTls {
    type Answer = Answer;

    fn apply(self, answer: Answer, machine: &mut Machine, output: &mut Vec<u8>) {
        if machine.send(resolve(answer, catalog::READY_FOR_TLS, catalog::TLS_REFUSED), output) {
            machine.state = State::Handshake;
        }
    }
}

impl Apply for Sender {
    type Answer = Answer;

    fn apply(self, answer: Answer, machine: &mut Machine, output: &mut Vec<u8>) {
        if machine.send(resolve(answer, catalog::SENDER_OK, catalog::SENDER_REFUSED), output) {
            machine.transactions += 1;
            machine.facts.transaction = Transaction {
                is_utf8: self.parameters.smtputf8,
                is_binary: self.parameters.body == Some(BodyKind::BinaryMime),
                ..Transaction::default()
            };
            machine.state = State::Commands(Phase::NEW_TRANSACTION);
        }
    }
}

impl Apply for Recipient {
    type Answer = Answer;

    fn apply(self, answer: Answer, machine: &mut Machine, output: &mut Vec<u8>) {
        let forwards = matches!(&answer, Ok(Verdict::AcceptWith(reply)) if reply.code().get() == 251);
        let mut resolved = resolve(answer, catalog::RECIPIENT_OK, catalog::RECIPIENT_REFUSED);
        if let (true, Ok(reply), Some(code)) = (forwards, &resolved, Code::new(251)) {
            // RFC 5321 §3.4: 251 also accepts and tells that the user is elsewhere.
            resolved = Ok(reply.clone().with_code(code));
        }
        let is_yes = machine.send(resolved, output);
        if let State::Commands(Phase::Transaction { recipients, any_refused }) = &mut machine.state {
            machine.facts.transaction.recipient_bytes +=
                if is_yes { size_of::<Self>() + self.held_bytes() } else { 0 };
            *recipients += usize::from(is_yes);
            *any_refused |= !is_yes;
        }
    }
}

impl Apply for Data {
    type Answer = Answer;

    fn apply(self, answer: Answer, machine: &mut Machine, output: &mut Vec<u8>) {
        match (resolve(answer, catalog::START_DATA, catalog::MESSAGE_REFUSED), self.transfer) {
            (Ok(reply), _) if reply.hangs_up() => machine.reply(catalog::HUNG_UP, output),
            (Ok(_), Transfer::Dot) => {
                machine.say(catalog::START_DATA, output);
                machine.begin_body();
            }
            (Ok(_), Transfer::Chunks(chunk)) => machine.begin_chunks(chunk),
            (Err(refusal), Transfer::Chunks(chunk)) => {
                machine.begin_skip(chunk, Refused::ForAll(refusal), Phase::Ready);
            }
            (Err(refusal), Transfer::Dot) => {
                machine.end_transaction();
                machine.reply(refusal, output);
            }
        }
    }
}

impl Apply for Command {
    type Answer = Answer;

    fn apply(self, answer: Answer, machine: &mut Machine, output: &mut Vec<u8>) {
        let standard = match self.verb {
            Verb::Quit => catalog::GOODBYE,
            Verb::Vrfy => catalog::CANNOT_VERIFY,
            Verb::Expn => catalog::NOT_IMPLEMENTED,
            Verb::Help => machine.help(),
            Verb::Other => catalog::UNKNOWN_COMMAND,
            _ => catalog::OK,
        };
        let mut reply = match answer {
            Ok(Verdict::Accept) => standard,
            // An application's own command, VRFY and EXPN may answer with their own code.
            Ok(Verdict::AcceptWith(reply)) if reply.is_positive() => reply,
            Ok(Verdict::AcceptWith(_)) => catalog::INTERNAL_ERROR,
            Ok(Verdict::Refuse) => catalog::COMMAND_REFUSED,
            Err(refusal) => refusal.into(),
        };
        let is_yes = reply.is_positive();
        if is_yes && self.verb != Verb::Quit && machine.is_junk_too_much(output) {
            return;
        }
        if matches!(self.verb, Verb::Vrfy | Verb::Expn) {
            reply.set_utf8(self.smtputf8);
        }
        machine.reply(reply, output);
        match (self.verb, &machine.state) {
            (_, State::Closed(_)) => {}
            (Verb::Quit, _) => machine.state = State::Closed(Closing::Quit),
            (Verb::Rset, State::Commands(Phase::Transaction { .. } | Phase::Chunks)) if is_yes => {
                machine.end_transaction();
            }
            // XFORWARD comes before the transaction that it belongs to.
            (Verb::Rset, _) if is_yes => machine.facts.transaction = Transaction::default(),
            _ => {}
        }
    }
}

impl Machine {
    fn help(&self) -> Reply {
        let offer = self.offer();
        let has_chunks = !offer.lacks(Extension::Chunking);
        let auth = !self.settings.mechanisms.is_empty() && !offer.lacks(Extension::Auth);
        let mut verbs = match self.facts.connection.protocol {
            Protocol::Smtp => vec!["EHLO", "HELO"],
            Protocol::Lmtp => vec!["LHLO"],
        };
        verbs.extend(["MAIL", "RCPT", "DATA"]);
        verbs.extend(has_chunks.then_some("BDAT"));
        verbs.extend(["RSET", "NOOP", "QUIT", "VRFY", "EXPN", "HELP"]);
        verbs.extend(offer.has_starttls().then_some("STARTTLS"));
        verbs.extend(auth.then_some("AUTH"));
        if self.facts.connection.is_trusted {
            verbs.extend(["XCLIENT", "XFORWARD"]);
        }
        verbs.extend(self.settings.verbs.iter().map(String::as_str));
        catalog::help(&verbs)
    }
}

impl Question for Connect {}
impl Question for Ehlo {}
impl Question for StartTls {}
impl Question for Sender {}
impl Question for Recipient {}
impl Question for Data {}
impl Question for EndOfChunk {}
impl Question for EndOfData {}
impl Question for Command {}
impl Question for XClient {}
impl Question for XForward {}
