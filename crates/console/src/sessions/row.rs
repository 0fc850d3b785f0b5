//! The rows of a transcript, from the records of a session.

use std::time::Duration;

use mailchute::syntax::escaped;

use super::explain::{self, Meaning};
use super::kept::Kept;
use super::record::{Record, Refused};
use super::refusal::Refuser;
use super::summary::{Said, said};

/// A row of a transcript.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// The number of its record in the session. Rows of later records are added after it, and it stays as it is.
    pub(crate) record: u64,
    /// The time since the begin of the session.
    pub(crate) at: Duration,
    /// The time since the row before.
    pub(crate) since_last: Duration,
    pub(crate) speaker: Speaker,
    /// The text, without control characters.
    pub(crate) text: String,
    /// Its bytes on the wire, if they are known.
    pub(crate) bytes: Option<u64>,
    pub(crate) meanings: Vec<Meaning>,
    pub(crate) is_refusal: bool,
}

/// Where a row comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaker {
    Client,
    /// The content of a message, which the client sent.
    Content,
    Server,
    /// A note, which is not on the wire.
    Note,
}

/// The rows so far.
pub(super) struct Rows<'a> {
    kept: &'a Kept,
    rows: Vec<Row>,
    /// The command that the next reply answers.
    pub(super) command: Option<&'a str>,
    /// Content comes, and has no row yet.
    awaits_content: bool,
    last: Duration,
    at: Duration,
    record: u64,
}

impl<'a> Rows<'a> {
    pub(super) fn of(kept: &'a Kept, mut each: impl FnMut(u64, &Record<'a>, &Self)) -> Vec<Row> {
        let mut rows = Self {
            kept,
            rows: Vec::new(),
            command: None,
            awaits_content: false,
            last: Duration::ZERO,
            at: Duration::ZERO,
            record: kept.records.dropped(),
        };
        for (at, record) in kept.records.iter() {
            rows.at = at;
            each(rows.record, &record, &rows);
            rows.add(record);
            rows.record += 1;
        }
        rows.rows
    }

    pub(super) fn are_none(&self) -> bool {
        self.rows.is_empty()
    }

    fn push(&mut self, speaker: Speaker, text: String, bytes: Option<u64>, meanings: Vec<Meaning>) {
        let (record, at) = (self.record, self.at);
        let since_last = at.saturating_sub(self.last);
        let is_refusal = speaker == Speaker::Server && text.starts_with(['4', '5']);
        self.rows.push(Row { record, at, since_last, speaker, text, bytes, meanings, is_refusal });
        self.last = at;
    }

    fn note(&mut self, text: String) {
        self.push(Speaker::Note, text, None, Vec::new());
    }

    fn add(&mut self, record: Record<'a>) {
        match record {
            Record::Command(line) => {
                self.command = Some(line);
                match said(line) {
                    Said::Data => self.awaits_content = true,
                    Said::Mail(_) => self.awaits_content = false,
                    Said::Other if is_verb(line, "BDAT") => self.awaits_content = true,
                    _ => {}
                }
                self.push(Speaker::Client, line.to_owned(), length(line), explain::command(line));
            }
            Record::Reply(wire) => self.reply(wire),
            Record::Secure(facts) => {
                let text = format!("TLS is up: {facts}");
                let meanings = self.kept.tls.as_deref().map(explain::secure);
                self.push(Speaker::Note, text, None, meanings.unwrap_or_default());
            }
            Record::HandshakeFailed(cause) => {
                let text = format!("the TLS handshake failed: {}", escaped(cause.as_bytes()));
                self.push(Speaker::Note, text, None, explain::handshake_failed());
            }
            Record::Auth { mechanism, identity, succeeded } => {
                let who = if identity.is_empty() {
                    String::new()
                } else {
                    format!(" as {}", escaped(identity.as_bytes()))
                };
                let outcome = if succeeded { "succeeded" } else { "failed" };
                self.note(format!("the login{who} by {mechanism} {outcome}"));
            }
            Record::Finding(finding) => self.note(format!("a check found {finding}")),
            Record::Message { id, size } => {
                self.content(Some(size));
                self.note(format!("message {id} is accepted and stored"));
            }
            Record::Refused(refused) => self.refused(&refused),
            Record::Missed(count) => {
                self.note(format!(
                    "{count} events of all sessions were missed here, so lines may be missing"
                ));
            }
            Record::End(cause) => self.end(cause),
        }
    }

    fn reply(&mut self, wire: &str) {
        let meanings = explain::reply(wire, self.command);
        let mut meanings = meanings.into_iter();
        for line in wire.split("\r\n") {
            if line.starts_with("4") || line.starts_with("5") {
                // A refused DATA brings no content.
                self.awaits_content = false;
            }
            let meanings = meanings.next().flatten().into_iter().collect();
            // The text of a challenge is left out.
            let bytes = (!line.starts_with("334")).then_some(line.len() as u64 + 2);
            self.push(Speaker::Server, escaped(line.trim_end().as_bytes()), bytes, meanings);
        }
    }

    fn content(&mut self, size: Option<u64>) {
        if std::mem::take(&mut self.awaits_content) {
            let text = if size.is_some() {
                "(the content of a message)"
            } else {
                "(the content of a message, which did not end)"
            };
            self.push(Speaker::Content, text.to_owned(), size, Vec::new());
        }
    }

    fn refused(&mut self, refused: &Refused<'_>) {
        if refused.is_of_message() {
            self.content(refused.message.map(|(_, size)| size));
        }
        let refuser = Refuser::of(refused);
        if refuser == Refuser::Server {
            // The reply says it.
            return;
        }
        let mut text = format!("refused by {refuser}");
        if let Some(took) = refused.took {
            text += &format!(" after {:.3} s", Duration::from_micros(took).as_secs_f64());
        }
        if !refused.cause.is_empty() {
            text += &format!(": {}", escaped(refused.cause.as_bytes()));
        }
        self.note(text);
    }

    fn end(&mut self, cause: &str) {
        // Between a 354 and the end of content there is no reply.
        self.content(None);
        if cause.is_empty() {
            self.note("the session is over; its end was missed".to_owned());
        } else {
            let meanings = self.kept.end.map(explain::end).unwrap_or_default();
            self.push(Speaker::Note, format!("the session is over: {cause}"), None, meanings);
        }
    }
}

fn is_verb(line: &str, verb: &str) -> bool {
    line.get(..verb.len()).is_some_and(|start| start.eq_ignore_ascii_case(verb))
}

/// Returns the bytes of a line on the wire. They are not known if some were escaped, cut or left out.
fn length(line: &str) -> Option<u64> {
    let is_as_it_came =
        line.is_ascii() && !line.contains('\\') && !line.starts_with('(') && !is_verb(line, "AUTH");
    is_as_it_came.then(|| line.len() as u64 + 2)
}
