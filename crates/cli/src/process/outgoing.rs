//! The connections that the program makes.

use std::net::IpAddr;

use mailchute_stores::NextHop;

use crate::options::dns_server::PORT;

/// The connections that stores, look-ups of recipients and filters make. The sandbox allows no others.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    /// Whether there are any.
    pub(crate) connects: bool,
    /// The ports of those over TCP.
    pub(crate) ports: Vec<u16>,
    /// Whether names of hosts are looked up, or servers of the DNS are found, by the files of the system.
    pub(crate) looks_up: bool,
    /// Whether datagrams are sent: to the DNS.
    pub(crate) sends_datagrams: bool,
    /// Whether certificates of servers are verified by files that are read again.
    pub(crate) verifies: bool,
}

impl Outgoing {
    /// Returns whether a sandbox that allows these connections allows the others too.
    pub(crate) fn cover(&self, others: &Self) -> bool {
        (self.connects || !others.connects)
            && (self.looks_up || !others.looks_up)
            && (self.sends_datagrams || !others.sends_datagrams)
            && (self.verifies || !others.verifies)
            && others.ports.iter().all(|port| self.ports.contains(port))
    }

    /// Adds the connections to these servers.
    pub(crate) fn add(&mut self, next_hops: &[NextHop]) {
        for next_hop in next_hops {
            self.connects = true;
            if let NextHop::Tcp { host, port } = next_hop {
                self.ports.push(*port);
                if host.parse::<IpAddr>().is_err() {
                    self.add_dns(std::iter::empty());
                }
            }
        }
    }

    /// Adds questions to servers of the DNS at these ports, or to those of the system if there are none.
    pub(crate) fn add_dns(&mut self, ports: impl IntoIterator<Item = u16>) {
        let before = self.ports.len();
        self.ports.extend(ports);
        if self.ports.len() == before {
            self.looks_up = true;
            self.ports.push(PORT);
        }
        self.connects = true;
        self.sends_datagrams = true;
    }
}
