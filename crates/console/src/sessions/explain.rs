//! The meaning of lines, from the tables that explain them for the whole of Mailchute.

use mailchute::Disconnect;
use mailchute::command::Verb;
use mailchute::explain::{self, Explanation};
use mailchute::tls::TlsFacts;

/// The meaning of a line, or of a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Meaning {
    /// The part of the line. Empty for the whole line.
    pub(crate) part: String,
    pub(crate) explanation: Explanation,
}

impl From<Explanation> for Meaning {
    fn from(explanation: Explanation) -> Self {
        Self { part: String::new(), explanation }
    }
}

/// Explains the parts of a command.
pub(super) fn command(line: &str) -> Vec<Meaning> {
    let parts = explain::command(line).into_iter();
    parts
        .map(|part| Meaning {
            part: line.get(part.range).unwrap_or_default().to_owned(),
            explanation: part.explanation,
        })
        .collect()
}

/// Explains each line of a reply to a command, or of one that comes unasked.
pub(super) fn reply(wire: &str, command: Option<&str>) -> Vec<Option<Meaning>> {
    let word = |line: &str| line.split([' ', ':']).next().map(|word| Verb::of(word.as_bytes()));
    // A response within AUTH is left out.
    let verb = command.and_then(|line| if line.starts_with('(') { Some(Verb::Auth) } else { word(line) });
    explain::server_lines(wire, verb).into_iter().map(|line| line.explanation.map(Meaning::from)).collect()
}

/// Explains the facts of TLS.
pub(super) fn secure(facts: &TlsFacts) -> Vec<Meaning> {
    explain::tls(facts).into_iter().map(Meaning::from).collect()
}

pub(super) fn handshake_failed() -> Vec<Meaning> {
    vec![explain::handshake_failed().into()]
}

/// Explains the end of a session.
pub(super) fn end(cause: Disconnect) -> Vec<Meaning> {
    vec![explain::disconnect(cause).into()]
}
