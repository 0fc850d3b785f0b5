//! Explanations of verbs.

use super::Explanation;
use crate::command::Verb;

/// Explains a verb.
#[must_use]
pub fn verb(verb: Verb) -> Explanation {
    let (title, text, clause) = match verb {
        Verb::Ehlo => (
            "Greet the server",
            "The client gives its name and asks what the server can do. The server answers with one line for each \
             extension.",
            "RFC 5321 §4.1.1.1",
        ),
        Verb::Helo => (
            "Greet the server in the old way",
            "The client gives its name. It does not ask for extensions, so only basic SMTP is used from here on.",
            "RFC 5321 §4.1.1.1",
        ),
        Verb::Lhlo => (
            "Greet the server in LMTP",
            "The client gives its name and asks what the server can do. LMTP is for deliveries between a mail server \
             and a mail store.",
            "RFC 2033 §4.1",
        ),
        Verb::StartTls => (
            "Ask for encryption",
            "The client wants to go on inside TLS. After a 220, both negotiate keys, and the client greets again with \
             EHLO.",
            "RFC 3207 §4",
        ),
        Verb::Auth => (
            "Log in",
            "The client proves who it is. The word after AUTH is the mechanism, which decides what is sent.",
            "RFC 4954 §4",
        ),
        Verb::Mail => (
            "Begin a message",
            "The client begins a transaction and names the sender. Recipients come next, each with RCPT.",
            "RFC 5321 §4.1.1.2",
        ),
        Verb::Rcpt => (
            "Add a recipient",
            "The client names one recipient of the message. The server accepts or refuses each one by itself.",
            "RFC 5321 §4.1.1.3",
        ),
        Verb::Data => (
            "Send the message",
            "The client asks to send the message itself. After a 354 it sends the header, an empty line and the body, \
             and ends with a line that holds only a dot.",
            "RFC 5321 §4.1.1.4",
        ),
        Verb::Bdat => (
            "Send a piece of the message",
            "The client sends as many bytes as the number says. LAST marks the last piece, so no dot is needed at the \
             end.",
            "RFC 3030 §2",
        ),
        Verb::Rset => (
            "Start over",
            "The client drops the sender and the recipients that it has given. The session goes on.",
            "RFC 5321 §4.1.1.5",
        ),
        Verb::Noop => (
            "Do nothing",
            "The client checks that the server still answers. Nothing changes.",
            "RFC 5321 §4.1.1.9",
        ),
        Verb::Quit => (
            "End the session",
            "The client is done. The server says goodbye and closes the connection.",
            "RFC 5321 §4.1.1.10",
        ),
        Verb::Vrfy => (
            "Ask about a user",
            "The client asks whether a user exists. Most servers do not tell, because spammers would ask, too.",
            "RFC 5321 §4.1.1.6",
        ),
        Verb::Expn => (
            "Ask who is on a list",
            "The client asks for the members of a mailing list. Most servers do not tell.",
            "RFC 5321 §4.1.1.7",
        ),
        Verb::Help => (
            "Ask for help",
            "The client asks which commands there are. The answer is for people.",
            "RFC 5321 §4.1.1.8",
        ),
        Verb::Xclient => (
            "Speak for another client",
            "A proxy says which client it speaks for. The server believes it only from addresses that it trusts, and \
             the session begins again for that client.",
            "Postfix XCLIENT",
        ),
        Verb::Xforward => (
            "Tell where a message came from",
            "A content filter passes on which client sent the next message, for the log. It changes no permissions.",
            "Postfix XFORWARD",
        ),
        Verb::Other => return unknown(),
    };
    Explanation::new(title, text, clause)
}

/// Explains the first word of a command, in any case. It also knows verbs that this server does not have.
#[must_use]
pub fn verb_name(word: &str) -> Explanation {
    match Verb::of(word.as_bytes()) {
        Verb::Other => {}
        known => return verb(known),
    }
    let word = word.to_ascii_uppercase();
    let (title, text, clause) = match &*word {
        "ETRN" => (
            "Ask for waiting mail",
            "The client asks the server to deliver now what it holds for a domain. The mail goes out on other \
             connections.",
            "RFC 1985 §5",
        ),
        "ATRN" => (
            "Ask for waiting mail on this connection",
            "The client logged in and takes what the server holds for its domains. Client and server swap their parts.",
            "RFC 2645 §5",
        ),
        "TURN" => (
            "Swap client and server",
            "The client wants to receive mail over the same connection. TURN is not safe and no longer used.",
            "RFC 5321 appendix F.1",
        ),
        "SEND" | "SOML" | "SAML" => (
            "Begin a message for a terminal",
            "The client wants the message on the screen of the user. These commands are no longer used.",
            "RFC 5321 appendix F.6",
        ),
        "BURL" => (
            "Send a message by reference",
            "The client names a message on an IMAP server, and the server fetches it from there.",
            "RFC 4468 §3",
        ),
        "GET" | "POST" | "HEAD" | "PUT" | "DELETE" | "CONNECT" | "OPTIONS" | "TRACE" | "PATCH" => (
            "A request of a web browser",
            "This is HTTP, not SMTP. A browser connected to the wrong port, or an attacker makes one do so. The server \
             closes the connection.",
            "RFC 5321 §7.8",
        ),
        _ => return unknown(),
    };
    Explanation::new(title, text, clause)
}

fn unknown() -> Explanation {
    Explanation::new(
        "A command outside the standard",
        "SMTP does not have this command. A server refuses it with 500, unless it has added the command itself.",
        "RFC 5321 §4.1.5",
    )
}
