//! Explanations of the three digits of a reply.

use super::Explanation;

/// Explains the code of a reply. An unknown code is explained by its digits.
///
/// ```
/// use mailchute_proto::explain;
///
/// assert_eq!(explain::code(354).title, "Send the message now");
/// assert_eq!(explain::code(459).title, "Refused temporarily");
/// ```
#[must_use]
pub fn code(code: u16) -> Explanation {
    let (title, text, clause) = match code {
        211 => ("Status", "The server tells about itself. This is for people.", "RFC 5321 §4.2.3"),
        214 => ("Help", "The server lists its commands. This is for people.", "RFC 5321 §4.2.3"),
        220 => (
            "Ready",
            "The server is ready. At the start of a session the client sends EHLO next; after STARTTLS, the TLS \
             handshake begins.",
            "RFC 5321 §4.2.3",
        ),
        221 => ("Goodbye", "The server closes the connection, as both sides agreed.", "RFC 5321 §4.2.3"),
        235 => ("Logged in", "The server believes who the client is.", "RFC 4954 §6"),
        250 => ("Done", "The server did what the client asked for.", "RFC 5321 §4.2.3"),
        251 => (
            "Accepted for another server",
            "The user is not here, but the server forwards the message. The text has the new address.",
            "RFC 5321 §3.4",
        ),
        252 => (
            "Perhaps",
            "The server does not tell whether the user exists. It would take mail for it and try to deliver it.",
            "RFC 5321 §3.5.3",
        ),
        253 => (
            "Waiting mail is sent",
            "The server begins to deliver the mail that it holds for the domain.",
            "RFC 1985 §5",
        ),
        334 => (
            "Next step of the login",
            "The server waits for the next answer within AUTH. Its text, in base64, is the challenge.",
            "RFC 4954 §4",
        ),
        354 => (
            "Send the message now",
            "The server waits for the message. It ends with a line that holds only a dot.",
            "RFC 5321 §4.2.3",
        ),
        421 => (
            "The server closes the connection",
            "The server cannot go on with this session. The client connects again later.",
            "RFC 5321 §3.8",
        ),
        432 => (
            "New password needed",
            "The user must set a password again before this mechanism works.",
            "RFC 4954 §6",
        ),
        450 => (
            "Mailbox not available now",
            "The mailbox is busy, or the server wants the client to come back later, as greylisting does.",
            "RFC 5321 §4.2.3",
        ),
        451 => (
            "Error at the server",
            "Something failed on the server's side. The message was not accepted.",
            "RFC 5321 §4.2.3",
        ),
        452 => (
            "No room now",
            "The server lacks room, or the message has more recipients than the server takes at once.",
            "RFC 5321 §4.2.3",
        ),
        454 => (
            "Not available now",
            "TLS or the login cannot be used at the moment. The reason is on the server's side.",
            "RFC 3207 §4",
        ),
        455 => (
            "Parameters not possible now",
            "The server knows the parameters of the command, but cannot follow them at the moment.",
            "RFC 5321 §4.2.3",
        ),
        458 => ("No mail can be queued", "The server cannot start to send the waiting mail.", "RFC 1985 §5"),
        500 => (
            "Not a command",
            "The server does not know the command, or the line is too long or malformed.",
            "RFC 5321 §4.2.3",
        ),
        501 => (
            "Mistake in the arguments",
            "The command exists, but what follows it is wrong. Check for angle brackets, spaces and typing mistakes.",
            "RFC 5321 §4.2.3",
        ),
        502 => {
            ("Command not offered", "The server knows the command and does not offer it.", "RFC 5321 §4.2.3")
        }
        503 => (
            "Wrong order",
            "The command comes too early or too late. The usual order is EHLO, MAIL, RCPT, DATA, QUIT.",
            "RFC 5321 §4.1.4",
        ),
        504 => (
            "Argument not offered",
            "The server does not take this argument. After AUTH it means that the mechanism is not offered.",
            "RFC 5321 §4.2.3",
        ),
        521 => ("No mail here", "This host accepts no mail at all.", "RFC 7504 §3"),
        530 => (
            "Something must come first",
            "The server wants encryption or a login before this command. The text says which.",
            "RFC 4954 §6",
        ),
        534 => (
            "Mechanism too weak",
            "The server does not take this kind of login for this user. A stronger mechanism is needed.",
            "RFC 4954 §6",
        ),
        535 => (
            "Login failed",
            "User or password is wrong, or the account may not log in. The server does not say which.",
            "RFC 4954 §6",
        ),
        538 => (
            "Encryption needed",
            "This kind of login shows the password. The server takes it inside TLS only; send STARTTLS first.",
            "RFC 4954 §6",
        ),
        550 => (
            "Refused",
            "The server does not accept this: the mailbox does not exist, or a rule forbids it.",
            "RFC 5321 §4.2.3",
        ),
        551 => (
            "User is elsewhere",
            "The user is not here, and the server does not forward. The text may have the new address.",
            "RFC 5321 §3.4",
        ),
        552 => {
            ("Too large", "The message is larger than the server or the mailbox takes.", "RFC 5321 §4.2.3")
        }
        553 => (
            "Address not allowed",
            "The address is malformed, or the client may not use it.",
            "RFC 5321 §4.2.3",
        ),
        554 => (
            "Refused",
            "The transaction failed, or the server does not serve this client at all.",
            "RFC 5321 §4.2.3",
        ),
        555 => (
            "Parameter not offered",
            "MAIL or RCPT has a parameter that the server did not announce. Leave it out.",
            "RFC 5321 §4.1.1.11",
        ),
        556 => (
            "Domain takes no mail",
            "The domain of the recipient says in the DNS that it accepts no mail.",
            "RFC 7504 §4",
        ),
        _ => return by_digits(code),
    };
    Explanation::new(title, text, clause)
}

/// Says what the first two digits say (RFC 5321 §4.2.1).
fn by_digits(code: u16) -> Explanation {
    let title = match code / 100 {
        2 => "Done",
        3 => "More is needed",
        4 => "Refused temporarily",
        5 => "Refused permanently",
        _ => {
            let text = "A reply of SMTP begins with a number from 200 to 599. Perhaps this is another kind of server.";
            return Explanation::new("Not a reply code", text, "RFC 5321 §4.2.1");
        }
    };
    let text = match code / 10 % 10 {
        0 => "The reply is about the syntax of the command.",
        1 => "The reply gives information.",
        2 => "The reply is about the connection.",
        3 => "The reply is about the login.",
        5 => "The reply is about the mail system.",
        _ => "SMTP gives this number no meaning of its own; the text says more.",
    };
    Explanation::new(title, text, "RFC 5321 §4.2.1")
}
