//! AUTH (RFC 4954): the exchange of lines, and what its outcome does.

use bytes::{Buf, BytesMut};

use super::{Facts, Machine, PENALTY, State};
use crate::ask::sealed::Settle;
use crate::ask::{Ask, Question};
use crate::extension;
use crate::limits::Limits;
use crate::line::Line;
use crate::phase::Phase;
use crate::reply::{Reply, catalog};
use crate::sasl::{self, Credentials, Exchange, Mechanism, Progress};
use crate::settings::Settings;
use crate::step::{Closing, Step};
use crate::verdict::Verdict;

/// Reads `mechanism [initial-response]`.
pub(super) fn parse(
    argument: &[u8],
    settings: &Settings,
    facts: &Facts,
) -> Result<(Mechanism, Option<Vec<u8>>), Reply> {
    let mut words = argument.split(|&octet| octet == b' ').filter(|word| !word.is_empty());
    let name = words.next().ok_or(catalog::BAD_ARGUMENT)?;
    let initial = words.next();
    if words.next().is_some() {
        return Err(catalog::BAD_ARGUMENT);
    }
    let mechanism = Mechanism::by_name(name)
        .filter(|mechanism| settings.mechanisms.contains(mechanism))
        .ok_or(catalog::UNKNOWN_MECHANISM)?;
    if !extension::is_allowed(mechanism, settings, facts) {
        return Err(catalog::ENCRYPTION_REQUIRED);
    }
    let initial = match initial {
        None => None,
        // RFC 4954 §4: "=" is an initial response of no octets.
        Some(b"=") => Some(Vec::new()),
        Some(text) => Some(sasl::decode(text)?),
    };
    Ok((mechanism, initial))
}

impl Machine {
    pub(super) fn begin_auth<'m>(
        &'m mut self,
        mechanism: Mechanism,
        initial: Option<Vec<u8>>,
        output: &'m mut Vec<u8>,
    ) -> Step<'m> {
        self.progress(Exchange::begin(mechanism, initial), output)
    }

    /// Reads one line of the exchange.
    pub(super) fn sasl_line<'m>(&'m mut self, input: &mut BytesMut, output: &'m mut Vec<u8>) -> Step<'m> {
        let length = match self.lines.find(input, self.settings.limits.auth_line) {
            Line::Incomplete => return Step::NeedInput,
            Line::Complete(length) => length,
            Line::TooLong if !input.is_empty() => return self.talked_behind_auth(output),
            Line::TooLong => return self.progress(Err(catalog::AUTH_LINE_TOO_LONG), output),
            faulty => return self.faulty_line(&faulty, output),
        };
        let line = &input[..length - 2];
        let answer = if line == b"*" { Err(catalog::AUTH_CANCELLED) } else { sasl::decode(line) };
        input.advance(length);
        if !input.is_empty() {
            return self.talked_behind_auth(output);
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
        match progress {
            Ok(Progress::Challenge(text, exchange)) => {
                sasl::challenge(text, output);
                self.state = State::Authenticating(Some(exchange));
                Step::Answered
            }
            Ok(Progress::Credentials(credentials)) => {
                self.state = State::Commands(Phase::Ready);
                Step::Auth(Ask::new(self, output, credentials))
            }
            Err(refusal) => {
                self.state = State::Commands(Phase::Ready);
                self.refuse(refusal, output)
            }
        }
    }
}

impl Settle for Credentials {
    fn settle(self, verdict: Verdict, machine: &mut Machine, output: &mut Vec<u8>) {
        match super::answer::weigh(verdict, catalog::AUTHENTICATED, catalog::BAD_CREDENTIALS) {
            Ok(reply) => {
                machine.facts.is_authenticated = machine.give(Ok(reply), output);
            }
            Err(reply) => {
                // A 4yz says that nobody could tell: no guess was made.
                let is_guess = reply.code().get() >= 500;
                machine.auth_failures += u32::from(is_guess);
                if is_guess && Limits::reached(machine.auth_failures, machine.settings.limits.auth_failures) {
                    catalog::TOO_MANY_AUTH_FAILURES.encode(output);
                    machine.state = State::Closed(Closing::Limit);
                } else {
                    machine.reply(reply, output);
                }
                machine.pause = Some(PENALTY);
            }
        }
    }
}

impl Question for Credentials {}
