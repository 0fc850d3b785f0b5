//! The lines of a talk as they are shown.

use std::io::{self, Write as _};
use std::time::Instant;

use mailchute::auth::Mechanism;
use mailchute::explain::{self, Explanation, Follower, Part};
use mailchute::syntax::escaped;

use super::tls::Secured;

/// Prints each line with the seconds since the one before, and its meaning below it.
pub(super) struct Screen {
    is_explained: bool,
    last: Instant,
}

/// Shown instead of what may hold a password.
const LEFT_OUT: &str = "(left out, as it may hold credentials)";

impl Screen {
    pub(super) fn new(is_explained: bool) -> Self {
        Self { is_explained, last: Instant::now() }
    }

    /// Shows a line of the client, without credentials, and lets the follower know it.
    pub(super) fn sent(&mut self, line: &[u8], follower: &mut Follower) -> io::Result<()> {
        let text =
            if follower.is_login() && line != b"*" { LEFT_OUT.to_owned() } else { without_credentials(line) };
        let parts = follower.command(&text);
        let notes = match parts.as_slice() {
            // The line itself stands above.
            [part] => part.explanation.note(),
            parts => parts.iter().flat_map(|part: &Part| part.note(&text)).collect(),
        };
        self.show(&format!("C: {text}"), notes)
    }

    /// Shows that content was sent.
    pub(super) fn sent_content(&mut self, bytes: usize) -> io::Result<()> {
        self.show(&format!("C: ({bytes} bytes of a message)"), Vec::new())
    }

    /// Shows the line that ends a message.
    pub(super) fn sent_dot(&mut self) -> io::Result<()> {
        let text = "A line that holds only a dot ends the message. The server answers for the whole of it.";
        self.show("C: .", Explanation::new("End of the message", text, "RFC 5321 §4.1.1.4").note())
    }

    /// Shows a line of the server. Its CRLF is left out, and any other line end is shown.
    pub(super) fn received(&mut self, line: &[u8], follower: &mut Follower) -> io::Result<()> {
        let line = line.strip_suffix(b"\r\n").unwrap_or(line);
        let text = escaped(line);
        let is_reply = is_reply(line);
        let means = follower.reply_line(text.trim_end_matches("\\n"));
        let notes = match (means, is_reply) {
            (Some(means), _) => means.note(),
            (None, true) => Vec::new(),
            (None, false) => vec!["Not a reply: a line of SMTP begins with three digits.".to_owned()],
        };
        self.show(&format!("S: {text}"), notes)
    }

    /// Shows the facts of TLS.
    pub(super) fn secured(&mut self, secured: &Secured, dropped: usize) -> io::Result<()> {
        let cipher = explain::cipher(&secured.cipher);
        let means = [explain::tls_version(secured.version), cipher];
        let notes = means.iter().flat_map(Explanation::note).collect();
        self.show(&format!("* TLS is up: {} {}", secured.version, secured.cipher), notes)?;
        if dropped > 0 {
            self.note(&format!(
                "dropped {dropped} bytes that came before TLS, since anyone could have sent them"
            ))?;
        }
        let names: Vec<_> = secured.names.iter().map(|name| escaped(name.as_bytes())).collect();
        let names = if names.is_empty() { "no host".to_owned() } else { names.join(", ") };
        match &secured.doubt {
            None => self.note(&format!("the certificate is verified; it names {names}")),
            Some(doubt) => self.show(
                &format!(
                    "* THE CERTIFICATE IS NOT VERIFIED: {}; it names {names}",
                    escaped(doubt.as_bytes())
                ),
                explain_doubt().note(),
            ),
        }
    }

    /// Shows what is not on the wire.
    pub(super) fn note(&mut self, text: &str) -> io::Result<()> {
        self.show(&format!("* {text}"), Vec::new())
    }

    /// Ends a line that was typed unseen.
    pub(super) fn blank(&self) -> io::Result<()> {
        writeln!(io::stdout())
    }

    fn show(&mut self, line: &str, notes: Vec<String>) -> io::Result<()> {
        let since = format!("+{:.3}", self.last.elapsed().as_secs_f64());
        self.last = Instant::now();
        let mut out = io::stdout().lock();
        writeln!(out, "{since:>9} {line}")?;
        for note in notes.iter().filter(|_| self.is_explained) {
            writeln!(out, "          | {note}")?;
        }
        out.flush()
    }
}

fn explain_doubt() -> Explanation {
    Explanation::new(
        "Not verified",
        "The bytes are encrypted, and any host on the way could be this server. The talk goes on; do not send a real \
         password.",
        "RFC 3207 §4.1",
    )
}

fn is_reply(line: &[u8]) -> bool {
    line.len() >= 3 && line[..3].iter().all(u8::is_ascii_digit)
}

/// Returns a command as it is shown. After AUTH it shows nothing but a known mechanism.
fn without_credentials(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let mut words = text.split_whitespace();
    let verb = words.next().unwrap_or_default();
    if !verb.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("AUTH")) {
        return escaped(line);
    }
    let mechanism = words.next();
    let known = mechanism.and_then(|word| Mechanism::by_name(word.as_bytes()));
    match (verb.len(), known, words.next()) {
        (4, Some(mechanism), None) => format!("AUTH {mechanism}"),
        (4, Some(mechanism), Some(_)) => format!("AUTH {mechanism} {LEFT_OUT}"),
        (4, None, None) if mechanism.is_none() => "AUTH".to_owned(),
        _ => format!("AUTH {LEFT_OUT}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_what_follows_the_mechanism_of_auth() {
        for (line, shown) in [
            ("AUTH", "AUTH"),
            ("AUTH LOGIN", "AUTH LOGIN"),
            ("auth plain AGEAYg==", "AUTH PLAIN (left out, as it may hold credentials)"),
            (" AUTH  PLAIN\tAGEAYg==", "AUTH PLAIN (left out, as it may hold credentials)"),
            ("AUTHPLAIN AGEAYg==", "AUTH (left out, as it may hold credentials)"),
            ("AUTH AGEAYg==", "AUTH (left out, as it may hold credentials)"),
            ("NOOP AUTH\u{7}", "NOOP AUTH\\u{7}"),
        ] {
            assert_eq!(without_credentials(line.as_bytes()), shown, "{line}");
        }
    }
}
