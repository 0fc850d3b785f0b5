//! Refuses clients that send too early: before the greeting, or after AUTH.
//!
//! The sender of such input does not know the reply it should wait for. Before the greeting it speaks another
//! protocol, or it is a spammer if the greeting is delayed. After AUTH the input may be credentials that would run as
//! commands, or commands that someone injected.
//!
//! # Why
//!
//! The machine sees what follows a line. The driver sees what arrives while a hook is awaited, and tells the machine.
//! Without a greeting delay, early commands are answered after the greeting: a race of a millisecond must not cost
//! mail. Another protocol closes the connection in both cases. The same rules hold inside TLS after the handshake.
//! Only at these two places do replies depend on how the input is split.

use bytes::BytesMut;

use super::ask::{Ask, Question};
use super::outgoing::Outgoing;
use super::step::{Closing, Step};
use super::{Machine, State, TLS_HANDSHAKE_RECORD};
use crate::question::{Connect, Scram};
use crate::reply::catalog;
use crate::sasl::Credentials;

/// The start of both versions of HAProxy's PROXY header, and of a TLS record.
const OTHER_PROTOCOLS: [&[u8]; 3] = [b"PROXY ", b"\r\n\r\n\0\r\nQUIT\n", &[TLS_HANDSHAKE_RECORD]];

/// Returns whether the input is a PROXY header that the client must not send, or TLS. These get no reply.
fn is_other_protocol(input: &[u8]) -> bool {
    OTHER_PROTOCOLS.iter().any(|header| input.starts_with(header))
}

impl Machine {
    /// Asks about a new client, unless it sent input too early.
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

    pub(super) fn talked_after_auth<'m>(&'m mut self, output: &mut Vec<u8>) -> Step<'m> {
        self.refuse(Outgoing::violation(catalog::TALKED_BEHIND_AUTH), output)
    }
}

impl Ask<'_, Connect> {
    /// Returns whether `input` before the greeting ends the session. Another protocol always does; commands do if
    /// [silence](crate::Settings::silence_before_greeting) is required.
    #[must_use]
    pub fn is_out_of_turn(&self, input: &[u8]) -> bool {
        !input.is_empty() && (self.demands_silence() || is_other_protocol(input))
    }

    /// Refuses `input` sent before the greeting: answers `554 5.5.0` and closes. For a PROXY header or a TLS
    /// `ClientHello` it closes without a reply.
    pub fn talked_ahead(mut self, input: &[u8]) {
        let (machine, output) = self.withdraw();
        if is_other_protocol(input) {
            machine.state = State::Closed(Closing::Violation);
        } else {
            machine.reply(Outgoing::violation(catalog::TALKED_BEFORE_GREETING), output);
        }
    }
}

impl Ask<'_, Credentials> {
    /// Refuses input that the client sent before the outcome: answers `503 5.5.0` and closes.
    pub fn talked_ahead(self) {
        self.talked_after_auth();
    }
}

impl Ask<'_, Scram> {
    /// Refuses input that the client sent before the challenge: answers `503 5.5.0` and closes.
    pub fn talked_ahead(self) {
        self.talked_after_auth();
    }
}

impl<Q: Question> Ask<'_, Q> {
    fn talked_after_auth(mut self) {
        let (machine, output) = self.withdraw();
        machine.reply(Outgoing::violation(catalog::TALKED_BEHIND_AUTH), output);
    }
}
