//! A session in one line of a list.

use std::time::{Duration, SystemTime};

use mailchute::session::{Protocol, SessionId};
use mailchute::syntax::escaped;

use super::kept::Kept;
use super::record::Record;

/// A session in one line.
#[derive(Debug, Clone)]
pub(crate) struct Summary {
    pub(crate) id: SessionId,
    pub(crate) began: SystemTime,
    /// The time from the first event to the last.
    pub(crate) duration: Duration,
    pub(crate) protocol: Protocol,
    /// The client's address, or `a local socket`.
    pub(crate) client: String,
    /// The proxy that has named the client.
    pub(crate) proxy: Option<String>,
    pub(crate) listener: Option<String>,
    /// The version of TLS.
    pub(crate) tls: Option<String>,
    pub(crate) user: Option<String>,
    /// The name of the client's last EHLO, HELO or LHLO.
    pub(crate) helo: Option<String>,
    /// The first sender; empty for the null sender.
    pub(crate) sender: Option<String>,
    /// The first recipients.
    pub(crate) recipients: Vec<String>,
    pub(crate) more_recipients: usize,
    /// Messages that were accepted.
    pub(crate) messages: u32,
    pub(crate) refusals: u32,
    pub(crate) has_failed_handshake: bool,
    /// The last refusal: its reply on one line.
    pub(crate) refused: Option<String>,
    pub(crate) is_open: bool,
    /// Why it ended. `None` if it is open, or if the end was missed.
    pub(crate) end: Option<String>,
}

/// Recipients that a line names.
const RECIPIENTS: usize = 3;

impl Summary {
    pub(super) fn of(kept: &Kept) -> Self {
        let mut summary = Self {
            id: kept.id,
            began: kept.began,
            duration: kept.records.last(),
            protocol: kept.protocol,
            client: kept.client(),
            proxy: kept.proxy.map(|address| address.to_string()),
            listener: kept.listener.clone(),
            tls: kept.tls.as_ref().map(|tls| tls.version.to_string()),
            user: kept.user.as_ref().map(|user| escaped(user.as_bytes())),
            helo: None,
            sender: None,
            recipients: Vec::new(),
            more_recipients: 0,
            messages: kept.messages,
            refusals: kept.refusals,
            has_failed_handshake: kept.has_failed_handshake,
            refused: None,
            is_open: !kept.is_over,
            end: None,
        };
        for (_, record) in kept.records.iter() {
            match record {
                Record::Command(line) => summary.take(line),
                Record::Refused(refused) => summary.refused = Some(refused.reply.replace("\r\n", " / ")),
                Record::End(cause) => summary.end = Some(cause.to_owned()).filter(|cause| !cause.is_empty()),
                _ => {}
            }
        }
        summary
    }

    fn take(&mut self, line: &str) {
        match said(line) {
            Said::Hello(name) => self.helo = Some(name.to_owned()),
            Said::Mail(sender) => {
                self.sender.get_or_insert_with(|| sender.to_owned());
            }
            Said::Rcpt(recipient) if self.recipients.len() < RECIPIENTS => {
                self.recipients.push(recipient.to_owned());
            }
            Said::Rcpt(_) => self.more_recipients += 1,
            Said::Data | Said::Other => {}
        }
    }
}

/// A fact about the session that a command states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said<'a> {
    /// EHLO, HELO or LHLO, with the name.
    Hello(&'a str),
    Mail(&'a str),
    Rcpt(&'a str),
    /// DATA, after which content comes.
    Data,
    Other,
}

/// Reads a line of a client, well formed or not.
pub(super) fn said(line: &str) -> Said<'_> {
    let verb = line.split([' ', ':']).next().unwrap_or_default();
    let rest = line.get(verb.len()..).unwrap_or_default().trim_start();
    let verb_is = |name: &str| verb.eq_ignore_ascii_case(name);
    if verb_is("EHLO") || verb_is("HELO") || verb_is("LHLO") {
        return Said::Hello(rest.trim());
    }
    if verb_is("DATA") {
        return Said::Data;
    }
    let is_mail = verb_is("MAIL");
    if !is_mail && !verb_is("RCPT") {
        return Said::Other;
    }
    let path = path(rest.split_once(':').map_or(rest, |(_, path)| path).trim_start());
    if is_mail { Said::Mail(path) } else { Said::Rcpt(path) }
}

/// Returns the path at the begin of a text, without its angle brackets. A quoted local part may contain them.
fn path(text: &str) -> &str {
    let Some(inner) = text.strip_prefix('<') else {
        return text.split(' ').next().unwrap_or_default();
    };
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, c) in inner.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            '>' if !is_quoted => return &inner[..at],
            _ => {}
        }
    }
    inner
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_paths_with_quotes_and_without_brackets() {
        for (line, expected) in [
            ("MAIL FROM:<alice@example.org> SIZE=1", Said::Mail("alice@example.org")),
            ("mail from: <>", Said::Mail("")),
            (r#"RCPT TO:<"a>\"b>"@example.com> NOTIFY=NEVER"#, Said::Rcpt(r#""a>\"b>"@example.com"#)),
            ("RCPT TO:bob@example.com X=1", Said::Rcpt("bob@example.com")),
            ("RCPT TO:<bob", Said::Rcpt("bob")),
            ("RCPT", Said::Rcpt("")),
            ("MAIL FROM:<a:b@c>", Said::Mail("a:b@c")),
            ("EHLO  client.example ", Said::Hello("client.example")),
            ("DATA", Said::Data),
            ("DATABASE", Said::Other),
            ("", Said::Other),
        ] {
            assert_eq!(said(line), expected, "{line}");
        }
    }
}
