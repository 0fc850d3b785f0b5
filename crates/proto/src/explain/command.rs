//! Explanations of command lines, part by part.

use std::ops::Range;

use super::explanation::wrap;
use super::{Explanation, mechanism_name, parameter, verb_name};
use crate::command::Verb;

/// One part of a command line, and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Part {
    /// The bytes of the line that the part takes, on boundaries of characters.
    pub range: Range<usize>,
    /// The meaning of the part.
    pub explanation: Explanation,
}

/// Explains a line that a client sent: the verb first, then each argument and parameter, in the order of the line.
///
/// The line may be as [events show it](crate::escaped), so it may say that an answer within AUTH was left out. An empty
/// line has no parts.
///
/// ```
/// use mailchute_proto::explain;
///
/// let line = "RCPT TO:<bob@example.com> NOTIFY=NEVER";
/// let parts = explain::command(line);
/// let texts: Vec<_> = parts.iter().map(|part| &line[part.range.clone()]).collect();
/// assert_eq!(texts, ["RCPT", "TO:<bob@example.com>", "NOTIFY=NEVER"]);
/// ```
#[must_use]
pub fn command(line: &str) -> Vec<Part> {
    let mut parts = Parts { line: line.trim_end(), at: 0, parts: Vec::new() };
    parts.skip_blanks();
    let rest = parts.rest();
    if rest.is_empty() {
        return parts.parts;
    }
    if rest.starts_with('(') {
        parts.push(rest.len(), left_out());
        return parts.parts;
    }
    if rest == "*" {
        parts.push(1, cancelled());
        return parts.parts;
    }
    let word = parts.word();
    let verb = Verb::of(word.as_bytes());
    parts.push(word.len(), verb_name(word));
    parts.skip_blanks();
    match verb {
        Verb::Ehlo | Verb::Helo | Verb::Lhlo => parts.rest_is(client_name),
        Verb::Mail => parts.path_and_parameters("FROM:", verb),
        Verb::Rcpt => parts.path_and_parameters("TO:", verb),
        Verb::Auth => parts.auth(),
        Verb::Bdat => parts.bdat(),
        Verb::Vrfy | Verb::Expn => parts.rest_is(|_| whom()),
        Verb::Xclient | Verb::Xforward => parts.attributes(),
        _ => {}
    }
    parts.parts
}

/// Characters of a part that its note repeats.
const LONGEST: usize = 40;

/// The parts so far, and the place in the line.
struct Parts<'a> {
    line: &'a str,
    at: usize,
    parts: Vec<Part>,
}

impl Part {
    /// Returns the part in lines of at most 90 characters, for a terminal: what it is, and what it means.
    #[must_use]
    pub fn note(&self, line: &str) -> Vec<String> {
        let text = line.get(self.range.clone()).unwrap_or_default();
        let cut = text.char_indices().nth(LONGEST).map_or(text.len(), |(at, _)| at);
        let dots = if cut < text.len() { "…" } else { "" };
        wrap(&format!("{}{dots}: {}", &text[..cut], self.explanation))
    }
}

impl<'a> Parts<'a> {
    fn rest(&self) -> &'a str {
        &self.line[self.at..]
    }

    fn word(&self) -> &'a str {
        let rest = self.rest();
        &rest[..rest.find([' ', '\t']).unwrap_or(rest.len())]
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t']).len();
    }

    fn push(&mut self, length: usize, explanation: Explanation) {
        self.parts.push(Part { range: self.at..self.at + length, explanation });
        self.at += length;
    }

    fn rest_is(&mut self, explain: impl FnOnce(&str) -> Explanation) {
        let rest = self.rest();
        if !rest.is_empty() {
            self.push(rest.len(), explain(rest));
        }
    }

    fn path_and_parameters(&mut self, keyword: &str, verb: Verb) {
        let rest = self.rest();
        let Some((head, path)) = rest.split_at_checked(keyword.len()) else { return };
        if !head.eq_ignore_ascii_case(keyword) {
            return;
        }
        let blanks = path.len() - path.trim_start_matches([' ', '\t']).len();
        let length = path_length(&path[blanks..]);
        let address = &path[blanks..blanks + length];
        self.push(keyword.len() + blanks + length, path_meaning(address, verb));
        loop {
            self.skip_blanks();
            let word = self.word();
            if word.is_empty() {
                return;
            }
            let (keyword, value) = match word.split_once('=') {
                Some((keyword, value)) => (keyword, Some(value)),
                None => (word, None),
            };
            self.push(word.len(), parameter(verb, keyword, value));
        }
    }

    fn auth(&mut self) {
        let mechanism = self.word();
        if !mechanism.is_empty() {
            self.push(mechanism.len(), mechanism_name(mechanism));
            self.skip_blanks();
            self.rest_is(|_| {
                Explanation::new(
                    "First answer",
                    "The client sends its first answer together with the command, in base64.",
                    "RFC 4954 §4",
                )
            });
        }
    }

    fn bdat(&mut self) {
        let size = self.word();
        if !size.is_empty() {
            let text = "So many bytes follow after this line, without dot-stuffing.";
            self.push(size.len(), Explanation::new("Size of the piece", text, "RFC 3030 §2"));
            self.skip_blanks();
            self.rest_is(|_| {
                Explanation::new("Last piece", "The message is complete after this piece.", "RFC 3030 §2")
            });
        }
    }

    fn attributes(&mut self) {
        loop {
            let word = self.word();
            if word.is_empty() {
                return;
            }
            self.push(word.len(), attribute(word.split('=').next().unwrap_or_default()));
            self.skip_blanks();
        }
    }
}

/// Returns the length of a path at the start of a text. A `>` within quotes does not end it.
fn path_length(text: &str) -> usize {
    if !text.starts_with('<') {
        return text.find([' ', '\t']).unwrap_or(text.len());
    }
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_quoted,
            b'"' => is_quoted = !is_quoted,
            b'>' if !is_quoted => return index + 1,
            _ => {}
        }
    }
    text.len()
}

fn path_meaning(path: &str, verb: Verb) -> Explanation {
    let inner = path.trim_start_matches('<').trim_end_matches('>');
    let (title, text, clause) = match verb {
        Verb::Mail if inner.is_empty() => (
            "No sender",
            "The message is a report of a mail server, such as an error. Nobody answers it, so that two servers never \
             send each other errors about errors.",
            "RFC 5321 §4.5.5",
        ),
        Verb::Mail => (
            "The sender",
            "Errors about the message go to this address. It may differ from the From: field that people see.",
            "RFC 5321 §2.3.1",
        ),
        _ if inner.eq_ignore_ascii_case("postmaster") => (
            "The postmaster",
            "The administrator of the server reads this mailbox. Each server must take mail for it, even without a domain.",
            "RFC 5321 §4.5.1",
        ),
        _ => (
            "A recipient",
            "The message goes to this address. It may differ from the To: field that people see.",
            "RFC 5321 §2.3.1",
        ),
    };
    let explanation = Explanation::new(title, text, clause);
    if !inner.is_empty() && !path.starts_with('<') {
        return explanation.and("The address lacks its angle brackets, so strict servers refuse it.");
    }
    if inner.starts_with('@') && inner.contains(':') {
        return explanation.and("The part before the colon is an old source route, which servers ignore.");
    }
    if !inner.is_ascii() {
        return explanation.and("It has characters outside ASCII, which only servers with SMTPUTF8 take.");
    }
    explanation
}

fn client_name(name: &str) -> Explanation {
    let text = if name.starts_with('[') {
        "The client gives its address in brackets, because it has no host name."
    } else {
        "The client says what its host is called. The server does not have to believe it."
    };
    Explanation::new("Name of the client", text, "RFC 5321 §4.1.3")
}

fn whom() -> Explanation {
    Explanation::new("The name asked for", "A user, an address, or the name of a list.", "RFC 5321 §3.5.1")
}

pub(super) fn left_out() -> Explanation {
    Explanation::new(
        "Left out",
        "The client sent something here that may hold a password, so nobody gets to see it.",
        "",
    )
}

fn cancelled() -> Explanation {
    Explanation::new("Give up the login", "The client cancels the exchange of AUTH.", "RFC 4954 §4")
}

fn attribute(name: &str) -> Explanation {
    let (title, text) = match &*name.to_ascii_uppercase() {
        "NAME" => ("Host name", "The host name of the client, checked in the DNS in both directions."),
        "REVERSE_NAME" => ("Reverse name", "The host name of the client as the DNS gives it, not checked."),
        "ADDR" => ("Address", "The IP address of the client."),
        "PORT" => ("Port", "The port that the client connected from."),
        "DESTADDR" => ("Address of the server", "The IP address that the client connected to."),
        "DESTPORT" => ("Port of the server", "The port that the client connected to."),
        "PROTO" => ("Protocol", "Whether the client said EHLO (ESMTP) or HELO (SMTP)."),
        "HELO" => ("Greeting", "The name that the client gave in EHLO or HELO."),
        "LOGIN" => ("Login", "The user that the client has logged in as."),
        "IDENT" => ("Id of the message", "The id of the message in the log of the first server."),
        "SOURCE" => ("Source", "Whether the message came from this host (LOCAL) or from another (REMOTE)."),
        _ => ("An attribute", "Mailchute does not know this attribute."),
    };
    Explanation::new(title, text, "")
}
