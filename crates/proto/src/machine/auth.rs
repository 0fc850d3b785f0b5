//! Runs AUTH (RFC 4954): the exchange of lines and its outcome.
//!
//! # Why
//!
//! A failed token is counted before the client gets the reason, so a client that gives up then does not avoid the
//! count.

use bytes::{Buf, BytesMut};
use zeroize::{Zeroize as _, Zeroizing};

use super::ask::sealed::Apply;
use super::ask::{Ask, Question};
use super::step::{Closing, Step};
use super::{Machine, PENALTY, State, guesses};
use crate::command::Verb;
use crate::facts::ProtocolFacts;
use crate::limits::Limits;
use crate::line::Line;
use crate::offer;
use crate::phase::Phase;
use crate::question::{Challenge, Scram};
use crate::refusal::Refusal;
use crate::reply::{Reply, catalog};
use crate::sasl::{
    self, ClientFirst, Credentials, Exchange, Mechanism, Nonce, Progress, Response, ScramAnswer,
    ScramExchange,
};
use crate::settings::Settings;
use crate::verdict::Answer;

/// Reads `mechanism [initial-response]`.
pub(super) fn parse(
    argument: &[u8],
    settings: &Settings,
    facts: &ProtocolFacts,
) -> Result<(Mechanism, Option<Response>), Reply> {
    let mut words = argument.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
    let name = words.next().ok_or(catalog::BAD_ARGUMENT)?;
    let initial = words.next();
    if words.next().is_some() {
        return Err(catalog::BAD_ARGUMENT);
    }
    let mechanism = Mechanism::by_name(name)
        .filter(|mechanism| settings.mechanisms.contains(mechanism))
        .ok_or(catalog::UNKNOWN_MECHANISM)?;
    if !offer::is_allowed(mechanism, settings, facts) {
        if facts.connection.is_tls && mechanism.needs_certificate() {
            return Err(catalog::BAD_CREDENTIALS);
        }
        // More encryption would not help.
        return Err(if facts.connection.is_tls {
            catalog::UNKNOWN_MECHANISM
        } else {
            catalog::ENCRYPTION_REQUIRED
        });
    }
    let initial = match initial {
        None => None,
        // RFC 4954 §4: "=" is an empty initial response.
        Some(b"=") => Some(Response::default()),
        Some(text) => Some(sasl::decode(text)?),
    };
    Ok((mechanism, initial))
}

impl Machine {
    pub(super) fn begin_auth<'m>(
        &'m mut self,
        mechanism: Mechanism,
        initial: Option<Response>,
        output: &'m mut Vec<u8>,
    ) -> Step<'m> {
        self.progress(Exchange::begin(mechanism, initial), output)
    }

    /// Reads one line of the exchange.
    pub(super) fn sasl_line<'m>(&'m mut self, input: &mut BytesMut, output: &'m mut Vec<u8>) -> Step<'m> {
        let line = self.lines.find(input, self.settings.limits.auth_line);
        if line == Line::Incomplete {
            return Step::NeedInput;
        }
        self.answers_to(Verb::Auth);
        let length = match line {
            Line::Complete(length) => length,
            Line::TooLong if !input.is_empty() => return self.talked_after_auth(output),
            Line::TooLong => return self.progress(Err(catalog::AUTH_LINE_TOO_LONG), output),
            faulty => return self.faulty_line(&faulty, output),
        };
        let line = &input[..length - 2];
        let answer = if line == b"*" { Err(catalog::AUTH_CANCELLED) } else { sasl::decode(line) };
        input[..length].zeroize();
        input.advance(length);
        if !input.is_empty() {
            return self.talked_after_auth(output);
        }
        let State::Authenticating(exchange) = &mut self.state else {
            return Step::Answered;
        };
        let progress = match (exchange.take(), answer) {
            (Some(exchange), Ok(response)) => exchange.go_on(response),
            (_, Err(refusal)) => Err(refusal),
            (None, Ok(_)) => Err(catalog::INTERNAL_ERROR),
        };
        self.progress(progress, output)
    }

    fn progress<'m>(&'m mut self, progress: Result<Progress, Reply>, output: &'m mut Vec<u8>) -> Step<'m> {
        self.state = State::Commands(Phase::Ready);
        match progress {
            Ok(Progress::Challenge(text, exchange)) => {
                self.challenge(&text, exchange, output);
                Step::Answered
            }
            Ok(Progress::External(act_as)) => {
                let judged = match self.facts.connection.certified.as_deref() {
                    Some(user) => sasl::certified(user.to_owned(), act_as),
                    None => Progress::Unprepared(Mechanism::External),
                };
                self.progress(Ok(judged), output)
            }
            Ok(Progress::CramMd5) => Step::Challenge(Ask::new(self, output, Challenge)),
            Ok(Progress::Scram(mechanism, first)) if self.was_downgraded(&first) => {
                self.disprove(Box::new(first.credentials(mechanism)), output)
            }
            Ok(Progress::Scram(mechanism, first)) => {
                let (user, channel_binding) = (first.user.clone(), first.binding());
                Step::Scram(Ask::new(self, output, Scram { mechanism, user, channel_binding, first }))
            }
            Ok(Progress::Credentials(credentials)) => Step::Auth(Ask::new(self, output, credentials)),
            Ok(Progress::Disproved(credentials)) => self.disprove(credentials, output),
            Ok(Progress::Unprepared(mechanism)) => {
                // RFC 4616 §2: verification fails. It counts as a guess; otherwise the client would learn that it was
                // none.
                let explanation = Exchange::error_challenge(mechanism);
                if guesses::repeats_unprepared(&mut self.last_guess, mechanism) {
                    self.refuse_proof(catalog::BAD_CREDENTIALS, explanation, output);
                } else {
                    self.refuse_guess(catalog::BAD_CREDENTIALS, explanation, output);
                }
                Step::AuthUnprepared(mechanism)
            }
            Err(refusal) => self.refuse(refusal, output),
        }
    }

    fn challenge(&mut self, text: &str, exchange: Exchange, output: &mut Vec<u8>) {
        sasl::challenge(text, output);
        // The text of SCRAM is all it takes to guess the password without asking us.
        self.answered.add(catalog::CHALLENGE);
        self.state = State::Authenticating(Some(exchange));
    }

    /// Returns whether the client was made to believe that the server lacks SCRAM-SHA-256-PLUS.
    fn was_downgraded(&self, first: &ClientFirst) -> bool {
        let mut mechanisms = self.settings.mechanisms.iter().filter(|mechanism| mechanism.binds_channel());
        first.takes_us_for_unable_to_bind()
            && mechanisms.any(|&mechanism| offer::is_allowed(mechanism, &self.settings, &self.facts))
    }

    fn disprove<'m>(&'m mut self, credentials: Box<Credentials>, output: &mut Vec<u8>) -> Step<'m> {
        self.refuse_guess(catalog::BAD_CREDENTIALS, None, output);
        Step::AuthRefused(credentials)
    }

    /// Refuses the client's proof and counts a guess. `explanation` is sent first.
    fn refuse_guess(&mut self, reply: Reply, explanation: Option<&str>, output: &mut Vec<u8>) {
        if is_guess(&reply) {
            self.auth_failures += 1;
            // A refusal that closes the connection anyway keeps its words.
            if !reply.hangs_up() && Limits::reached(self.auth_failures, self.settings.limits.auth_failures) {
                self.pause = Some(PENALTY);
                self.say(catalog::TOO_MANY_AUTH_FAILURES, output);
                self.state = State::Closed(Closing::Limit);
                return;
            }
        }
        self.refuse_proof(reply, explanation, output);
    }

    /// Refuses as [`refuse_guess`](Self::refuse_guess) does, but counts only an error.
    fn refuse_proof(&mut self, reply: Reply, explanation: Option<&str>, output: &mut Vec<u8>) {
        self.pause = Some(PENALTY);
        match explanation {
            Some(text) if is_guess(&reply) && !reply.hangs_up() => {
                self.challenge(text, Exchange::Refused(reply), output);
            }
            _ => self.reply(reply, output),
        }
    }
}

/// Returns whether a refusal counts as a guess. A 4yz does not: the credentials were not checked.
fn is_guess(reply: &Reply) -> bool {
    reply.code().get() >= 500
}

impl Machine {
    /// Reports that the client has authenticated already, outside of this session. Call it before the first step. AUTH then
    /// gets `503 5.5.1`. STARTTLS and XCLIENT forget it, like any login.
    pub fn authenticated(&mut self) {
        self.facts.greeting.is_authenticated = true;
    }
}

impl Apply for Credentials {
    type Answer = Answer;

    fn apply(self, answer: Answer, machine: &mut Machine, output: &mut Vec<u8>) {
        self.apply_by(None, answer, machine, output);
    }
}

impl Credentials {
    /// Applies a verdict, and remembers a refused guess by `key` if there is one.
    pub(crate) fn apply_by(
        self,
        key: Option<Zeroizing<[u8; 32]>>,
        answer: Answer,
        machine: &mut Machine,
        output: &mut Vec<u8>,
    ) {
        let refusal = match super::answer::resolve(answer, catalog::AUTHENTICATED, catalog::BAD_CREDENTIALS) {
            Ok(reply) => {
                machine.last_guess = None;
                machine.facts.greeting.is_authenticated = machine.send(Ok(reply), output);
                return;
            }
            Err(refusal) => refusal,
        };
        let explanation = Exchange::error_challenge(self.mechanism());
        let key = key.filter(|_| is_guess(&refusal));
        if key.is_some_and(|key| guesses::repeats(&mut machine.last_guess, &self, key)) {
            machine.refuse_proof(refusal, explanation, output);
        } else {
            machine.refuse_guess(refusal, explanation, output);
        }
    }
}

impl Apply for Challenge {
    type Answer = Result<Nonce, Refusal>;

    fn apply(self, answer: Self::Answer, machine: &mut Machine, output: &mut Vec<u8>) {
        match answer {
            Ok(nonce) => {
                let (challenge, exchange) = Exchange::begin_cram_md5(&nonce, &machine.settings.hostname);
                machine.challenge(&challenge, exchange, output);
            }
            Err(refusal) => machine.refuse_guess(refusal.into(), None, output),
        }
    }
}

impl Apply for Scram {
    type Answer = Result<ScramAnswer, Refusal>;

    fn apply(self, answer: Self::Answer, machine: &mut Machine, output: &mut Vec<u8>) {
        match answer {
            Ok(answer) => {
                let (challenge, exchange) = ScramExchange::begin(self.mechanism, self.first, answer);
                machine.challenge(&challenge, Exchange::ScramFinal(Box::new(exchange)), output);
            }
            Err(refusal) => machine.refuse_guess(refusal.into(), None, output),
        }
    }
}

impl Question for Credentials {}
impl Question for Challenge {}
impl Question for Scram {}
