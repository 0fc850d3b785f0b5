//! Subjects 3 to 6: the mail system, the network, the protocol, and the content.

use super::Row;

pub(super) const SYSTEM: &[Row] = &[
    (
        1,
        "Server's disk is full",
        "The server has no room for messages. Its administrator must make room.",
        "RFC 3463 §3.4",
    ),
    (
        2,
        "Server takes no mail now",
        "The server is stopping, overloaded, or closed for maintenance.",
        "RFC 3463 §3.4",
    ),
    (3, "Feature is missing", "The message needs something that the server cannot do.", "RFC 3463 §3.4"),
    (
        4,
        "Message too big",
        "The message is larger than the server takes. EHLO shows the limit after SIZE.",
        "RFC 3463 §3.4",
    ),
    (
        5,
        "Server is set up wrongly",
        "The server's configuration stops it. Its administrator must look at it.",
        "RFC 3463 §3.4",
    ),
    (
        6,
        "Priority was changed",
        "The server took the message with another priority than the client asked for.",
        "RFC 6710 §7",
    ),
];

pub(super) const NETWORK: &[Row] = &[
    (
        1,
        "Next server does not answer",
        "The server tried to pass the message on and reached nobody.",
        "RFC 3463 §3.5",
    ),
    (
        2,
        "Connection was lost",
        "The connection broke, or nothing came over it for too long.",
        "RFC 3463 §3.5",
    ),
    (
        3,
        "Directory does not answer",
        "The server needs the DNS or another directory, and that fails.",
        "RFC 3463 §3.5",
    ),
    (
        4,
        "No route",
        "The server does not know where to send the message. Often the MX record of a domain is wrong.",
        "RFC 3463 §3.5",
    ),
    (5, "Too much mail", "The mail system is overloaded. It catches up later.", "RFC 3463 §3.5"),
    (
        6,
        "Message goes in circles",
        "The message has passed so many servers that it must be going round. A forwarding rule is wrong.",
        "RFC 3463 §3.5",
    ),
    (
        7,
        "Message is too old",
        "The server has tried for too long, or the deadline for the delivery has passed.",
        "RFC 3463 §3.5",
    ),
];

pub(super) const PROTOCOL: &[Row] = &[
    (
        1,
        "Wrong command",
        "The command is unknown, or not allowed at this point of the session.",
        "RFC 3463 §3.6",
    ),
    (2, "Malformed line", "The server cannot read the line as a command.", "RFC 3463 §3.6"),
    (
        3,
        "Too many recipients",
        "The message has more recipients than the server takes at once. Send the rest as another message.",
        "RFC 3463 §3.6",
    ),
    (4, "Wrong arguments", "The command exists, and what follows it is not allowed.", "RFC 3463 §3.6"),
    (
        5,
        "Wrong protocol version",
        "Client and server do not speak the same version of the protocol.",
        "RFC 3463 §3.6",
    ),
    (
        6,
        "Line of the login is too long",
        "An answer within AUTH has more bytes than the server takes.",
        "RFC 4954 §6",
    ),
];

pub(super) const CONTENT: &[Row] = &[
    (
        1,
        "Kind of content not supported",
        "The server or the recipient does not take messages of this kind.",
        "RFC 3463 §3.7",
    ),
    (
        2,
        "Conversion needed but forbidden",
        "The message must be converted to go on, and the sender does not allow that.",
        "RFC 3463 §3.7",
    ),
    (
        3,
        "Conversion needed but not possible",
        "The message must be converted to go on, and the server cannot do it.",
        "RFC 3463 §3.7",
    ),
    (
        4,
        "Converted with losses",
        "The message was converted to go on, and some of its content was lost.",
        "RFC 3463 §3.7",
    ),
    (5, "Conversion failed", "The message must be converted to go on, and that failed.", "RFC 3463 §3.7"),
    (
        6,
        "Content not available",
        "The server cannot fetch the message from where BURL says it is.",
        "RFC 4468 §4",
    ),
    (
        7,
        "Address needs SMTPUTF8",
        "An address has characters outside ASCII, and this message or this server does not take them.",
        "RFC 6531 §3.5",
    ),
    (
        8,
        "Reply needs UTF-8",
        "The reply has characters outside ASCII, and the client has not said that it reads them.",
        "RFC 6531 §3.7.4",
    ),
    (
        9,
        "Header needs SMTPUTF8",
        "The header has characters outside ASCII, and a server on the way to a recipient does not take them.",
        "RFC 6531 §3.5",
    ),
    (
        10,
        "Reply needs UTF-8",
        "The reply has characters outside ASCII. This code is an old form of X.6.8.",
        "RFC 6531 §3.7.4",
    ),
];
