//! Replies to clients that exceed a limit, and the server's own troubles.

use super::Row;
use crate::reply::catalog::Name;

pub(super) const LIMITS: &[Row] = &[
    (
        Name::MESSAGE_TOO_LARGE,
        "Message too large",
        "The message is larger than the server takes; EHLO shows the limit after SIZE. Send a smaller message, or a link to the file.",
    ),
    (
        Name::HEADER_TOO_LARGE,
        "Header too large",
        "The header has more bytes or fields than the server takes. A program that goes round in circles often causes this.",
    ),
    (
        Name::TOO_MANY_RECIPIENTS,
        "Enough recipients",
        "The message has as many recipients as the server takes at once. Those before are kept; the client sends the rest as another message.",
    ),
    (
        Name::TOO_MANY_TRANSACTIONS,
        "Enough messages",
        "The session has carried as many messages as the server allows. The client connects again for the next ones.",
    ),
    (
        Name::TOO_MANY_ERRORS,
        "Too many errors",
        "The client made too many mistakes, so the server closes the connection. Look at the refusals before this one.",
    ),
    (
        Name::TOO_MANY_CONNECTIONS,
        "Server is full",
        "The server has as many connections as it can hold. The client tries again later.",
    ),
    (
        Name::TOO_MANY_CONNECTIONS_FROM_CLIENT,
        "Too many connections of this client",
        "This address has as many connections as one client may have. Close some, or use one for several messages.",
    ),
    (
        Name::ENDLESS_LINE,
        "Line without end",
        "The client sends on and on without a line end. The server gives up, as a mail client would not do that.",
    ),
    (
        Name::MAIL_LOOP,
        "Message goes in circles",
        "The message has passed more servers than a real way has, so a forwarding rule leads in a circle. Fix the rule.",
    ),
    (
        Name::DELIVERY_TIME_TOO_SHORT,
        "Deadline too short",
        "The server cannot promise a delivery within so few seconds. Give BY more time, or leave it out.",
    ),
    (
        Name::HELD_TOO_LONG,
        "Held for too long",
        "The server does not hold messages for so long. EHLO shows the limit after FUTURERELEASE.",
    ),
    (
        Name::RELEASE_IN_THE_PAST,
        "Time has passed",
        "HOLDUNTIL names a time that has passed. Give a later time, or leave it out.",
    ),
    (
        Name::TIMEOUT,
        "Nothing came for too long",
        "The client was silent for longer than the server waits, so the server closes the connection. The client connects again.",
    ),
    (
        Name::SHUTTING_DOWN,
        "Server stops",
        "The server is being stopped or replaced. The client tries again later and sends what was not accepted.",
    ),
    (
        Name::INTERNAL_ERROR,
        "Error at the server",
        "Something failed at the server; its log says what. The message was not accepted, and the client tries again later.",
    ),
    (
        Name::INSUFFICIENT_STORAGE,
        "Disk is full",
        "The server has no room to store the message. Its administrator must make room; the client tries again later.",
    ),
];
