//! The limits as data. Options, configuration files and pages take their names, defaults and units from here.

use mailchute_proto::Limits;

use super::Builder;

/// The unit of a [`Limit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Connections, recipients, fields and the like.
    Count,
}

/// A limit on what clients may have.
///
/// Each limit is also a method of [`Builder`], which describes it in full. Programs use this type to let their users set
/// limits by name, and to list them.
///
/// # Examples
/// ```
/// use mailchute::Server;
/// use mailchute::limits::Limit;
///
/// let limit = Limit::by_name("recipients").expect("a limit of this name");
/// assert_eq!(limit.default_value(), 1_000);
/// let builder = Server::builder().limit(limit, 100); // like .max_recipients(100)
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// [`Builder::max_connections`]
    Connections,
    /// [`Builder::max_connections_per_client`]
    ConnectionsPerClient,
    /// [`Builder::max_message_size`]
    MessageSize,
    /// [`Builder::max_recipients`]
    Recipients,
    /// [`Builder::max_transactions`]
    Transactions,
    /// [`Builder::max_errors`]
    Errors,
    /// [`Builder::max_junk_commands`]
    JunkCommands,
    /// [`Builder::max_auth_failures`]
    AuthFailures,
    /// [`Builder::max_received_headers`]
    ReceivedHeaders,
    /// [`Builder::max_header_size`]
    HeaderSize,
    /// [`Builder::max_header_fields`]
    HeaderFields,
    /// [`Builder::max_command_line`]
    CommandLine,
}

impl Limit {
    /// All limits.
    pub const ALL: [Self; 12] = [
        Self::Connections,
        Self::ConnectionsPerClient,
        Self::MessageSize,
        Self::Recipients,
        Self::Transactions,
        Self::Errors,
        Self::JunkCommands,
        Self::AuthFailures,
        Self::ReceivedHeaders,
        Self::HeaderSize,
        Self::HeaderFields,
        Self::CommandLine,
    ];

    /// Returns the limit of this [name](Self::name).
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|limit| limit.name() == name)
    }

    /// Returns the name, in lower case with hyphens, such as `header-size`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::ConnectionsPerClient => "connections-per-client",
            Self::MessageSize => "message-size",
            Self::Recipients => "recipients",
            Self::Transactions => "transactions",
            Self::Errors => "errors",
            Self::JunkCommands => "junk-commands",
            Self::AuthFailures => "auth-failures",
            Self::ReceivedHeaders => "received-headers",
            Self::HeaderSize => "header-size",
            Self::HeaderFields => "header-fields",
            Self::CommandLine => "command-line",
        }
    }

    /// Returns the default. That of [`Limit::Connections`] may be lower: it is at most half of the files that
    /// the process may open.
    #[must_use]
    pub fn default_value(self) -> u64 {
        let limits = Limits::default();
        match self {
            Self::Connections => MOST_CONNECTIONS,
            Self::ConnectionsPerClient => CONNECTIONS_PER_CLIENT as u64,
            Self::MessageSize => limits.message_size,
            Self::Recipients => limits.recipients as u64,
            Self::Transactions => limits.transactions.into(),
            Self::Errors => limits.errors.into(),
            Self::JunkCommands => limits.junk_commands.into(),
            Self::AuthFailures => limits.auth_failures.into(),
            Self::ReceivedHeaders => limits.received_headers.into(),
            Self::HeaderSize => limits.header_size,
            Self::HeaderFields => limits.header_fields.into(),
            Self::CommandLine => limits.command_line as u64,
        }
    }

    /// Returns the unit of the number.
    #[must_use]
    pub const fn unit(self) -> Unit {
        match self {
            Self::MessageSize | Self::HeaderSize | Self::CommandLine => Unit::Bytes,
            _ => Unit::Count,
        }
    }

    /// Returns whether 0 disables the limit.
    #[must_use]
    pub const fn can_be_disabled(self) -> bool {
        !matches!(self, Self::Recipients | Self::CommandLine)
    }

    /// Sets the limit in those of a session, if it is one of them.
    pub(super) fn set(self, limits: &mut Limits, value: u64) {
        let size = usize::try_from(value).unwrap_or(usize::MAX);
        let count = u32::try_from(value).unwrap_or(u32::MAX);
        match self {
            Self::Connections | Self::ConnectionsPerClient => {}
            Self::MessageSize => limits.message_size = value,
            Self::Recipients => limits.recipients = size,
            Self::Transactions => limits.transactions = count,
            Self::Errors => {
                limits.errors = count;
                limits.errors_before_delay = count.div_ceil(2);
            }
            Self::JunkCommands => limits.junk_commands = count,
            Self::AuthFailures => limits.auth_failures = count,
            Self::ReceivedHeaders => limits.received_headers = count,
            Self::HeaderSize => limits.header_size = value,
            Self::HeaderFields => limits.header_fields = count,
            Self::CommandLine => limits.command_line = size,
        }
    }

    /// Returns one line for a list of options.
    #[must_use]
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Connections => {
                "Open connections; by default at most half of the files that the process may open"
            }
            Self::ConnectionsPerClient => "Open connections of one client; an IPv6 /64 counts as one client",
            Self::MessageSize => "Size of a message",
            Self::Recipients => {
                "Recipients of a message; at least 1, and at least 100 for mail from the Internet"
            }
            Self::Transactions => "Transactions of a session",
            Self::Errors => "Refused commands after which a session ends",
            Self::JunkCommands => {
                "Commands such as NOOP, RSET and EHLO since the last message; each further one counts as an error"
            }
            Self::AuthFailures => "Wrong passwords after which a session ends",
            Self::ReceivedHeaders => "Received: fields of a message, to stop mail loops",
            Self::HeaderSize => "Size of the header of a message",
            Self::HeaderFields => "Fields in the header of a message",
            Self::CommandLine => "Size of a command line; from 512 to 65535 bytes",
        }
    }
}

/// The default limit on connections, if the process may open enough files.
pub(super) const MOST_CONNECTIONS: u64 = 8_192;

/// The default limit on connections of one client.
pub(super) const CONNECTIONS_PER_CLIENT: usize = 50;

/// Limits by name.
impl Builder {
    /// Sets a limit; see the method of [`Builder`] of the same name. A number that is too large counts as the
    /// largest one.
    pub fn limit(mut self, limit: Limit, value: u64) -> Self {
        let size = usize::try_from(value).unwrap_or(usize::MAX);
        match limit {
            Limit::Connections => self.max_connections = Some(size),
            Limit::ConnectionsPerClient => self.max_connections_per_client = Some(size),
            of_session => self.limits.push((of_session, value)),
        }
        self
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The documentation of a method in the source of a neighbour of this module.
    pub(in super::super) fn documentation<'s>(source: &'s str, method: &str) -> &'s str {
        let (before, _) = source.split_once(&format!("pub fn {method}(")).expect(method);
        before.rsplit_once("\n\n").map_or(before, |(_, own)| own)
    }

    #[test]
    fn each_method_states_the_default_of_its_limit() {
        for limit in Limit::ALL {
            let method = format!("max_{}", limit.name().replace('-', "_"));
            let digits = limit.default_value().to_string();
            let (thousands, rest) = digits.split_at(digits.len().saturating_sub(3));
            let default = match thousands.len() {
                0 => digits.clone(),
                4.. => format!(
                    "{},{},{rest}",
                    &thousands[..thousands.len() - 3],
                    &thousands[thousands.len() - 3..]
                ),
                _ => format!("{thousands},{rest}"),
            };
            let text = documentation(include_str!("limits.rs"), &method);
            assert!(
                text.contains(&format!("Default is {default}")),
                "{method}: the default is {default}: {text}"
            );
            assert_eq!(Limit::by_name(limit.name()), Some(limit));
        }
    }
}
