//! Whether this process can reach other hosts at all.

use std::fmt;
use std::fs;
use std::net::{Ipv4Addr, UdpSocket};

use rustix::io::Errno;

/// An obstacle on the way to other hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// Sockets of the Internet are forbidden, so not even this host can be reached by TCP or UDP.
    NoSockets,
    /// There is no interface but the loopback.
    OnlyLoopback,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSockets => "this process may open no sockets of the Internet (RestrictAddressFamilies=)",
            Self::OnlyLoopback => "this process has no network interface but the loopback (PrivateNetwork=)",
        })
    }
}

/// Returns why this process reaches no other host, as far as it can tell: a unit of systemd may forbid that.
pub(crate) fn obstacle() -> Option<Obstacle> {
    // A socket without a peer sends nothing.
    let probe = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| Errno::from_io_error(&error));
    if let Err(Some(Errno::AFNOSUPPORT)) = probe {
        return Some(Obstacle::NoSockets);
    }
    let only_loopback = fs::read_to_string("/proc/self/net/dev").is_ok_and(|text| has_only_loopback(&text));
    only_loopback.then_some(Obstacle::OnlyLoopback)
}

/// Returns whether the table of interfaces has no other than the loopback.
fn has_only_loopback(table: &str) -> bool {
    let mut names = table.lines().filter_map(|line| Some(line.split_once(':')?.0.trim())).peekable();
    names.peek().is_some() && names.all(|name| name == "lo")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "Inter-|   Receive                |  Transmit\n face |bytes    packets errs |bytes\n";

    #[test]
    fn a_table_with_another_interface_is_a_network() {
        let lo = "    lo:  100  2 0 0\n";
        assert!(has_only_loopback(&format!("{HEAD}{lo}")));
        assert!(!has_only_loopback(&format!("{HEAD}{lo}  eth0: 5 1 0 0\n")));
        assert!(!has_only_loopback(HEAD), "a process without any tells nothing");
    }
}
