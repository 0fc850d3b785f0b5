//! Every reply that Mailchute gives of its own accord, in one place.
//!
//! A hook's reply takes the place of these where it gives one.

use super::Reply;

macro_rules! catalog {
    ($($(#[$meta:meta])* $name:ident = $code:literal $class:literal . $subject:literal . $detail:literal $text:literal;)*) => {
        $(
            $(#[$meta])*
            #[doc = concat!("`", $code, " ", $class, ".", $subject, ".", $detail, " ", $text, "`")]
            pub const $name: Reply = Reply::constant($code, ($class, $subject, $detail), $text);
        )*
        /// All of them, by name, for tables and tests.
        pub const ALL: &[(&str, Reply)] = &[$((stringify!($name), $name),)*];
    };
}

catalog! {
    // Yes.
    /// NOOP, RSET and verbs of one's own.
    OK = 250 2 . 0 . 0 "OK";
    /// MAIL (RFC 3463 X.1.0).
    SENDER_OK = 250 2 . 1 . 0 "Sender OK";
    /// RCPT (RFC 3463 X.1.5).
    RECIPIENT_OK = 250 2 . 1 . 5 "Recipient OK";
    /// The end of the message data (RFC 3463 X.6.0).
    MESSAGE_ACCEPTED = 250 2 . 6 . 0 "Message accepted";
    /// VRFY, when nobody says more (RFC 5321 §3.5.3).
    CANNOT_VERIFY = 252 2 . 5 . 0 "Cannot verify the user, but will accept mail and try to deliver it";
    /// QUIT (RFC 5321 §4.1.1.10).
    GOODBYE = 221 2 . 0 . 0 "Closing connection";
    /// STARTTLS (RFC 3207 §4).
    READY_FOR_TLS = 220 2 . 0 . 0 "Ready to start TLS";
    /// AUTH (RFC 4954 §6).
    AUTHENTICATED = 235 2 . 7 . 0 "Authentication successful";

    // Syntax (RFC 5321 §4.2.4, RFC 3463 X.5).
    /// An unknown verb.
    UNKNOWN_COMMAND = 500 5 . 5 . 1 "Command not recognized; HELP lists the commands";
    /// A command line that is not ended by CRLF, or holds a bare CR.
    BARE_LINE_END = 500 5 . 5 . 2 "Lines must end with CR LF";
    /// A command line past the limit.
    LINE_TOO_LONG = 500 5 . 5 . 2 "Line too long";
    /// An AUTH line past the limit (RFC 4954 §4).
    AUTH_LINE_TOO_LONG = 500 5 . 5 . 6 "Authentication exchange line is too long";
    /// Octets that are not UTF-8 (RFC 6531 §3.5).
    BROKEN_UTF8 = 500 5 . 5 . 2 "Invalid UTF-8";
    /// CR, LF, NUL and the like inside a command.
    CONTROL_CHARACTER = 501 5 . 5 . 2 "Control characters are not allowed";
    /// An argument that the command does not take, lacks, or cannot read.
    BAD_ARGUMENT = 501 5 . 5 . 4 "Syntax error in parameters or arguments";
    /// EHLO or HELO with no usable name.
    BAD_HELO = 501 5 . 5 . 4 "Syntax: EHLO hostname";
    /// A command that takes no argument was given one.
    NO_ARGUMENT_ALLOWED = 501 5 . 5 . 4 "This command takes no argument";
    /// LHLO with no usable name (RFC 2033 §4.1).
    BAD_LHLO = 501 5 . 5 . 4 "Syntax: LHLO hostname";
    /// `MAIL` without `FROM:<address>`.
    BAD_MAIL_SYNTAX = 501 5 . 5 . 4 "Syntax: MAIL FROM:<address>";
    /// `RCPT` without `TO:<address>`.
    BAD_RCPT_SYNTAX = 501 5 . 5 . 4 "Syntax: RCPT TO:<address>";
    /// A reverse-path that is no address (RFC 3463 X.1.7).
    BAD_SENDER = 501 5 . 1 . 7 "Bad sender address syntax";
    /// A forward-path that is no address (RFC 3463 X.1.3).
    BAD_RECIPIENT = 501 5 . 1 . 3 "Bad recipient address syntax";
    /// A UTF-8 address in a transaction without SMTPUTF8 (RFC 6531 §3.5).
    UTF8_ADDRESS_WITHOUT_SMTPUTF8 = 553 5 . 6 . 7 "This address needs SMTPUTF8";
    /// EXPN, when no hook answers.
    NOT_IMPLEMENTED = 502 5 . 5 . 1 "Command not implemented";
    /// A parameter of MAIL or RCPT that was not announced (RFC 5321 §4.1.1.11).
    UNKNOWN_PARAMETER = 555 5 . 5 . 4 "Parameter not recognized or not announced";

    // Order (RFC 5321 §4.1.4).
    /// A command before EHLO or HELO.
    SAY_HELLO_FIRST = 503 5 . 5 . 1 "Send EHLO first";
    /// A command of LMTP before LHLO.
    SAY_LHLO_FIRST = 503 5 . 5 . 1 "Send LHLO first";
    /// Anything but QUIT after a refused connection (RFC 5321 §3.1).
    SAY_QUIT = 503 5 . 5 . 1 "No service for you here; send QUIT";
    /// MAIL inside a transaction.
    NESTED_MAIL = 503 5 . 5 . 1 "Sender already given; RSET starts over";
    /// RCPT outside of a transaction.
    NEED_MAIL = 503 5 . 5 . 1 "Send MAIL first";
    /// DATA with no recipient asked for.
    NEED_RCPT = 503 5 . 5 . 1 "Send RCPT first";
    /// DATA for a message that only BDAT can carry (RFC 3030 §3).
    BINARY_NEEDS_BDAT = 503 5 . 5 . 1 "BODY=BINARYMIME needs BDAT";
    /// DATA or RCPT after the first BDAT of a message (RFC 3030 §2).
    IN_CHUNKS = 503 5 . 5 . 1 "A message is being sent by BDAT";
    /// BDAT whose size cannot be read, so that nobody knows where the next command begins.
    BAD_CHUNK = 501 5 . 5 . 4 "Syntax: BDAT size [LAST]";
    /// DATA after every recipient was refused (RFC 5321 §3.3).
    NO_VALID_RECIPIENTS = 554 5 . 5 . 1 "No valid recipients";
    /// DATA after every recipient was refused, in LMTP (RFC 2033 §4.2).
    NO_RECIPIENT_ACCEPTED = 503 5 . 5 . 1 "No valid recipients";
    /// A command that is not allowed inside a transaction.
    IN_TRANSACTION = 503 5 . 5 . 1 "Not allowed inside a mail transaction";
    /// STARTTLS inside TLS.
    TLS_ALREADY_ACTIVE = 503 5 . 5 . 1 "TLS is already active";
    /// STARTTLS where there is no certificate.
    TLS_NOT_OFFERED = 502 5 . 5 . 1 "STARTTLS is not offered";
    /// Anything but NOOP, EHLO, STARTTLS and QUIT while TLS is required (RFC 3207 §4).
    TLS_REQUIRED = 530 5 . 7 . 0 "Must issue a STARTTLS command first";

    /// Octets before the greeting.
    TALKED_BEFORE_GREETING = 554 5 . 5 . 0 "You talked before the greeting";
    /// Octets behind AUTH, or an answer within it, before its reply (RFC 4954 §4, RFC 2920 §3.1).
    TALKED_BEHIND_AUTH = 503 5 . 5 . 0 "You talked on before the reply to AUTH";

    // Limits.
    /// MAIL with a SIZE over the limit, or a message that turned out to be (RFC 1870 §6).
    MESSAGE_TOO_LARGE = 552 5 . 3 . 4 "Message exceeds the maximum size";
    /// One recipient more than a transaction may have (RFC 5321 §4.5.3.1.10).
    TOO_MANY_RECIPIENTS = 452 4 . 5 . 3 "Too many recipients";
    /// One transaction more than a session may have.
    TOO_MANY_TRANSACTIONS = 421 4 . 7 . 0 "Too many messages in one session; connect again";
    /// Too many refused commands.
    TOO_MANY_ERRORS = 421 4 . 7 . 0 "Too many errors";
    /// Every place is taken.
    TOO_MANY_CONNECTIONS = 421 4 . 3 . 2 "Too many connections; try again later";
    /// Every place that one client may take is taken.
    TOO_MANY_CONNECTIONS_FROM_CLIENT = 421 4 . 7 . 0 "Too many connections from your address";
    /// A command line without an end.
    ENDLESS_LINE = 421 4 . 7 . 0 "Line without end";
    /// A message that has been around too often (RFC 5321 §6.3).
    MAIL_LOOP = 554 5 . 4 . 6 "Too many Received headers: this message loops";
    /// More header than a message may have.
    HEADER_TOO_LARGE = 552 5 . 3 . 4 "Message header exceeds the limit";
    /// A CR or LF by itself in the message data.
    BARE_CR_OR_LF = 550 5 . 5 . 2 "Bare CR or LF in the message data: lines must end with CR LF";

    // Authentication (RFC 4954 §6).
    /// AUTH where it is not offered.
    AUTH_NOT_OFFERED = 502 5 . 5 . 1 "AUTH is not offered";
    /// AUTH a second time.
    ALREADY_AUTHENTICATED = 503 5 . 5 . 1 "Already authenticated";
    /// A mechanism that is not offered.
    UNKNOWN_MECHANISM = 504 5 . 5 . 4 "Authentication mechanism not offered";
    /// A plaintext mechanism outside TLS.
    ENCRYPTION_REQUIRED = 538 5 . 7 . 11 "Encryption required for this authentication mechanism";
    /// Octets that are not base64.
    BAD_BASE64 = 501 5 . 5 . 2 "Invalid base64";
    /// Base64 of something that the mechanism does not allow.
    BAD_CREDENTIALS_SYNTAX = 501 5 . 5 . 2 "Malformed credentials";
    /// The client gave the exchange up with `*`.
    AUTH_CANCELLED = 501 5 . 7 . 0 "Authentication cancelled";
    /// Wrong user or password.
    BAD_CREDENTIALS = 535 5 . 7 . 8 "Authentication credentials invalid";
    /// Wrong too often.
    TOO_MANY_AUTH_FAILURES = 421 4 . 7 . 0 "Too many failed authentications";
    /// MAIL without authentication where it is demanded.
    AUTH_REQUIRED = 530 5 . 7 . 0 "Authentication required";

    // Proxies (Postfix's XCLIENT and XFORWARD).
    /// HAProxy's PROXY header behind the greeting.
    NO_PROXY_HEADER = 550 5 . 7 . 1 "No PROXY header is expected from your address";
    /// XCLIENT or XFORWARD from somebody who is not trusted with it.
    PROXY_NOT_TRUSTED = 550 5 . 7 . 1 "You are not trusted to speak for others";
    /// XCLIENT or XFORWARD without attributes, with one that there is not, or with a value that it cannot have.
    BAD_ATTRIBUTE = 501 5 . 5 . 4 "Syntax: attribute=value, with attributes as EHLO lists them";

    // A hook that says no and nothing more.
    /// A refused connection.
    CONNECTION_REFUSED = 554 5 . 7 . 1 "Connection refused";
    /// A refused EHLO.
    HELO_REFUSED = 550 5 . 7 . 1 "Greeting refused";
    /// A refused STARTTLS or TLS session.
    TLS_REFUSED = 454 4 . 7 . 0 "TLS not available now";
    /// A refused sender.
    SENDER_REFUSED = 550 5 . 7 . 1 "Sender address rejected";
    /// A refused recipient.
    RECIPIENT_REFUSED = 550 5 . 1 . 1 "Recipient address rejected";
    /// A refused message.
    MESSAGE_REFUSED = 554 5 . 7 . 1 "Message refused";
    /// Any other refused command.
    COMMAND_REFUSED = 550 5 . 7 . 1 "Command refused";

    // Us, and the end.
    /// A hook or store failed, panicked, or did not answer.
    INTERNAL_ERROR = 451 4 . 3 . 0 "Internal error; try again later";
    /// A hook or store found the disk full (RFC 3463 X.3.1).
    INSUFFICIENT_STORAGE = 452 4 . 3 . 1 "Insufficient system storage; try again later";
    /// The client said nothing for too long.
    TIMEOUT = 421 4 . 4 . 2 "Timeout: closing connection";
    /// The server stops.
    SHUTTING_DOWN = 421 4 . 3 . 2 "Service shutting down";
    /// A hook hung up without a reply of its own.
    HUNG_UP = 421 4 . 7 . 0 "Closing connection";
    /// A web browser, or somebody who abuses one (Postfix's `smtpd_forbidden_commands`).
    NOT_HTTP = 221 2 . 7 . 0 "This is an SMTP server, not a web server";
}

/// `354 End data with <CR><LF>.<CR><LF>`: no enhanced code (RFC 2034 §3).
pub const START_DATA: Reply = Reply::plain(354, "End data with <CR><LF>.<CR><LF>");
