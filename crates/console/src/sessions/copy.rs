//! A session as something to run or to keep: swaks, curl, a plain transcript.

use std::fmt::Write as _;

use jiff::Timestamp;
use mailchute::session::Protocol;

use super::row::{Row, Speaker};
use super::shell::word;
use super::summary::{Said, said};
use super::transcript::Transcript;

/// The last message that the client tried to send.
#[derive(Debug, Default)]
struct Attempt<'a> {
    sender: Option<&'a str>,
    recipients: Vec<&'a str>,
    has_content: bool,
}

impl<'a> Attempt<'a> {
    fn last(rows: &'a [Row]) -> Self {
        let mut attempt = Self::default();
        for row in rows {
            match row.speaker {
                Speaker::Content => attempt.has_content = true,
                Speaker::Client => match said(&row.text) {
                    Said::Mail(sender) => attempt = Self { sender: Some(sender), ..Self::default() },
                    Said::Rcpt(recipient) => attempt.recipients.push(recipient),
                    Said::Data => attempt.has_content = true,
                    Said::Hello(_) | Said::Other => {}
                },
                Speaker::Server | Speaker::Note => {}
            }
        }
        attempt
    }
}

impl Transcript {
    /// Returns a command of swaks that says the same to the server: the last message, with a content of its own. `None`
    /// if the server has no address.
    pub(crate) fn swaks(&self) -> Option<String> {
        let local = self.local?;
        let attempt = Attempt::last(&self.rows);
        let mut command = format!("swaks --server {} --port {}", local.ip().to_canonical(), local.port());
        if self.summary.protocol == Protocol::Lmtp {
            command += " --protocol LMTP";
        }
        if let Some(helo) = &self.summary.helo {
            command += &format!(" --helo {}", word(helo));
        }
        if self.tls.is_some() {
            command += if self.is_tls_first { " --tls-on-connect" } else { " --tls" };
        }
        if let Some(user) = &self.summary.user {
            let mechanism = self.mechanism.as_deref().filter(|name| SWAKS_KNOWS.contains(name));
            command += &format!(" --auth {} --auth-user {}", mechanism.unwrap_or("PLAIN"), word(user));
        }
        if let Some(sender) = attempt.sender {
            command += &format!(" --from {}", word(if sender.is_empty() { "<>" } else { sender }));
        }
        if !attempt.recipients.is_empty() {
            command += &format!(" --to {}", word(&attempt.recipients.join(",")));
        }
        let stop = match attempt {
            Attempt { has_content: true, .. } => None,
            Attempt { sender: None, .. } if self.summary.helo.is_none() => Some("CONNECT"),
            Attempt { sender: None, .. } => Some("HELO"),
            Attempt { recipients, .. } if recipients.is_empty() => Some("MAIL"),
            _ => Some("RCPT"),
        };
        if let Some(stop) = stop {
            command += &format!(" --quit-after {stop}");
        }
        Some(command)
    }

    /// Returns a command of curl that sends `message.eml` as the last message was sent. `None` if the server has no
    /// address, or if curl does not speak the protocol.
    pub(crate) fn curl(&self) -> Option<String> {
        let local = self.local?;
        let attempt = Attempt::last(&self.rows);
        let sender = attempt.sender?;
        if self.summary.protocol == Protocol::Lmtp || attempt.recipients.is_empty() {
            return None;
        }
        let scheme = if self.is_tls_first { "smtps" } else { "smtp" };
        // A host name that needs escapes in a URL is none.
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let helo = self.summary.helo.as_deref().filter(|helo| helo.chars().all(is_name)).unwrap_or_default();
        let mut command = format!("curl --url {}", word(&format!("{scheme}://{local}/{helo}")));
        if self.tls.is_some() && !self.is_tls_first {
            command += " --ssl-reqd";
        }
        if let Some(user) = &self.summary.user {
            command += &format!(" --user {}", word(user));
        }
        command += &format!(" --mail-from {}", word(&format!("<{sender}>")));
        for recipient in attempt.recipients {
            command += &format!(" --mail-rcpt {}", word(&format!("<{recipient}>")));
        }
        Some(command + " --upload-file message.eml")
    }

    /// Returns the transcript as lines of text, in the form of the library's transcripts.
    pub(crate) fn text(&self) -> String {
        let summary = &self.summary;
        let mut text = format!("session {} of {}", summary.id, summary.client);
        if let Ok(began) = Timestamp::try_from(summary.began) {
            // Writing to a String cannot fail.
            let _ = write!(text, " at {began:.6}");
        }
        if self.dropped > 0 || !self.is_whole {
            text += "\n  (earlier lines are not kept)";
        }
        for row in &self.rows {
            let speaker = match row.speaker {
                Speaker::Client | Speaker::Content => "C:",
                Speaker::Server => "S:",
                Speaker::Note => "*",
            };
            let _ = write!(text, "\n{:>9.3} {speaker} {}", row.at.as_secs_f64(), row.text);
            if let (Speaker::Content, Some(bytes)) = (row.speaker, row.bytes) {
                let _ = write!(text, " {bytes} bytes");
            }
        }
        text.push('\n');
        text
    }
}

/// The mechanisms that swaks speaks, of those that we have.
const SWAKS_KNOWS: [&str; 3] = ["PLAIN", "LOGIN", "CRAM-MD5"];
