//! The limits of a session.
//!
//! # Why
//!
//! Commands that carry no mail count as errors once they pass their limit, as in Postfix. An accepted message resets
//! both counts, so a pooled connection may send RSET or NOOP between messages forever.

/// The limits of a session. Each field names its default. 0 disables a limit where the field says so.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Maximum bytes of a command line, including CRLF. Default is 2,048. RFC 5321 §4.5.3.1.4 requires 512, and
    /// extensions add to it.
    pub command_line: usize,
    /// Maximum bytes of a line in an AUTH exchange, including CRLF. Default is 12,288 (RFC 4954 §4).
    pub auth_line: usize,
    /// Maximum bytes of a message, announced by SIZE (RFC 1870). Default is 26,214,400 (25 MiB). 0 disables the
    /// limit.
    pub message_size: u64,
    /// Maximum recipients of a transaction, announced by RCPTMAX (RFC 9422). Default is 1,000; at least 1. RFC 5321
    /// §4.5.3.1.8 requires at least 100 for mail from the Internet. Together they may hold 320 bytes of memory for
    /// each recipient allowed here. Ordinary addresses fit, and long ones if there are fewer.
    pub recipients: usize,
    /// Maximum transactions of a session. Default is 1,000. 0 disables the limit.
    pub transactions: u32,
    /// Number of refused commands from which each refusal is delayed by a second. Default is 10. 0 disables the
    /// delay.
    pub errors_before_delay: u32,
    /// Number of refused commands since the last accepted message that ends the session. Default is 20. 0 disables
    /// the limit.
    pub errors: u32,
    /// Maximum accepted commands since the last accepted message that carry no mail. They are EHLO, HELO, LHLO, NOOP,
    /// RSET, VRFY, EXPN, HELP and the verbs of the application. Each further one is answered and counts as an error,
    /// as in Postfix. Default is 100. 0 disables the limit.
    pub junk_commands: u32,
    /// Number of wrong credentials that ends the session. Default is 3. 0 disables the limit. The same credentials by
    /// another mechanism count once, if the machine is [told to remember them](crate::Ask::answer_by_key).
    pub auth_failures: u32,
    /// Maximum `Received:` fields of a message, against mail loops. Default is 100 (RFC 5321 §6.3). 0 disables the
    /// limit.
    pub received_headers: u32,
    /// Maximum bytes of a message's header section. Default is 1,048,576. 0 disables the limit.
    pub header_size: u64,
    /// Maximum fields of a message's header section. Default is 1,000. 0 disables the limit.
    pub header_fields: u32,
}

/// Average bytes of memory for each recipient of a transaction. A path takes about a hundred. Its original recipient
/// (ORCPT), which Postfix sends with each, takes two hundred more.
const RECIPIENT_BYTES: usize = 320;

/// Line length in bytes at which the connection is closed.
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
    /// Returns how many bytes of memory the recipients of a transaction may hold. It is enough for 400 ordinary ones.
    pub(crate) fn recipient_bytes(&self) -> usize {
        self.recipients.max(400).saturating_mul(RECIPIENT_BYTES)
    }

    /// Returns whether `count` exceeds `limit`, where 0 means no limit.
    pub(crate) fn passed<N: PartialOrd + Default>(count: N, limit: N) -> bool {
        limit != N::default() && count > limit
    }

    /// Returns whether `count` has reached `limit`, where 0 means no limit.
    pub(crate) fn reached<N: PartialOrd + Default>(count: N, limit: N) -> bool {
        limit != N::default() && count >= limit
    }
}
