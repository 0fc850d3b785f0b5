//! Hides credentials from logs and events.

use super::{Machine, State};
use crate::command::{CommandLine, Verb};
use crate::sasl::Mechanism;
use crate::settings::EnvelopeSyntax;

impl Machine {
    /// Returns the command line that the next step will read, without CRLF, for logs and events. It is `None` if the
    /// line is incomplete or too long, or if the client is sending a message. The next step does not look for the line
    /// again.
    ///
    /// Credentials are left out. An AUTH shows only its mechanism, and a response within AUTH nothing. After an AUTH,
    /// unknown commands are hidden too: a client may go on to send credentials after a refusal.
    #[must_use]
    pub fn upcoming_command<'i>(&mut self, input: &'i [u8]) -> Option<&'i [u8]> {
        if self.lines.is_overlong() || !matches!(self.state, State::Commands(_) | State::Authenticating(_)) {
            return None;
        }
        let line = &input[..self.lines.feed(input)?];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if matches!(self.state, State::Authenticating(_)) {
            return Some(if line == b"*" {
                line
            } else {
                b"(response; left out, as it may hold credentials)"
            });
        }
        let command = |syntax| CommandLine::cut(line, self.facts.connection.protocol, syntax);
        if looks_like_auth(line) {
            // If white space makes the mechanism uncertain, none of it is shown.
            let command = command(EnvelopeSyntax::Strict);
            let word = command.argument.split(|&byte| byte == b' ').next().unwrap_or_default();
            let is_mechanism = command.verb == Verb::Auth && Mechanism::by_name(word).is_some();
            return Some(if is_mechanism { &line[..b"AUTH ".len() + word.len()] } else { b"AUTH" });
        }
        let is_none =
            |command: CommandLine<'_>| command.verb == Verb::Other && !self.is_own_verb(command.word);
        if self.facts.connection.has_tried_auth && is_none(command(self.settings.envelope)) {
            return Some(b"(no command; left out, as it may hold credentials)");
        }
        Some(line)
    }

    /// Returns whether a word is a verb of the application.
    pub(super) fn is_own_verb(&self, word: &[u8]) -> bool {
        self.settings.verbs.iter().any(|verb| word.eq_ignore_ascii_case(verb.as_bytes()))
    }
}

/// Returns whether a line is an AUTH, even a misspelled one. Credentials may follow.
pub(super) fn looks_like_auth(line: &[u8]) -> bool {
    let start = line.iter().position(u8::is_ascii_graphic).unwrap_or_default();
    line[start..].get(..4).is_some_and(|word| word.eq_ignore_ascii_case(b"AUTH"))
}
