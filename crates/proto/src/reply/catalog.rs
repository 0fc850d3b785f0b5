//! All standard replies of Mailchute, in one place.
//!
//! A hook's reply replaces the standard one.
//!
//! # Why
//!
//! Replies are data: code, enhanced code, text, condition and clause. `docs/replies.md` is made from them, and a test
//! compares the two.
//!
//! A refusal instead of the greeting carries its enhanced code (`554 5.7.1`, `421 4.3.2`), as in Postfix. A greeting,
//! and the replies to EHLO and HELO, carry none (RFC 2034).

use std::fmt;

use super::Reply;

/// One reply of the catalogue, as data.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Entry {
    /// Its name in this module.
    pub name: Name,
    /// The reply.
    pub reply: &'static Reply,
    /// The condition.
    pub when: &'static str,
    /// The clause that it follows.
    pub clause: &'static str,
}

macro_rules! catalog {
    (
        $($(#[doc = $when:literal])+ $name:ident = $code:literal $class:literal . $subject:literal . $detail:literal $text:literal, $clause:literal;)*
        plain:
        $($(#[doc = $plain_when:literal])+ $plain:ident = $plain_code:literal $plain_text:literal, $plain_clause:literal;)*
    ) => {
        $(
            $(#[doc = $when])+
            #[doc = concat!("`", $code, " ", $class, ".", $subject, ".", $detail, " ", $text, "`, ", $clause)]
            pub const $name: Reply = Reply::from_static($code, ($class, $subject, $detail), $text).named(Name::$name);
        )*
        $(
            $(#[doc = $plain_when])+
            #[doc = concat!("`", $plain_code, " ", $plain_text, "`, ", $plain_clause)]
            pub const $plain: Reply = Reply::plain($plain_code, $plain_text).named(Name::$plain);
        )*

        /// The name of a reply of the catalogue. `Display` writes it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "they are the names of the constants")]
        #[non_exhaustive]
        pub enum Name {
            $($(#[doc = $when])+ $name,)*
            $($(#[doc = $plain_when])+ $plain,)*
        }

        const ENTRIES: &[Entry] = &[
            $(Entry { name: Name::$name, reply: &$name, when: concat!($($when),+), clause: $clause },)*
            $(Entry { name: Name::$plain, reply: &$plain, when: concat!($($plain_when),+), clause: $plain_clause },)*
        ];
    };
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

catalog! {
    // Positive replies.
    /// NOOP, RSET and the application's own verbs.
    OK = 250 2 . 0 . 0 "OK", "RFC 5321 §4.2.3";
    /// MAIL (RFC 3463 X.1.0).
    SENDER_OK = 250 2 . 1 . 0 "Sender OK", "RFC 5321 §4.1.1.2";
    /// RCPT (RFC 3463 X.1.5).
    RECIPIENT_OK = 250 2 . 1 . 5 "Recipient OK", "RFC 5321 §4.1.1.3";
    /// The end of the message data (RFC 3463 X.6.0).
    MESSAGE_ACCEPTED = 250 2 . 6 . 0 "Message accepted", "RFC 5321 §4.1.1.4";
    /// VRFY, unless a hook answers (RFC 5321 §3.5.3).
    CANNOT_VERIFY = 252 2 . 5 . 0 "Cannot verify the user, but will accept mail and try to deliver it", "RFC 5321 §3.5.3";
    /// BDAT that is not the last of its message; the text begins with the number of bytes.
    CHUNK_RECEIVED = 250 2 . 0 . 0 "octets received", "RFC 3030 §2";
    /// HELP; the commands follow.
    HELP = 214 2 . 0 . 0 "Commands:", "RFC 5321 §4.1.1.8";
    /// QUIT (RFC 5321 §4.1.1.10).
    GOODBYE = 221 2 . 0 . 0 "Closing connection", "RFC 5321 §4.1.1.10";
    /// STARTTLS (RFC 3207 §4).
    READY_FOR_TLS = 220 2 . 0 . 0 "Ready to start TLS", "RFC 3207 §4";
    /// AUTH (RFC 4954 §6).
    AUTHENTICATED = 235 2 . 7 . 0 "Authentication successful", "RFC 4954 §6";

    // Syntax (RFC 5321 §4.2.4, RFC 3463 X.5).
    /// An unknown verb.
    UNKNOWN_COMMAND = 500 5 . 5 . 1 "Command not recognized; HELP lists the commands", "RFC 5321 §4.2.4";
    /// A command line that does not end with CRLF, or contains a bare CR.
    BARE_LINE_END = 500 5 . 5 . 2 "Lines must end with CR LF", "RFC 5321 §2.3.8";
    /// A command line over the limit.
    LINE_TOO_LONG = 500 5 . 5 . 2 "Line too long", "RFC 5321 §4.5.3.1.4";
    /// An AUTH line over the limit (RFC 4954 §4).
    AUTH_LINE_TOO_LONG = 500 5 . 5 . 6 "Authentication exchange line is too long", "RFC 4954 §4";
    /// Bytes that are not UTF-8 (RFC 6531 §3.5).
    BROKEN_UTF8 = 500 5 . 5 . 2 "Invalid UTF-8", "RFC 6531 §3.5";
    /// CR, LF, NUL or another control character inside a command.
    CONTROL_CHARACTER = 501 5 . 5 . 2 "Control characters are not allowed", "RFC 5321 §4.1.2";
    /// An argument that the command does not take, lacks, or cannot parse.
    BAD_ARGUMENT = 501 5 . 5 . 4 "Syntax error in parameters or arguments", "RFC 5321 §4.3.2";
    /// EHLO or HELO without a valid name.
    BAD_HELO = 501 5 . 5 . 4 "Syntax: EHLO hostname", "RFC 5321 §4.1.1.1";
    /// An argument after a command that takes none.
    NO_ARGUMENT_ALLOWED = 501 5 . 5 . 4 "This command takes no argument", "RFC 5321 §4.1.1";
    /// LHLO without a valid name (RFC 2033 §4.1).
    BAD_LHLO = 501 5 . 5 . 4 "Syntax: LHLO hostname", "RFC 2033 §4.1";
    /// `MAIL` without `FROM:<address>`.
    BAD_MAIL_SYNTAX = 501 5 . 5 . 4 "Syntax: MAIL FROM:<address>", "RFC 5321 §4.1.1.2";
    /// `RCPT` without `TO:<address>`.
    BAD_RCPT_SYNTAX = 501 5 . 5 . 4 "Syntax: RCPT TO:<address>", "RFC 5321 §4.1.1.3";
    /// A reverse-path that is not an address (RFC 3463 X.1.7).
    BAD_SENDER = 501 5 . 1 . 7 "Bad sender address syntax", "RFC 5321 §4.1.2";
    /// A forward-path that is not an address (RFC 3463 X.1.3).
    BAD_RECIPIENT = 501 5 . 1 . 3 "Bad recipient address syntax", "RFC 5321 §4.1.2";
    /// A UTF-8 address in a transaction without SMTPUTF8 (RFC 6531 §3.5).
    UTF8_ADDRESS_WITHOUT_SMTPUTF8 = 553 5 . 6 . 7 "This address needs SMTPUTF8", "RFC 6531 §3.5";
    /// EXPN, unless a hook answers.
    NOT_IMPLEMENTED = 502 5 . 5 . 1 "Command not implemented", "RFC 5321 §4.2.4";
    /// A parameter of MAIL or RCPT that was not announced (RFC 5321 §4.1.1.11).
    UNKNOWN_PARAMETER = 555 5 . 5 . 4 "Parameter not recognized or not announced", "RFC 5321 §4.1.1.11";

    // Order (RFC 5321 §4.1.4).
    /// A command before EHLO or HELO.
    SAY_HELLO_FIRST = 503 5 . 5 . 1 "Send EHLO first", "RFC 5321 §4.1.4";
    /// A command before LHLO, in LMTP.
    SAY_LHLO_FIRST = 503 5 . 5 . 1 "Send LHLO first", "RFC 2033 §4.1";
    /// Any command but QUIT after a refused connection (RFC 5321 §3.1).
    SAY_QUIT = 503 5 . 5 . 1 "No service for you here; send QUIT", "RFC 5321 §3.1";
    /// MAIL inside a transaction.
    NESTED_MAIL = 503 5 . 5 . 1 "Sender already given; RSET starts over", "RFC 5321 §4.1.4";
    /// RCPT outside a transaction.
    NEED_MAIL = 503 5 . 5 . 1 "Send MAIL first", "RFC 5321 §4.1.4";
    /// DATA without a recipient.
    NEED_RCPT = 503 5 . 5 . 1 "Send RCPT first", "RFC 5321 §4.1.4";
    /// DATA for a message that needs BDAT (RFC 3030 §3).
    BINARY_NEEDS_BDAT = 503 5 . 5 . 1 "BODY=BINARYMIME needs BDAT", "RFC 3030 §3";
    /// DATA or RCPT after the first BDAT of a message (RFC 3030 §2).
    IN_CHUNKS = 503 5 . 5 . 1 "A message is being sent by BDAT", "RFC 3030 §2";
    /// BDAT with an invalid size, so that the start of the next command is unknown.
    BAD_CHUNK = 501 5 . 5 . 4 "Syntax: BDAT size [LAST]", "RFC 3030 §2";
    /// DATA after every recipient was refused (RFC 5321 §3.3).
    NO_VALID_RECIPIENTS = 554 5 . 5 . 1 "No valid recipients", "RFC 5321 §3.3";
    /// DATA after every recipient was refused, in LMTP (RFC 2033 §4.2).
    NO_RECIPIENT_ACCEPTED = 503 5 . 5 . 1 "No valid recipients", "RFC 2033 §4.2";
    /// A command that is not allowed inside a transaction.
    IN_TRANSACTION = 503 5 . 5 . 1 "Not allowed inside a mail transaction", "RFC 4954 §4";
    /// STARTTLS inside TLS.
    TLS_ALREADY_ACTIVE = 503 5 . 5 . 1 "TLS is already active", "RFC 3207 §4.2";
    /// STARTTLS without a certificate.
    TLS_NOT_OFFERED = 502 5 . 5 . 1 "STARTTLS is not offered", "RFC 5321 §4.2.4";
    /// BDAT if it is not offered; its bytes are read and dropped.
    CHUNKING_NOT_OFFERED = 502 5 . 5 . 1 "BDAT is not offered", "RFC 5321 §4.2.4";
    /// Any command but NOOP, EHLO, LHLO, STARTTLS, XCLIENT and QUIT while TLS is required (RFC 3207 §4).
    TLS_REQUIRED = 530 5 . 7 . 0 "Must issue a STARTTLS command first", "RFC 3207 §4";

    /// Bytes before the greeting.
    TALKED_BEFORE_GREETING = 554 5 . 5 . 0 "You talked before the greeting", "RFC 5321 §4.3.1";
    /// Input after AUTH, or after an answer within it, before its reply (RFC 4954 §4, RFC 2920 §3.1).
    TALKED_BEHIND_AUTH = 503 5 . 5 . 0 "You talked on before the reply to AUTH", "RFC 4954 §4";

    // Limits.
    /// MAIL with a SIZE over the limit, or a message over the limit (RFC 1870 §6).
    MESSAGE_TOO_LARGE = 552 5 . 3 . 4 "Message exceeds the maximum size", "RFC 1870 §6";
    /// A recipient over the limit of a transaction (RFC 5321 §4.5.3.1.10).
    TOO_MANY_RECIPIENTS = 452 4 . 5 . 3 "Too many recipients", "RFC 5321 §4.5.3.1.10";
    /// A transaction over the limit of a session.
    TOO_MANY_TRANSACTIONS = 421 4 . 7 . 0 "Too many messages in one session; connect again", "RFC 9422 §4.1";
    /// Too many refused commands.
    TOO_MANY_ERRORS = 421 4 . 7 . 0 "Too many errors", "RFC 5321 §3.8";
    /// All slots are taken.
    TOO_MANY_CONNECTIONS = 421 4 . 3 . 2 "Too many connections; try again later", "RFC 5321 §3.8";
    /// All slots of one client are taken.
    TOO_MANY_CONNECTIONS_FROM_CLIENT = 421 4 . 7 . 0 "Too many connections from your address", "RFC 5321 §7.8";
    /// A command line without end.
    ENDLESS_LINE = 421 4 . 7 . 0 "Line without end", "RFC 5321 §7.8";
    /// A message with too many Received: fields (RFC 5321 §6.3).
    MAIL_LOOP = 554 5 . 4 . 6 "Too many Received headers: this message loops", "RFC 5321 §6.3";
    /// A message whose header exceeds its limits.
    HEADER_TOO_LARGE = 552 5 . 3 . 4 "Message header exceeds the limit", "RFC 5321 §4.5.3.1";
    /// MAIL whose BY asks for a return sooner than DELIVERBY allows.
    DELIVERY_TIME_TOO_SHORT = 555 5 . 5 . 4 "Delivery within that time cannot be promised", "RFC 2852 §4";
    /// MAIL whose hold is longer than FUTURERELEASE allows.
    HELD_TOO_LONG = 501 5 . 5 . 4 "Messages are not held for so long", "RFC 4865 §4";
    /// MAIL with a HOLDUNTIL in the past.
    RELEASE_IN_THE_PAST = 501 5 . 5 . 4 "The time of release has passed", "RFC 4865 §4";
    /// A bare CR or LF in the message data.
    BARE_CR_OR_LF = 550 5 . 5 . 2 "Bare CR or LF in the message data: lines must end with CR LF", "RFC 5321 §2.3.8";
    /// NULs and a lone dot on a line next to a bare CR or LF, if those are tolerated or normalized.
    LONE_DOT = 550 5 . 5 . 2 "NUL and a dot alone by a bare CR or LF could end the message elsewhere", "RFC 5321 §4.1.1.4";

    // Authentication (RFC 4954 §6).
    /// AUTH if it is not offered.
    AUTH_NOT_OFFERED = 502 5 . 5 . 1 "AUTH is not offered", "RFC 5321 §4.2.4";
    /// AUTH a second time.
    ALREADY_AUTHENTICATED = 503 5 . 5 . 1 "Already authenticated", "RFC 4954 §4";
    /// A mechanism that is not offered.
    UNKNOWN_MECHANISM = 504 5 . 5 . 4 "Authentication mechanism not offered", "RFC 4954 §4";
    /// A plaintext mechanism outside TLS.
    ENCRYPTION_REQUIRED = 538 5 . 7 . 11 "Encryption required for this authentication mechanism", "RFC 4954 §6";
    /// Bytes that are not base64.
    BAD_BASE64 = 501 5 . 5 . 2 "Invalid base64", "RFC 4954 §4";
    /// Valid base64 whose content the mechanism does not allow.
    BAD_CREDENTIALS_SYNTAX = 501 5 . 5 . 2 "Malformed credentials", "RFC 4954 §4";
    /// The client cancelled the exchange with `*`.
    AUTH_CANCELLED = 501 5 . 7 . 0 "Authentication cancelled", "RFC 4954 §4";
    /// Wrong user or password.
    BAD_CREDENTIALS = 535 5 . 7 . 8 "Authentication credentials invalid", "RFC 4954 §6";
    /// Too many wrong credentials.
    TOO_MANY_AUTH_FAILURES = 421 4 . 7 . 0 "Too many failed authentications", "RFC 4954 §9";
    /// Any command but AUTH, EHLO, HELO, LHLO, HELP, NOOP, RSET, QUIT, STARTTLS, XCLIENT and XFORWARD before AUTH, if
    /// AUTH is required.
    AUTH_REQUIRED = 530 5 . 7 . 0 "Authentication required", "RFC 4954 §6";

    // Proxies (Postfix's XCLIENT and XFORWARD).
    /// HAProxy's PROXY header after the greeting.
    NO_PROXY_HEADER = 550 5 . 7 . 1 "No PROXY header is expected from your address", "RFC 5321 §7.8";
    /// XCLIENT or XFORWARD from a client that is not trusted.
    PROXY_NOT_TRUSTED = 550 5 . 7 . 1 "You are not trusted to speak for others", "RFC 5321 §7.9";
    /// XCLIENT or XFORWARD without attributes, with an unknown one, or with an invalid value.
    BAD_ATTRIBUTE = 501 5 . 5 . 4 "Syntax: attribute=value, with attributes as EHLO lists them", "RFC 5321 §4.3.2";

    // A refusal by a hook without its own reply.
    /// A refused connection.
    CONNECTION_REFUSED = 554 5 . 7 . 1 "Connection refused", "RFC 5321 §3.1";
    /// A refused EHLO.
    HELO_REFUSED = 550 5 . 7 . 1 "Greeting refused", "RFC 5321 §4.1.4";
    /// A refused STARTTLS or TLS session.
    TLS_REFUSED = 454 4 . 7 . 0 "TLS not available now", "RFC 3207 §4";
    /// A refused sender.
    SENDER_REFUSED = 550 5 . 7 . 1 "Sender address rejected", "RFC 5321 §4.3.2";
    /// A refused recipient.
    RECIPIENT_REFUSED = 550 5 . 1 . 1 "Recipient address rejected", "RFC 5321 §3.3";
    /// A refused message.
    MESSAGE_REFUSED = 554 5 . 7 . 1 "Message refused", "RFC 5321 §3.3";
    /// Any other refused command.
    COMMAND_REFUSED = 550 5 . 7 . 1 "Command refused", "RFC 5321 §7.8";

    // The server's own failures, and the end.
    /// A hook or store failed, panicked or timed out.
    INTERNAL_ERROR = 451 4 . 3 . 0 "Internal error; try again later", "RFC 5321 §4.2.2";
    /// A hook or store reported a full disk (RFC 3463 X.3.1).
    INSUFFICIENT_STORAGE = 452 4 . 3 . 1 "Insufficient system storage; try again later", "RFC 5321 §4.2.2";
    /// The client sent nothing for too long.
    TIMEOUT = 421 4 . 4 . 2 "Timeout: closing connection", "RFC 5321 §4.5.3.2.7";
    /// The server shuts down.
    SHUTTING_DOWN = 421 4 . 3 . 2 "Service shutting down", "RFC 5321 §3.8";
    /// A hook hung up without its own reply.
    HUNG_UP = 421 4 . 7 . 0 "Closing connection", "RFC 5321 §3.8";
    /// A web browser, or someone who misuses one (Postfix's `smtpd_forbidden_commands`).
    NOT_HTTP = 221 2 . 7 . 0 "This is an SMTP server, not a web server", "RFC 5321 §7.8";

    // Replies without an enhanced status code (RFC 2034 §3, RFC 4954 §4).
    plain:
    /// The greeting; the text begins with the server's name.
    GREETING = 220 "ESMTP Mailchute", "RFC 5321 §4.3.1";
    /// The greeting of LMTP; the text begins with the server's name.
    LMTP_GREETING = 220 "LMTP Mailchute", "RFC 2033 §4";
    /// EHLO, HELO and LHLO; the text begins with the server's name, and the service extensions follow on further lines.
    HELLO = 250 "", "RFC 5321 §4.1.1.1";
    /// A challenge of AUTH, which follows in base64.
    CHALLENGE = 334 "", "RFC 4954 §4";
    /// DATA.
    START_DATA = 354 "End data with <CR><LF>.<CR><LF>", "RFC 5321 §4.1.1.4";
}

/// All replies, for tables and tests.
pub fn all() -> impl Iterator<Item = &'static Entry> {
    ENTRIES.iter()
}

/// [`CHUNK_RECEIVED`] for a number of bytes.
pub(crate) fn chunk_received(bytes: u64) -> Reply {
    CHUNK_RECEIVED.with_text(format!("{bytes} {}", CHUNK_RECEIVED.text()))
}

/// [`HELP`] with these commands.
pub(crate) fn help(verbs: &[&str]) -> Reply {
    HELP.with_text(format!("{} {}", HELP.text(), verbs.join(" ")))
}
