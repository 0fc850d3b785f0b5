//! Replies to commands that come too early or too late, or that are not offered.

use super::Row;
use crate::reply::catalog::Name;

pub(super) const ORDER: &[Row] = &[
    (
        Name::SAY_HELLO_FIRST,
        "Greet first",
        "The client must introduce itself by EHLO before this command. After STARTTLS it must do so again.",
    ),
    (
        Name::SAY_LHLO_FIRST,
        "Greet first",
        "The client must introduce itself by LHLO before this command. After STARTTLS it must do so again.",
    ),
    (
        Name::SAY_QUIT,
        "Only QUIT is left",
        "The server refused this client at its greeting. The only useful command now is QUIT.",
    ),
    (
        Name::NESTED_MAIL,
        "A message has already begun",
        "The sender was given before. Go on with RCPT, or drop the message by RSET.",
    ),
    (Name::NEED_MAIL, "Sender is missing", "No message has begun, or it ended. Send MAIL first, then RCPT."),
    (Name::NEED_RCPT, "Recipient is missing", "The message has no recipient yet. Send RCPT first."),
    (
        Name::NO_VALID_RECIPIENTS,
        "All recipients were refused",
        "The message would go to nobody, so the server does not take it. Look at the replies to RCPT.",
    ),
    (
        Name::NO_RECIPIENT_ACCEPTED,
        "All recipients were refused",
        "The message would go to nobody, so the server does not take it. Look at the replies to RCPT.",
    ),
    (
        Name::BINARY_NEEDS_BDAT,
        "BDAT is needed",
        "MAIL announced binary content, which DATA cannot carry. Send the message by BDAT.",
    ),
    (
        Name::IN_CHUNKS,
        "The message has already begun",
        "The client has sent a piece of the message by BDAT. It sends the other pieces by BDAT too, or RSET.",
    ),
    (
        Name::IN_TRANSACTION,
        "Not inside a message",
        "This command must come before MAIL. Finish the message, or drop it by RSET.",
    ),
    (
        Name::TLS_ALREADY_ACTIVE,
        "Already encrypted",
        "The session is inside TLS, and TLS cannot begin twice. Go on with EHLO.",
    ),
    (
        Name::TLS_NOT_OFFERED,
        "No TLS here",
        "The server has no certificate for this listener, or has disabled STARTTLS. The reply to EHLO shows what it offers.",
    ),
    (
        Name::CHUNKING_NOT_OFFERED,
        "No BDAT here",
        "The server does not take messages in pieces. Send the message by DATA.",
    ),
    (
        Name::AUTH_NOT_OFFERED,
        "No login here",
        "The server offers no login, or only inside TLS. The reply to EHLO shows what it offers.",
    ),
    (
        Name::NOT_IMPLEMENTED,
        "Command not offered",
        "The server knows the command and does not offer it, so that nobody can collect addresses.",
    ),
    (Name::TLS_REQUIRED, "Encrypt first", "The server takes mail only inside TLS. Send STARTTLS first."),
    (
        Name::AUTH_REQUIRED,
        "Log in first",
        "The server takes mail only from users that it knows. Send AUTH first.",
    ),
    (
        Name::TALKED_BEFORE_GREETING,
        "Too early",
        "The client sent something before the server's greeting. Mail clients wait; programs that send spam often do not.",
    ),
    (
        Name::TALKED_BEHIND_AUTH,
        "Too early",
        "The client went on before the reply to its login. It must wait for each reply within AUTH, so the server closes the connection.",
    ),
];
