//! Clients that talk before it is their turn: before the greeting, and behind AUTH.
//!
//! Octets that come before the reply they should wait for were not written by somebody who knows that reply. Before
//! the greeting that is another protocol, or, where the greeting is held back, a spammer; within AUTH they may be
//! credentials that would be run as commands, or commands that somebody has put there.

use bytes::BytesMut;

use super::ask::{Ask, Question};
use super::refusal::Refusal;
use super::step::{Closing, Step};
use super::{Machine, State, TLS_HANDSHAKE_RECORD};
use crate::question::{Connect, Scram};
use crate::reply::catalog;
use crate::sasl::Credentials;

/// How the two versions of HAProxy's PROXY header begin, and the first record of TLS.
const OTHER_PROTOCOLS: [&[u8]; 3] = [b"PROXY ", b"\r\n\r\n\0\r\nQUIT\n", &[TLS_HANDSHAKE_RECORD]];

/// Whether octets are no SMTP but a header that this client was not to send, or TLS. Nothing is said to that.
fn is_other_protocol(input: &[u8]) -> bool {
    OTHER_PROTOCOLS.iter().any(|header| input.starts_with(header))
}

impl Machine {
    /// Before the greeting: asks about the client, unless it has talked when it must not.
    pub(super) fn connect<'m>(&'m mut self, input: &BytesMut, output: &'m mut Vec<u8>) -> Step<'m> {
        let ask = Ask::new(self, output, Connect);
        if ask.is_out_of_turn(input) {
            ask.talked_ahead(input);
            return Step::Answered;
        }
        Step::Connect(ask)
    }

    pub(crate) fn demands_silence(&self) -> bool {
        self.settings.silence_before_greeting
    }

    pub(super) fn talked_behind_auth<'m>(&'m mut self, output: &mut Vec<u8>) -> Step<'m> {
        self.refuse(Refusal::violation(catalog::TALKED_BEHIND_AUTH), output)
    }
}

impl Ask<'_, Connect> {
    /// Whether `input` ends the session when it is there before the greeting: another protocol always, commands where
    /// [silence](crate::Settings::silence_before_greeting) is demanded.
    #[must_use]
    pub fn is_out_of_turn(&self, input: &[u8]) -> bool {
        !input.is_empty() && (self.demands_silence() || is_other_protocol(input))
    }

    /// The client has sent `input` without waiting for the greeting: answers `554 5.5.0` and closes, or closes
    /// without a word if that is a PROXY header or a `ClientHello` of TLS.
    pub fn talked_ahead(mut self, input: &[u8]) {
        let (machine, output) = self.withdraw();
        if is_other_protocol(input) {
            machine.state = State::Closed(Closing::Violation);
        } else {
            machine.reply(Refusal::violation(catalog::TALKED_BEFORE_GREETING), output);
        }
    }
}

impl Ask<'_, Credentials> {
    /// The client has sent more without waiting for the outcome: answers `503 5.5.0` and closes.
    pub fn talked_ahead(self) {
        self.talked_behind_auth();
    }
}

impl Ask<'_, Scram> {
    /// The client has sent more without waiting for the challenge: answers `503 5.5.0` and closes.
    pub fn talked_ahead(self) {
        self.talked_behind_auth();
    }
}

impl<Q: Question> Ask<'_, Q> {
    fn talked_behind_auth(mut self) {
        let (machine, output) = self.withdraw();
        machine.reply(Refusal::violation(catalog::TALKED_BEHIND_AUTH), output);
    }
}
