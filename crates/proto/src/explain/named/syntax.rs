//! Replies to lines that the server cannot read.

use super::Row;
use crate::reply::catalog::Name;

pub(super) const SYNTAX: &[Row] = &[
    (
        Name::UNKNOWN_COMMAND,
        "Unknown command",
        "The first word is not a command of this server. Check its spelling; HELP lists the commands.",
    ),
    (
        Name::BARE_LINE_END,
        "Wrong line end",
        "Each line must end with the two bytes CR and LF. Other line ends let attackers hide commands from one of two servers.",
    ),
    (
        Name::LINE_TOO_LONG,
        "Line too long",
        "The command has more bytes than the server takes. Send a shorter line; only messages may be long.",
    ),
    (
        Name::AUTH_LINE_TOO_LONG,
        "Answer too long",
        "The answer within AUTH has more bytes than the server takes. Shorten the token, or use another mechanism.",
    ),
    (
        Name::BROKEN_UTF8,
        "Invalid characters",
        "The line has bytes that are not UTF-8. Send addresses and parameters in UTF-8 or ASCII.",
    ),
    (
        Name::CONTROL_CHARACTER,
        "Control character",
        "The command has an invisible character, such as NUL or a tab. Remove it.",
    ),
    (
        Name::BAD_ARGUMENT,
        "Mistake in the arguments",
        "The command exists, and its arguments are missing, superfluous or malformed. Compare them with the command's syntax.",
    ),
    (
        Name::BAD_HELO,
        "Name is missing or malformed",
        "EHLO and HELO need the host name of the client, such as mail.example.org, or its address in brackets.",
    ),
    (
        Name::BAD_LHLO,
        "Name is missing or malformed",
        "LHLO needs the host name of the client, such as mail.example.org, or its address in brackets.",
    ),
    (
        Name::NO_ARGUMENT_ALLOWED,
        "Superfluous argument",
        "This command stands alone on its line. Send it without anything after it.",
    ),
    (
        Name::BAD_MAIL_SYNTAX,
        "Malformed MAIL",
        "The server expects MAIL FROM:<address>, with angle brackets and without a space after the colon.",
    ),
    (
        Name::BAD_RCPT_SYNTAX,
        "Malformed RCPT",
        "The server expects RCPT TO:<address>, with angle brackets and without a space after the colon.",
    ),
    (
        Name::BAD_SENDER,
        "Malformed sender",
        "The text in the angle brackets is not an address. Write local-part@domain, or <> for no sender.",
    ),
    (
        Name::BAD_RECIPIENT,
        "Malformed recipient",
        "The text in the angle brackets is not an address. Write local-part@domain.",
    ),
    (
        Name::UTF8_ADDRESS_WITHOUT_SMTPUTF8,
        "Address needs SMTPUTF8",
        "The address has characters outside ASCII, and MAIL did not say SMTPUTF8. Add that parameter to MAIL.",
    ),
    (
        Name::UNKNOWN_PARAMETER,
        "Parameter not offered",
        "MAIL or RCPT has a parameter that the reply to EHLO does not offer. Leave it out, or greet with EHLO instead of HELO.",
    ),
    (
        Name::BAD_CHUNK,
        "Malformed BDAT",
        "BDAT needs the size of the piece in bytes. Without it the server cannot know where the next command begins, so it closes the connection.",
    ),
    (
        Name::BAD_ATTRIBUTE,
        "Malformed attribute",
        "XCLIENT and XFORWARD need attributes such as ADDR=192.0.2.1. The reply to EHLO lists them.",
    ),
    (
        Name::BARE_CR_OR_LF,
        "Wrong line end in the message",
        "The message has a CR or LF by itself. Other servers could see the end of the message there, and forged commands after it. The client must send CR LF.",
    ),
    (
        Name::LONE_DOT,
        "A dot that could end the message",
        "A line next to a bare CR or LF holds only a dot. Another server could end the message there, so nobody may pass it on.",
    ),
];
