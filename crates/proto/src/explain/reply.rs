//! Explanations of whole replies.

use super::{Explanation, code, enhanced, named};
use crate::command::Verb;
use crate::reply::catalog::{self, Name};
use crate::reply::{Enhanced, Reply};

/// Explains a reply of this server: by its name in the catalogue if it has one, else by its codes. `answered` is the
/// command that it answers: `None` for the greeting, for what the server says unasked, and where nothing is known of it.
#[must_use]
pub fn reply(reply: &Reply, answered: impl Into<Option<Verb>>) -> Explanation {
    let by_name = reply.name().and_then(named::named);
    by_name.unwrap_or_else(|| of(reply.code().get(), reply.enhanced(), reply.text(), answered.into()))
}

/// Explains the line of a reply that any server sent, such as `550 5.1.1 No such user`. `None` if it is not a reply.
#[must_use]
pub fn reply_line(line: &str, answered: impl Into<Option<Verb>>) -> Option<Explanation> {
    of_line(line, answered.into())
}

pub(super) fn of_line(line: &str, answered: Option<Verb>) -> Option<Explanation> {
    let (number, _, text) = parts(line)?;
    let (enhanced_code, text) = leading_enhanced(number, text);
    Some(of(number, enhanced_code, text, answered))
}

/// Splits a line into its number, whether it is the last of its reply, and its text.
pub(super) fn parts(line: &str) -> Option<(u16, bool, &str)> {
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

/// Splits off the enhanced status code that a text begins with, if it goes with the code.
fn leading_enhanced(number: u16, text: &str) -> (Option<Enhanced>, &str) {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let read = format!("{number} {word}").parse().ok().and_then(|reply: Reply| reply.enhanced());
    if read.is_some() { (read, rest) } else { (None, text) }
}

fn of(number: u16, enhanced_code: Option<Enhanced>, text: &str, answered: Option<Verb>) -> Explanation {
    let name = usual(number, text, answered).or_else(|| of_catalogue(number, enhanced_code, text));
    name.and_then(named::named).unwrap_or_else(|| of_codes(number, enhanced_code, answered))
}

/// Returns the name of the standard reply that any server's reply stands for, by the command that it answers.
fn usual(number: u16, text: &str, answered: Option<Verb>) -> Option<Name> {
    Some(match (number, answered) {
        (220, None) if text.contains("LMTP") => Name::LMTP_GREETING,
        (220, None) => Name::GREETING,
        (220, Some(Verb::StartTls)) => Name::READY_FOR_TLS,
        (221, Some(Verb::Quit)) => Name::GOODBYE,
        (250, Some(Verb::Ehlo | Verb::Helo | Verb::Lhlo)) => Name::HELLO,
        (250, Some(Verb::Mail)) => Name::SENDER_OK,
        (250, Some(Verb::Rcpt)) => Name::RECIPIENT_OK,
        (250, Some(Verb::Data)) => Name::MESSAGE_ACCEPTED,
        (250, Some(Verb::Rset | Verb::Noop)) => Name::OK,
        (250, Some(Verb::Bdat)) if text.ends_with(catalog::CHUNK_RECEIVED.text()) => Name::CHUNK_RECEIVED,
        (235, Some(Verb::Auth)) => Name::AUTHENTICATED,
        (334, Some(Verb::Auth)) => Name::CHALLENGE,
        (354, _) => Name::START_DATA,
        (214, _) => Name::HELP,
        (252, _) => Name::CANNOT_VERIFY,
        _ => return None,
    })
}

/// Finds a standard reply by its codes and text, since a line on the wire does not have its name.
fn of_catalogue(number: u16, enhanced_code: Option<Enhanced>, text: &str) -> Option<Name> {
    let is_it = |reply: &Reply| {
        reply.code().get() == number && reply.enhanced() == enhanced_code && reply.text() == text
    };
    // A plain reply has too little to be known by.
    catalog::all().find(|entry| enhanced_code.is_some() && is_it(entry.reply)).map(|entry| entry.name)
}

/// Explains a reply that is not standard: what it is about, what its codes say, and what comes next.
fn of_codes(number: u16, enhanced_code: Option<Enhanced>, answered: Option<Verb>) -> Explanation {
    let is_refusal = matches!(number, 400..600);
    let detailed = enhanced_code.and_then(enhanced::row);
    let mut explanation = match detailed {
        Some((title, text, clause)) => Explanation::new(title, text, clause),
        None => code(number),
    };
    if is_refusal && let Some(what) = refused(answered) {
        explanation.text = format!("{what} {}", explanation.text).into();
    }
    match number {
        421 if detailed.is_some() => {
            explanation.and("The server closes the connection; the client connects again later.")
        }
        421 => explanation,
        400..500 => explanation.and(enhanced::class(4)),
        500..600 => explanation.and(enhanced::class(5)),
        _ => explanation,
    }
}

/// Says what a refusal refuses.
fn refused(answered: Option<Verb>) -> Option<&'static str> {
    Some(match answered? {
        Verb::Ehlo | Verb::Helo | Verb::Lhlo => "The server refuses the greeting.",
        Verb::Mail => "The server refuses the sender.",
        Verb::Rcpt => "The server refuses this recipient; others may still be accepted.",
        Verb::Data | Verb::Bdat => "The server refuses the message.",
        Verb::Auth => "The server refuses the login.",
        Verb::StartTls => "The server does not begin TLS.",
        _ => return None,
    })
}
