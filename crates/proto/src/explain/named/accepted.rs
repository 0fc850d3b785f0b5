//! Positive replies, and those that ask for more.

use super::Row;
use crate::reply::catalog::Name;

pub(super) const ACCEPTED: &[Row] = &[
    (Name::OK, "Done", "The server did what the client asked for. The client goes on with its next command."),
    (
        Name::SENDER_OK,
        "Sender accepted",
        "A message has begun. The client names its recipients next, each with RCPT.",
    ),
    (
        Name::RECIPIENT_OK,
        "Recipient accepted",
        "The message may go to this recipient. The client names the next one, or sends the message by DATA.",
    ),
    (
        Name::MESSAGE_ACCEPTED,
        "Message accepted",
        "The server has taken the message and is responsible for it from now on. The client may delete its copy.",
    ),
    (
        Name::CANNOT_VERIFY,
        "The server does not tell",
        "The server does not say whether the user exists, as spammers would ask, too. Only RCPT gives an answer.",
    ),
    (
        Name::CHUNK_RECEIVED,
        "Piece received",
        "The server has this piece of the message and waits for the next one.",
    ),
    (Name::HELP, "List of commands", "These are the commands that the server knows."),
    (Name::GOODBYE, "Goodbye", "The session ends as it should. The server closes the connection."),
    (
        Name::READY_FOR_TLS,
        "Begin the TLS handshake",
        "Both sides negotiate TLS now. After that the client greets again with EHLO, as if the session had just begun.",
    ),
    (
        Name::AUTHENTICATED,
        "Logged in",
        "The server believes who the client is. The client may now send what this user may send.",
    ),
    (
        Name::GREETING,
        "Welcome",
        "The server says its name and that it speaks SMTP. The client introduces itself next, by EHLO.",
    ),
    (
        Name::LMTP_GREETING,
        "Welcome",
        "The server says its name and that it speaks LMTP. The client introduces itself next, by LHLO.",
    ),
    (
        Name::HELLO,
        "Greeting accepted",
        "The server says its name. If the client sent EHLO, the lines below say what the server can do.",
    ),
    (
        Name::CHALLENGE,
        "Next step of the login",
        "The server waits for the next answer of the client, in base64. A lone * gives the login up.",
    ),
    (
        Name::START_DATA,
        "Send the message now",
        "The client sends header, empty line and body. A line that holds only a dot ends the message. A line of the message that begins with a dot gets a second one.",
    ),
    (
        Name::NOT_HTTP,
        "A web browser came",
        "The client spoke HTTP, so it reached the wrong port. The server closes the connection, as web pages could make browsers send mail.",
    ),
];
