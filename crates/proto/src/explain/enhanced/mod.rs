//! Explanations of enhanced status codes (RFC 3463 and the registry of RFC 5248).

mod addresses;
mod mail_system;
mod policy;

use super::Explanation;
use crate::reply::Enhanced;

/// A row of a table: detail, title, text, clause.
type Row = (u16, &'static str, &'static str, &'static str);

/// Explains an enhanced status code. An unknown one is explained by its class and subject.
///
/// ```
/// use mailchute_proto::{Enhanced, explain};
///
/// assert_eq!(explain::enhanced(Enhanced::new(5, 2, 2)).title, "Mailbox full");
/// let unknown = explain::enhanced(Enhanced::new(4, 2, 99));
/// assert_eq!(unknown.title, "About the mailbox");
/// ```
#[must_use]
pub fn enhanced(code: impl Into<Enhanced>) -> Explanation {
    let code = code.into();
    let (title, text, clause) = row(code).unwrap_or_else(|| subject(code.subject()));
    Explanation::new(title, text, clause).and(class(code.class()))
}

/// Returns whether the registry of enhanced status codes has subject and detail. A code such as `5.7.0`, which says
/// nothing beyond its subject, counts.
#[must_use]
pub fn enhanced_is_registered(code: impl Into<Enhanced>) -> bool {
    let code = code.into();
    matches!(code.class(), 2 | 4 | 5) && (row(code).is_some() || code.subject() <= 7 && code.detail() == 0)
}

/// Returns title, text and clause of a registered code that says more than its subject.
pub(super) fn row(code: Enhanced) -> Option<(&'static str, &'static str, &'static str)> {
    let table: &[Row] = match code.subject() {
        1 => addresses::ADDRESS,
        2 => addresses::MAILBOX,
        3 => mail_system::SYSTEM,
        4 => mail_system::NETWORK,
        5 => mail_system::PROTOCOL,
        6 => mail_system::CONTENT,
        7 => policy::POLICY,
        _ => &[],
    };
    // A success says little of its details, and two of them in other words.
    let words = match (code.class(), code.subject(), code.detail()) {
        (2, 1, 0) => Some(("Sender accepted", "The server takes mail from this address.", "RFC 3463 §3.2")),
        (2, 6, 0) => {
            Some(("Message accepted", "The server takes the content of the message.", "RFC 3463 §3.7"))
        }
        (2, 7, 0) => Some(("Allowed", "The server's rules allow it.", "RFC 3463 §3.8")),
        _ => None,
    };
    words.or_else(|| {
        let row = table.iter().find(|(detail, ..)| *detail == code.detail());
        row.map(|&(_, title, text, clause)| (title, text, clause))
    })
}

/// Says what a subject is about: the second number.
fn subject(subject: u16) -> (&'static str, &'static str, &'static str) {
    match subject {
        0 => (
            "No details",
            "The server gives no further reason in its code; its text may have one.",
            "RFC 3463 §3.1",
        ),
        1 => {
            ("About the address", "The reason is an address of the sender or the recipient.", "RFC 3463 §3.2")
        }
        2 => ("About the mailbox", "The reason is the mailbox of the recipient.", "RFC 3463 §3.3"),
        3 => ("About the mail system", "The reason is the mail system of the server.", "RFC 3463 §3.4"),
        4 => ("About the network", "The reason is the network or the route of the message.", "RFC 3463 §3.5"),
        5 => ("About the protocol", "The reason is how client and server speak SMTP.", "RFC 3463 §3.6"),
        6 => {
            ("About the content", "The reason is the content or the format of the message.", "RFC 3463 §3.7")
        }
        7 => (
            "About security or policy",
            "The reason is a rule of the server, such as who may send.",
            "RFC 3463 §3.8",
        ),
        _ => {
            ("A code of this server", "No standard has this code. Read the text of the reply.", "RFC 3463 §2")
        }
    }
}

/// Says what a class means: the first number.
pub(super) fn class(class: u8) -> &'static str {
    match class {
        2 => "The first digit, 2, says that it worked.",
        4 => {
            "The first digit, 4, says that it is temporary: the client keeps the message and tries again later."
        }
        5 => "The first digit, 5, says that it is permanent: change something before you try again.",
        _ => "The first digit is not 2, 4 or 5, so the code is not valid.",
    }
}
