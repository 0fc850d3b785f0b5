//! Limits on what a client may use.

use mailchute_proto::Limits;

use super::Builder;
use super::limits_by_name::{Limit, MOST_CONNECTIONS};
use crate::server::build_error::BuildError;

/// Limits. 0 disables a limit if its method says so.
impl Builder {
    /// Sets the bytes of a message, announced by SIZE (RFC 1870). Default is 26,214,400 (25 MiB); 0 disables
    /// the limit.
    pub fn max_message_size(self, octets: u64) -> Self {
        self.limit(Limit::MessageSize, octets)
    }

    /// Sets the recipients of a message, announced by RCPTMAX of LIMITS (RFC 9422). Default is 1,000; at
    /// least 1. Further recipients get `452 4.5.3`, and the client sends them a message of their own.
    ///
    /// RFC 5321 §4.5.3.1.8 asks a server that takes mail from the whole Internet for 100 or more, since not
    /// all clients read what is announced. Set fewer only for known clients: users who submit, LMTP, content
    /// filters.
    pub fn max_recipients(self, recipients: usize) -> Self {
        self.limit(Limit::Recipients, recipients as u64)
    }

    /// Sets the transactions of a session. Default is 1,000; 0 disables the limit.
    pub fn max_transactions(self, transactions: u32) -> Self {
        self.limit(Limit::Transactions, transactions.into())
    }

    /// Sets the refused commands since the last accepted message after which a session ends. From half as
    /// many on, each further refusal is delayed by a second. Default is 20; 0 disables the limit.
    ///
    /// Refusals by hooks and by the store count too, temporary ones included. So a client whose 20 recipients
    /// are all greylisted loses its connection. Raise the limit where that is usual. Recipients beyond
    /// [`max_recipients`](Self::max_recipients) do not count.
    pub fn max_errors(self, errors: u32) -> Self {
        self.limit(Limit::Errors, errors.into())
    }

    /// Sets the accepted commands since the last accepted message that bring none: EHLO, HELO, LHLO, NOOP,
    /// RSET, VRFY, EXPN, HELP and those of [`on_command`](Self::on_command). Each further one is answered and
    /// counts as an error ([`max_errors`](Self::max_errors)), as in Postfix. Default is 100; 0 disables the
    /// limit.
    pub fn max_junk_commands(self, commands: u32) -> Self {
        self.limit(Limit::JunkCommands, commands.into())
    }

    /// Sets the wrong passwords after which a session ends. Default is 3; 0 disables the limit. The same
    /// password by another mechanism is the same guess, since many clients try all mechanisms with it.
    pub fn max_auth_failures(self, failures: u32) -> Self {
        self.limit(Limit::AuthFailures, failures.into())
    }

    /// Sets the `Received:` fields of a message, to stop mail loops. Default is 100; 0 disables the limit.
    pub fn max_received_headers(self, fields: u32) -> Self {
        self.limit(Limit::ReceivedHeaders, fields.into())
    }

    /// Sets the bytes of a message's header. Default is 1,048,576; 0 disables the limit.
    pub fn max_header_size(self, octets: u64) -> Self {
        self.limit(Limit::HeaderSize, octets)
    }

    /// Sets the fields of a message's header. Default is 1,000; 0 disables the limit.
    pub fn max_header_fields(self, fields: u32) -> Self {
        self.limit(Limit::HeaderFields, fields.into())
    }

    /// Sets the bytes of a command line with its CRLF. Default is 2,048; at least 512 (RFC 5321 §4.5.3.1.4)
    /// and less than 65,536.
    pub fn max_command_line(self, octets: usize) -> Self {
        self.limit(Limit::CommandLine, octets as u64)
    }

    /// Sets the open connections. Default is 8,192 or half of the files that the process may open, whichever
    /// is less; 0 disables the limit. If no slot is free, a client gets `421 4.3.2`. While one of the last
    /// tenth of the slots is taken, at least the last one, clients have 10 seconds for their next command.
    pub fn max_connections(self, connections: usize) -> Self {
        self.limit(Limit::Connections, connections as u64)
    }

    /// Sets the open connections of one client. An IPv6 network of 64 bits is one client. Default is 50; 0
    /// disables the limit. Clients of Unix sockets are not limited, nor are those that may say XCLIENT
    /// ([`xclient_from`](Self::xclient_from)).
    pub fn max_connections_per_client(self, connections: usize) -> Self {
        self.limit(Limit::ConnectionsPerClient, connections as u64)
    }

    /// Checks the limits of a session: those `before`, and those `set` after them.
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

/// Half of the files, since each connection is a file, and so is each message that a store writes.
pub(super) fn default_max_connections() -> usize {
    let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
    // 0 would disable the limit.
    usize::try_from(MOST_CONNECTIONS.min(files / 2).max(1)).unwrap_or(usize::MAX)
}
