//! Explanations of the lines of a reply to EHLO.

use super::{Explanation, mechanism_name};
use crate::extension::Extension;

/// Explains a line of a reply to EHLO: a keyword, and what may follow it. It also knows keywords that this server does
/// not send.
///
/// ```
/// use mailchute_proto::explain;
///
/// assert_eq!(explain::keyword("SIZE 1000000").text, "The server takes messages of up to 1000000 bytes.");
/// ```
#[must_use]
pub fn keyword(line: &str) -> Explanation {
    let line = line.trim();
    let (word, arguments) = line.split_once([' ', '=']).unwrap_or((line, ""));
    match Extension::of(word) {
        Some(extension) => known(extension, arguments.trim()),
        None => other(&word.to_ascii_uppercase()),
    }
}

fn known(extension: Extension, arguments: &str) -> Explanation {
    let (title, text, clause) = match extension {
        Extension::Pipelining => (
            "Several commands at once",
            "The client may send the next commands before the replies have come. That saves time.",
            "RFC 2920 §3",
        ),
        Extension::EightBitMime => (
            "8-bit content",
            "The message may have bytes outside ASCII in its body. MAIL says so by BODY=8BITMIME.",
            "RFC 6152 §2",
        ),
        Extension::SmtpUtf8 => (
            "Addresses outside ASCII",
            "Addresses and header fields may have any characters. MAIL says so by SMTPUTF8.",
            "RFC 6531 §3.1",
        ),
        Extension::EnhancedStatusCodes => (
            "Codes with more detail",
            "Replies have a second code, such as 5.1.1, which gives the reason.",
            "RFC 2034 §4",
        ),
        Extension::Chunking => (
            "Messages in pieces",
            "The client may send the message by BDAT, with its size in front, instead of DATA.",
            "RFC 3030 §2",
        ),
        Extension::BinaryMime => (
            "Binary content",
            "The message may have any bytes, sent by BDAT. MAIL says so by BODY=BINARYMIME.",
            "RFC 3030 §3",
        ),
        Extension::Dsn => (
            "Delivery reports",
            "The client may ask for reports of success, failure or delay, by NOTIFY, RET, ENVID and ORCPT.",
            "RFC 3461 §4",
        ),
        Extension::Size => return size(arguments),
        Extension::Limits => (
            "Limits",
            "The server says how many recipients (RCPTMAX) and messages (MAILMAX) it takes, so that the client need \
             not find out.",
            "RFC 9422 §3",
        ),
        Extension::DeliverBy => (
            "Deadlines",
            "The client may say by when the message must be delivered, by BY in MAIL. A number is the shortest time in \
             seconds.",
            "RFC 2852 §3",
        ),
        Extension::MtPriority => (
            "Priorities",
            "The client may give the message a priority from -9 to 9, by MT-PRIORITY in MAIL.",
            "RFC 6710 §4",
        ),
        Extension::FutureRelease => (
            "Delivery later",
            "The client may ask to hold the message, by HOLDFOR or HOLDUNTIL in MAIL. The longest time follows, in \
             seconds and as a date.",
            "RFC 4865 §3",
        ),
        Extension::RequireTls => (
            "TLS all the way",
            "The client may demand that the message goes on by TLS only, by REQUIRETLS in MAIL.",
            "RFC 8689 §2",
        ),
        Extension::StartTls => (
            "Encryption",
            "The client may switch to TLS by STARTTLS. Until then everyone on the way can read along.",
            "RFC 3207 §4",
        ),
        Extension::Auth => return auth(arguments),
        Extension::Help => ("Help", "The server has the command HELP.", "RFC 5321 §4.1.1.8"),
    };
    Explanation::new(title, text, clause)
}

fn size(arguments: &str) -> Explanation {
    const TITLE: &str = "Largest message";
    const CLAUSE: &str = "RFC 1870 §4";
    let is_number = !arguments.is_empty() && arguments.bytes().all(|digit| digit.is_ascii_digit());
    match arguments.trim_start_matches('0') {
        "" if is_number => {
            Explanation::new(TITLE, "The server names no limit to the size of a message.", CLAUSE)
        }
        digits if is_number && digits.len() <= 20 => {
            Explanation::new(TITLE, format!("The server takes messages of up to {digits} bytes."), CLAUSE)
        }
        _ => Explanation::new(TITLE, "MAIL may say how large the message is, by SIZE.", CLAUSE),
    }
}

fn auth(arguments: &str) -> Explanation {
    let explanation = Explanation::new("Login", "The client may log in by AUTH.", "RFC 4954 §3");
    let is_name = |name: &&str| {
        name.len() <= 20
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let names: Vec<_> = arguments.split_whitespace().filter(is_name).take(20).collect();
    let each = names.iter().map(|name| {
        let title = mechanism_name(name).title;
        let mut letters = title.chars();
        let first = letters.next().map(|letter| letter.to_ascii_lowercase());
        format!("{name} is a {}{}.", first.unwrap_or_default(), letters.as_str())
    });
    explanation.and(&each.collect::<Vec<_>>().join(" "))
}

/// Explains keywords that other servers send.
fn other(word: &str) -> Explanation {
    let (title, text, clause) = match word {
        "XCLIENT" => (
            "Proxies may speak for clients",
            "The server trusts this client to say for which other client it speaks.",
            "Postfix XCLIENT",
        ),
        "XFORWARD" => (
            "Filters may pass on the client",
            "The server trusts this client to say where a message came from, for its log.",
            "Postfix XFORWARD",
        ),
        "VRFY" => ("Questions about users", "The server has the command VRFY.", "RFC 5321 §4.1.1.6"),
        "EXPN" => ("Questions about lists", "The server has the command EXPN.", "RFC 5321 §4.1.1.7"),
        "ETRN" => {
            ("Waiting mail", "The client may ask for waiting mail of a domain, by ETRN.", "RFC 1985 §4")
        }
        "ATRN" => {
            ("Waiting mail", "The client may take waiting mail on this connection, by ATRN.", "RFC 2645 §4")
        }
        "BURL" => (
            "Messages by reference",
            "The client may name a message on an IMAP server, by BURL.",
            "RFC 4468 §3",
        ),
        "RRVS" => (
            "Owners of mailboxes",
            "The client may ask that the mailbox has had its owner since a given time, by RRVS in RCPT.",
            "RFC 7293 §3",
        ),
        "NO-SOLICITING" => {
            ("No advertising", "The server asks that advertisements are marked.", "RFC 3865 §2")
        }
        "MTRK" => ("Tracking", "The client may ask to track the message, by MTRK in MAIL.", "RFC 3885 §3"),
        "SUBMITTER" => {
            ("Responsible sender", "MAIL may name who is responsible for the message.", "RFC 4405 §4")
        }
        "CHECKPOINT" => {
            ("Restart", "The client may go on with a message after a lost connection.", "RFC 1845 §4")
        }
        "CONPERM" | "CONNEG" => (
            "Conversion of content",
            "The client may let servers on the way convert the message.",
            "RFC 4141 §3",
        ),
        "UTF8SMTP" => ("Addresses outside ASCII", "This is an old experiment before SMTPUTF8.", "RFC 5336"),
        "PRDR" => (
            "A reply for each recipient",
            "The server can answer for each recipient after the message. This is an extension of Exim.",
            "",
        ),
        "X_PIPE_CONNECT" | "PIPECONNECT" | "PIPE_CONNECT" => (
            "Commands with the connection",
            "The client may send commands before the greeting. This is an extension of Exim.",
            "",
        ),
        _ => (
            "An extension outside the standard",
            "Mailchute does not know this keyword. A client ignores keywords that it does not know.",
            "RFC 5321 §4.1.1.1",
        ),
    };
    Explanation::new(title, text, clause)
}
