//! Explanations of whole replies.

use super::{Explanation, code, enhanced, keyword};
use crate::command::Verb;
use crate::reply::{Enhanced, Reply};

/// One line of a reply on the wire, and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line {
    /// The line without its line end, as it was sent.
    pub text: String,
    /// `None` for lines that only continue the reply.
    pub explanation: Option<Explanation>,
}

/// Explains a reply of this server. `answered` is the command that it answers: `None` for the greeting, for what the
/// server says unasked, and where nothing is known of it.
#[must_use]
pub fn reply(reply: &Reply, answered: impl Into<Option<Verb>>) -> Explanation {
    of_codes(reply.code().get(), reply.enhanced(), answered.into())
}

/// Explains each line of a reply of this server. The keywords of the reply to EHLO have one each; otherwise the first
/// line has the explanation.
#[must_use]
pub fn reply_lines(given: &Reply, answered: impl Into<Option<Verb>>) -> Vec<Line> {
    let answered = answered.into();
    let mut wire = Vec::new();
    given.encode(&mut wire);
    lines(&String::from_utf8_lossy(&wire), answered, Some(reply(given, answered)))
}

/// Explains the line of a reply that any server sent, such as `550 5.1.1 No such user`. `None` if it is not a reply.
#[must_use]
pub fn reply_line(line: &str, answered: impl Into<Option<Verb>>) -> Option<Explanation> {
    let (number, _, text) = parts(line)?;
    Some(of_codes(number, leading_enhanced(number, text), answered.into()))
}

/// Explains each line of a whole reply that any server sent.
#[must_use]
pub fn server_lines(text: &str, answered: impl Into<Option<Verb>>) -> Vec<Line> {
    let answered = answered.into();
    let first = text.lines().next().and_then(|line| reply_line(line, answered));
    lines(text, answered, first)
}

fn lines(text: &str, answered: Option<Verb>, mut first: Option<Explanation>) -> Vec<Line> {
    let is_hello = matches!(answered, Some(Verb::Ehlo | Verb::Lhlo)) && text.starts_with("250");
    let explained = text.lines().enumerate().map(|(index, line)| {
        let explanation = match index {
            0 => first.take(),
            _ if is_hello => parts(line).map(|(_, _, text)| keyword(text)),
            _ => None,
        };
        Line { text: line.to_owned(), explanation }
    });
    explained.collect()
}

/// Splits a line into its number, whether it is the last of its reply, and its text.
fn parts(line: &str) -> Option<(u16, bool, &str)> {
    let line = line.trim_end_matches(['\r', '\n']);
    let (digits, rest) = line.split_at_checked(3)?;
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let number = digits.parse().ok()?;
    match rest.as_bytes().first() {
        None => Some((number, true, rest)),
        Some(b' ') => Some((number, true, &rest[1..])),
        Some(b'-') => Some((number, false, &rest[1..])),
        Some(_) => None,
    }
}

/// Returns the enhanced status code that a text begins with, if it goes with the code.
fn leading_enhanced(number: u16, text: &str) -> Option<Enhanced> {
    let reply: Reply = format!("{number} {}", text.split(' ').next()?).parse().ok()?;
    reply.enhanced()
}

fn of_codes(number: u16, enhanced_code: Option<Enhanced>, answered: Option<Verb>) -> Explanation {
    let what = match number / 100 {
        4 | 5 => refused(answered),
        _ => "",
    };
    let detailed = enhanced_code.and_then(|code| Some((code, enhanced::row(code)?)));
    let explanation = match detailed {
        Some((_, (title, text, clause))) => Explanation::new(title, text, clause),
        None => code(number),
    };
    let explanation = if what.is_empty() {
        explanation
    } else {
        let text = format!("{what} {}", explanation.text);
        Explanation { text: text.into(), ..explanation }
    };
    match number / 100 {
        _ if number == 421 && detailed.is_some() => {
            explanation.and("The server closes the connection; the client connects again later.")
        }
        4 if number != 421 => explanation.and(enhanced::class(4)),
        5 => explanation.and(enhanced::class(5)),
        _ => explanation,
    }
}

/// Says what a refusal refuses.
fn refused(answered: Option<Verb>) -> &'static str {
    match answered {
        Some(Verb::Ehlo | Verb::Helo | Verb::Lhlo) => "The server refuses the greeting.",
        Some(Verb::Mail) => "The server refuses the sender.",
        Some(Verb::Rcpt) => "The server refuses this recipient; others may still be accepted.",
        Some(Verb::Data | Verb::Bdat) => "The server refuses the message.",
        Some(Verb::Auth) => "The server refuses the login.",
        Some(Verb::StartTls) => "The server does not begin TLS.",
        _ => "",
    }
}
