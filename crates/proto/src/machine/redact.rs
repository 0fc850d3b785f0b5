//! What logs and events may be shown of the command that comes next.

use super::{Machine, State};
use crate::command::{CommandLine, Verb};
use crate::sasl::Mechanism;
use crate::settings::EnvelopeSyntax;

impl Machine {
    /// The command line that the next step will read, without its CRLF, for logs and events; `None` when it is
    /// not whole yet, when part of it was dropped for its length, or when no command is awaited.
    ///
    /// Credentials are left out: all that AUTH carries beyond its mechanism, and, once a client has said AUTH, lines
    /// that are no command. A client that sends on after a refused AUTH sends those.
    #[must_use]
    pub fn upcoming_command<'i>(&self, input: &'i [u8]) -> Option<&'i [u8]> {
        if self.lines.is_overlong() || !matches!(self.state, State::Commands(_)) {
            return None;
        }
        let line = &input[..memchr::memchr(b'\n', input)?];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let command = |syntax| CommandLine::cut(line, self.facts.protocol, syntax);
        if looks_like_auth(line) {
            // Where white space leaves the mechanism in doubt, nothing of it is shown.
            let command = command(EnvelopeSyntax::Strict);
            let word = command.argument.split(|&octet| octet == b' ').next().unwrap_or_default();
            let is_mechanism = command.verb == Verb::Auth && Mechanism::by_name(word).is_some();
            return Some(if is_mechanism { &line[..b"AUTH ".len() + word.len()] } else { b"AUTH" });
        }
        let is_none =
            |command: CommandLine<'_>| command.verb == Verb::Other && !self.is_own_verb(command.word);
        if self.facts.has_tried_auth && is_none(command(self.settings.envelope)) {
            return Some(b"(no command; left out, as it may hold credentials)");
        }
        Some(line)
    }

    /// Whether a word is a verb of the application's own.
    pub(super) fn is_own_verb(&self, word: &[u8]) -> bool {
        self.settings.verbs.iter().any(|verb| word.eq_ignore_ascii_case(verb.as_bytes()))
    }
}

/// Whether a line is an AUTH, also a misspelt one: what stands behind it may be credentials.
pub(super) fn looks_like_auth(line: &[u8]) -> bool {
    let start = line.iter().position(u8::is_ascii_graphic).unwrap_or_default();
    line[start..].get(..4).is_some_and(|word| word.eq_ignore_ascii_case(b"AUTH"))
}
