//! How much of everything one session may have.

/// The limits of a session. Each default stands beside its field; 0 switches a limit off where that is said.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Octets of a command line with its CRLF. Default is 2,048: RFC 5321 §4.5.3.1.4 asks for 512, and
    /// extensions add to it.
    pub command_line: usize,
    /// Octets of a line of an AUTH exchange with its CRLF. Default is 12,288 (RFC 4954 §4).
    pub auth_line: usize,
    /// Octets of a message as announced by SIZE (RFC 1870). Default is 26,214,400 (25 MiB); 0 is no limit.
    pub message_size: u64,
    /// Recipients of a transaction, announced by RCPTMAX (RFC 9422). Default is 1,000; at least 1. RFC 5321 §4.5.3.1.8
    /// asks for at least 100 where mail comes from the whole Internet. All together may hold 320 octets of memory for each
    /// of these, which takes ordinary addresses, and long ones as long as they are fewer.
    pub recipients: usize,
    /// Transactions of a session. Default is 1,000; 0 is no limit.
    pub transactions: u32,
    /// From this many refused commands on, each refusal is held back for a second. Default is 10; 0 is never.
    pub errors_before_delay: u32,
    /// At this many refused commands since the last accepted message the session ends. Default is 20; 0 is
    /// never.
    pub errors: u32,
    /// Accepted commands since the last accepted message that bring none: EHLO, HELO, LHLO, NOOP, RSET, VRFY, EXPN, HELP
    /// and the application's own. Each one more is answered and counts as an error, as with Postfix. Default is 100; 0 is no
    /// limit.
    pub junk_commands: u32,
    /// At this many wrong credentials the session ends. Default is 3; 0 is never. The same ones by another mechanism
    /// count once, if the machine is [told to remember them](crate::Ask::answer_by_key).
    pub auth_failures: u32,
    /// `Received:` fields of a message, against mail loops. Default is 100 (RFC 5321 §6.3); 0 is no limit.
    pub received_headers: u32,
    /// Octets of a message's header block. Default is 1,048,576; 0 is no limit.
    pub header_size: u64,
    /// Fields of a message's header block. Default is 1,000; 0 is no limit.
    pub header_fields: u32,
}

/// Octets of memory for each of the recipients that a transaction may have, on average: a path is about a hundred with
/// what it takes to hold it, and its original recipient (ORCPT), which Postfix sends with each, two hundred more.
const RECIPIENT_OCTETS: usize = 320;

/// A line that reaches this many octets without an end closes the connection.
pub(crate) const ENDLESS_LINE: usize = 65_536;

impl Default for Limits {
    fn default() -> Self {
        Self {
            command_line: 2_048,
            auth_line: 12_288,
            message_size: 26_214_400,
            recipients: 1_000,
            transactions: 1_000,
            errors_before_delay: 10,
            errors: 20,
            junk_commands: 100,
            auth_failures: 3,
            received_headers: 100,
            header_size: 1_048_576,
            header_fields: 1_000,
        }
    }
}

impl Limits {
    /// Octets of memory that the recipients of a transaction may hold; at least as much as 400 ordinary ones.
    pub(crate) fn recipient_octets(&self) -> usize {
        self.recipients.max(400).saturating_mul(RECIPIENT_OCTETS)
    }

    /// Whether `count` has gone past `limit`, where 0 is no limit.
    pub(crate) fn passed<N: PartialOrd + Default>(count: N, limit: N) -> bool {
        limit != N::default() && count > limit
    }

    /// Whether `count` has come up to `limit`, where 0 is no limit.
    pub(crate) fn reached<N: PartialOrd + Default>(count: N, limit: N) -> bool {
        limit != N::default() && count >= limit
    }
}
