//! The limits and timeouts that can be set by name.

use std::str::FromStr;

use mailchute::Builder;

use crate::options::size::Size;
use crate::options::time_span::TimeSpan;

/// A limit or timeout: its name, its default in words, and its description.
pub(crate) type Named = (&'static str, &'static str, &'static str);

/// All limits of `--limit`, which are those of the table `[limits]`.
pub(crate) const LIMITS: [Named; 10] = [
    (
        "connections",
        "8192",
        "Open connections; by default at most half of the files that the process may open",
    ),
    ("connections-per-client", "50", "Open connections of one client; an IPv6 /64 counts as one client"),
    (
        "recipients",
        "1000",
        "Recipients of a message; at least 1, and at least 100 for mail from the Internet",
    ),
    ("transactions", "1000", "Transactions of a session"),
    ("errors", "20", "Refused commands after which a session ends"),
    (
        "junk-commands",
        "100",
        "Commands such as NOOP, RSET and EHLO since the last message; each further one counts as an error",
    ),
    ("received-headers", "100", "Received: fields of a message, to stop mail loops"),
    ("header-size", "1M", "Size of the header of a message"),
    ("header-fields", "1000", "Fields in the header of a message"),
    ("command-line", "2K", "Size of a command line; from 512 to 65535 bytes"),
];

/// All timeouts of `--timeout`, which are those of the table `[timeouts]`.
pub(crate) const TIMEOUTS: [Named; 6] = [
    ("command", "5m", "Wait for the next command of the client"),
    ("data", "3m", "Wait for the next bytes of a message"),
    ("handshake", "30s", "A TLS handshake"),
    ("proxy", "5s", "Wait for a PROXY header"),
    ("store", "5m", "Wait for the store after the end of a message"),
    ("session", "1h", "A whole session; a running transaction may take the same time again"),
];

/// Returns the help of `--limit`.
pub(crate) fn limit_help() -> String {
    format!(
        "Set a limit; repeatable. NAME is one of {}. 0 disables a limit, except recipients and command-line. {} are sizes, \
         such as 64K",
        names(&LIMITS),
        SIZES.join(" and ")
    )
}

/// Returns the help of `--timeout`.
pub(crate) fn timeout_help() -> String {
    format!(
        "Set a timeout, in seconds or as 30s, 5m, 1h or 2d; repeatable. NAME is one of {}",
        names(&TIMEOUTS)
    )
}

fn names(all: &[Named]) -> String {
    all.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(", ")
}

/// `NAME=VALUE`, of `--limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    name: &'static str,
    value: u32,
}

/// `NAME=TIME`, of `--timeout`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timeout {
    name: &'static str,
    time: TimeSpan,
}

/// Limits on sizes; all others are counts.
const SIZES: [&str; 2] = ["header-size", "command-line"];

impl Limit {
    pub(crate) fn set(self, builder: Builder) -> Builder {
        let Self { name, value } = self;
        let size = value as usize;
        match name {
            "connections" => builder.max_connections(size),
            "connections-per-client" => builder.max_connections_per_client(size),
            "recipients" => builder.max_recipients(size),
            "transactions" => builder.max_transactions(value),
            "errors" => builder.max_errors(value),
            "junk-commands" => builder.max_junk_commands(value),
            "received-headers" => builder.max_received_headers(value),
            "header-size" => builder.max_header_size(value.into()),
            "header-fields" => builder.max_header_fields(value),
            _ => builder.max_command_line(size),
        }
    }
}

impl Timeout {
    pub(crate) fn set(self, builder: Builder) -> Builder {
        let time = self.time.duration();
        match self.name {
            "command" => builder.command_timeout(time),
            "data" => builder.data_timeout(time),
            "handshake" => builder.handshake_timeout(time),
            "proxy" => builder.proxy_timeout(time),
            "store" => builder.store_timeout(time),
            _ => builder.session_timeout(time),
        }
    }
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("write NAME=VALUE, such as connections=1000")?;
        let name = known("limit", name, &LIMITS)?;
        if SIZES.contains(&name) {
            let Size(size) = value.parse()?;
            let value = u32::try_from(size).map_err(|_| "the size is too large; write less than 4G")?;
            return Ok(Self { name, value });
        }
        let value = value.parse().map_err(|_| "the value is not a number; write one from 0 to 4294967295")?;
        Ok(Self { name, value })
    }
}

impl FromStr for Timeout {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, time) = text.split_once('=').ok_or("write NAME=TIME, such as command=5m")?;
        let name = known("timeout", name, &TIMEOUTS)?;
        Ok(Self { name, time: time.parse()? })
    }
}

fn known(what: &str, asked: &str, all: &[Named]) -> Result<&'static str, String> {
    let found = all.iter().find(|(name, ..)| *name == asked);
    found
        .map(|(name, ..)| *name)
        .ok_or_else(|| format!("there is no such {what}; write one of {}", names(all)))
}

#[cfg(test)]
mod tests {
    use mailchute::Server;

    use super::*;

    /// Shows a builder after a setting.
    fn set<T: FromStr<Err = String>>(name: &str, value: &str, set: fn(T, Builder) -> Builder) -> String {
        let setting: T = format!("{name}={value}").parse().expect("the name is known");
        format!("{:?}", set(setting, Server::builder()))
    }

    #[test]
    fn setting_a_documented_default_changes_nothing() {
        let untouched = format!("{:?}", Server::builder());
        for (name, default, _) in LIMITS {
            // The library's own default of these depends on how many files may be open, and is not in the builder.
            if name != "connections" {
                assert_eq!(set(name, default, Limit::set), untouched, "{name}");
            }
            assert_ne!(set(name, "777", Limit::set), untouched, "{name}");
        }
        for (name, default, _) in TIMEOUTS {
            assert_eq!(set(name, default, Timeout::set), untouched, "{name}");
            assert_ne!(set(name, "777", Timeout::set), untouched, "{name}");
        }
    }

    #[test]
    fn limits_on_sizes_and_timeouts_take_units_and_counts_do_not() {
        for name in SIZES {
            assert_eq!(set(name, "3K", Limit::set), set(name, "3072", Limit::set), "{name}");
        }
        for (name, ..) in LIMITS {
            assert_eq!(format!("{name}=3K").parse::<Limit>().is_ok(), SIZES.contains(&name), "{name}");
        }
        assert!("header-size=4G".parse::<Limit>().is_err_and(|error| error.contains("write less than 4G")));
        for (name, ..) in TIMEOUTS {
            assert_eq!(set(name, "7m", Timeout::set), set(name, "420", Timeout::set), "{name}");
        }
    }
}
