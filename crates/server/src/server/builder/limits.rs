//! How much of everything a client may have.

use mailchute_proto::Limits;

use super::Builder;
use super::limit::{Limit, MOST_CONNECTIONS};
use crate::server::build_error::BuildError;

/// Limits. 0 switches one off where its method says so.
impl Builder {
    /// Octets of a message, announced by SIZE (RFC 1870). Default is 26,214,400 (25 MiB); 0 is no limit.
    pub fn max_message_size(self, octets: u64) -> Self {
        self.limit(Limit::MessageSize, octets)
    }

    /// Recipients of a message, announced by RCPTMAX of LIMITS (RFC 9422). Default is 1,000; at least 1. One more is
    /// answered `452 4.5.3`, and the client sends those who are left a message of their own.
    ///
    /// RFC 5321 §4.5.3.1.8 asks a server that takes mail from the whole Internet for 100 or more, as not all clients
    /// read what is announced. Fewer are for those whose clients are known: users who submit, LMTP, content filters.
    pub fn max_recipients(self, recipients: usize) -> Self {
        self.limit(Limit::Recipients, recipients as u64)
    }

    /// Transactions of a session. Default is 1,000; 0 is no limit.
    pub fn max_transactions(self, transactions: u32) -> Self {
        self.limit(Limit::Transactions, transactions.into())
    }

    /// Refused commands since the last accepted message at which a session ends. From half as many on, each
    /// further refusal is held back for a second. Default is 20; 0 is no limit.
    ///
    /// Refusals by hooks and by the store count too, temporary ones included: a client whose 20 recipients are all
    /// greylisted is hung up on. Raise the limit where that is usual. Recipients beyond
    /// [`max_recipients`](Self::max_recipients) do not count.
    pub fn max_errors(self, errors: u32) -> Self {
        self.limit(Limit::Errors, errors.into())
    }

    /// Accepted commands since the last accepted message that bring none: EHLO, HELO, LHLO, NOOP, RSET, VRFY, EXPN, HELP and
    /// those of [`on_command`](Self::on_command). Each one more is answered and counts as an error
    /// ([`max_errors`](Self::max_errors)), as with Postfix. Default is 100; 0 is no limit.
    pub fn max_junk_commands(self, commands: u32) -> Self {
        self.limit(Limit::JunkCommands, commands.into())
    }

    /// Wrong passwords at which a session ends. Default is 3; 0 is no limit. The same one by another mechanism is one
    /// guess, as many clients try all mechanisms with it.
    pub fn max_auth_failures(self, failures: u32) -> Self {
        self.limit(Limit::AuthFailures, failures.into())
    }

    /// `Received:` fields of a message, against mail loops. Default is 100; 0 is no limit.
    pub fn max_received_headers(self, fields: u32) -> Self {
        self.limit(Limit::ReceivedHeaders, fields.into())
    }

    /// Octets of a message's header block. Default is 1,048,576; 0 is no limit.
    pub fn max_header_size(self, octets: u64) -> Self {
        self.limit(Limit::HeaderSize, octets)
    }

    /// Fields of a message's header block. Default is 1,000; 0 is no limit.
    pub fn max_header_fields(self, fields: u32) -> Self {
        self.limit(Limit::HeaderFields, fields.into())
    }

    /// Octets of a command line with its CRLF. Default is 2,048; at least 512 (RFC 5321 §4.5.3.1.4) and less than
    /// 65,536.
    pub fn max_command_line(self, octets: usize) -> Self {
        self.limit(Limit::CommandLine, octets as u64)
    }

    /// Connections at a time. Default is 8,192 or half of the files that the process may open, whichever is
    /// less; 0 is no limit. A client that comes when all places are taken is answered `421 4.3.2`. While one of the last
    /// tenth of them is taken, at least the last one, clients have 10 seconds for their next command.
    pub fn max_connections(self, connections: usize) -> Self {
        self.limit(Limit::Connections, connections as u64)
    }

    /// Connections of one client at a time; an IPv6 network of 64 bits is one client. Default is 50; 0 is no
    /// limit. It does not limit clients of Unix sockets, nor those that may say XCLIENT
    /// ([`xclient_from`](Self::xclient_from)).
    pub fn max_connections_per_client(self, connections: usize) -> Self {
        self.limit(Limit::ConnectionsPerClient, connections as u64)
    }

    /// Checks limits of a session: those `before`, and what was `set` after them.
    pub(super) fn checked_limits(before: &Limits, set: &[(Limit, u64)]) -> Result<Limits, BuildError> {
        let mut limits = before.clone();
        for &(limit, value) in set {
            limit.set(&mut limits, value);
        }
        if limits.recipients == 0 {
            return Err(BuildError::invalid("max_recipients", limits.recipients, "1 or more"));
        }
        if !(512..65_536).contains(&limits.command_line) {
            return Err(BuildError::invalid(
                "max_command_line",
                limits.command_line,
                "512 to 65,535 (RFC 5321 §4.5.3.1.4)",
            ));
        }
        Ok(limits)
    }
}

/// Each connection is a file, and so is each message that a store writes meanwhile.
pub(super) fn default_max_connections() -> usize {
    let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
    // 0 would be no limit.
    usize::try_from(MOST_CONNECTIONS.min(files / 2).max(1)).unwrap_or(usize::MAX)
}
