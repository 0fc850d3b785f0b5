//! The sockets of the program, and the protocol of each.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;

use mailchute::listen::{Endpoint, ListeningSocket};
use mailchute::{Server, Serving};
use rustix::io::Errno;

use crate::failure::Failure;
use crate::options::args::Options;
use crate::options::listen_at::ListenAddress;
use crate::process::inherited::Inherited;
use crate::process::listener::{Listener, Protocol, named};
use crate::process::privileges::Account;
use crate::process::reachable::check_reachable;

/// Everything that the flags ask for, with the endpoints to open.
#[derive(Debug)]
pub(crate) struct Plan(Vec<(Listener, Vec<Endpoint>)>);

impl Plan {
    /// Looks up host names, and checks that other hosts can reach only what the options allow. Call it before the
    /// sandbox hides the resolver's files. The sockets of a predecessor are not looked up.
    pub(crate) fn of(options: &Options, passed: &Inherited) -> Result<Self, Failure> {
        let mut plan = Self::where_not(options, |listener| passed.has(listener))?;
        for (listener, endpoints) in &mut plan.0 {
            if let ListenAddress::Host(..) = listener.place {
                skip_absent(&listener.place, endpoints);
            }
        }
        check_reachable(plan.endpoints(), options)?;
        Ok(plan)
    }

    fn where_not(options: &Options, is_passed: impl Fn(&Listener) -> bool) -> Result<Self, Failure> {
        let planned = named(options).into_iter().map(|(name, listener)| {
            let endpoints = match listener.place {
                ListenAddress::AllInterfaces(_) | ListenAddress::Host(..) if is_passed(&listener) => {
                    Vec::new()
                }
                _ => listener.place.endpoints().map_err(|error| {
                    Failure::unusable(format!(
                        "{name}: {}: this name cannot be looked up: {error}; correct the name, or write an IP address",
                        listener.place
                    ))
                })?,
            };
            Ok((listener, endpoints))
        });
        planned.collect::<Result<_, Failure>>().map(Self)
    }

    fn endpoints(&self) -> impl Iterator<Item = (&Endpoint, Protocol)> {
        self.0
            .iter()
            .flat_map(|(listener, endpoints)| endpoints.iter().map(|endpoint| (endpoint, listener.protocol)))
    }
}

/// Listens wherever the flags say.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) serving: Serving,
    /// The listeners of the sockets of `serving`, in order.
    listeners: Vec<Listener>,
    pub(crate) http: Vec<HttpSocket>,
}

/// A socket of HTTP, which the library does not serve.
#[derive(Debug)]
pub(crate) struct HttpSocket {
    listener: Listener,
    pub(crate) socket: TcpListener,
    endpoint: Endpoint,
}

impl Listening {
    /// Takes the sockets that were passed in, and opens the rest.
    pub(crate) async fn begin(
        options: &Options,
        plan: Plan,
        server: &Server,
        passed: &mut Inherited,
        account: Option<&Account>,
    ) -> Result<Self, Failure> {
        let mut listening = Self { serving: server.serving(), listeners: Vec::new(), http: Vec::new() };
        for (listener, endpoints) in plan.0 {
            listening = listening.add(listener, endpoints, passed, account).await?;
        }
        passed.all_taken()?;
        check_reachable(listening.endpoints(), options)?;
        Ok(listening)
    }

    async fn add(
        self,
        listener: Listener,
        endpoints: Vec<Endpoint>,
        passed: &mut Inherited,
        account: Option<&Account>,
    ) -> Result<Self, Failure> {
        let sockets = passed.take(&listener)?;
        let endpoints = if sockets.is_empty() { endpoints } else { Vec::new() };
        if listener.protocol == Protocol::Http {
            return self.add_http(&listener, endpoints, sockets);
        }
        let Self { mut serving, listeners: mut so_far, http } = self;
        so_far.extend(std::iter::repeat_n(listener.clone(), sockets.len() + endpoints.len()));
        for endpoint in endpoints {
            let of_user = account.filter(|_| matches!(endpoint, Endpoint::Unix(_)));
            let _acting = of_user.map(Account::assume).transpose()?;
            serving = serving.listen(listener.open(endpoint)).await.map_err(Failure::unusable)?;
        }
        for socket in sockets {
            serving = serving.listen(listener.on(socket)).await.map_err(Failure::unusable)?;
        }
        Ok(Self { serving, listeners: so_far, http })
    }

    fn add_http(
        mut self,
        listener: &Listener,
        endpoints: Vec<Endpoint>,
        sockets: Vec<ListeningSocket>,
    ) -> Result<Self, Failure> {
        let opened = endpoints.into_iter().filter_map(|endpoint| match endpoint {
            Endpoint::Tcp(address) => Some((endpoint, address)),
            // Refused with the options.
            _ => None,
        });
        let opened = opened.map(|(endpoint, address)| {
            let socket = TcpListener::bind(address).and_then(ListeningSocket::try_from);
            socket.map_err(|error| Failure::unusable(format!("{endpoint}: {error}")))
        });
        let sockets = opened.chain(sockets.into_iter().map(Ok)).collect::<Result<Vec<_>, Failure>>()?;
        for socket in sockets {
            let endpoint = socket.endpoint().clone();
            if !matches!(endpoint, Endpoint::Tcp(_)) {
                let place = &listener.place;
                return Err(Failure::unusable(format!(
                    "{place}: HTTP is served over TCP only, and this is {endpoint}; write an address and a port as \
                     ListenStream="
                )));
            }
            let socket = TcpListener::from(OwnedFd::from(socket));
            self.http.push(HttpSocket { listener: listener.clone(), socket, endpoint });
        }
        Ok(self)
    }

    /// Each endpoint with its protocol.
    pub(crate) fn endpoints(&self) -> impl Iterator<Item = (&Endpoint, Protocol)> {
        let protocols = self.listeners.iter().map(|listener| listener.protocol);
        let http = self.http.iter().map(|http| (&http.endpoint, Protocol::Http));
        self.serving.endpoints().zip(protocols).chain(http)
    }

    /// Duplicates all sockets, each with what it is for.
    pub(crate) fn sockets(&self) -> io::Result<Vec<(String, ListeningSocket)>> {
        let mail = self.listeners.iter().map(ToString::to_string).zip(self.serving.sockets()?);
        let http = self.http.iter().map(|http| {
            let socket = http.socket.try_clone().and_then(ListeningSocket::try_from)?;
            Ok((http.listener.to_string(), socket))
        });
        mail.map(Ok).chain(http).collect()
    }
}

/// Drops the addresses of a host name that this host does not have, unless it has none of them. `/etc/hosts` names
/// `::1` even if IPv6 is off.
fn skip_absent(place: &ListenAddress, endpoints: &mut Vec<Endpoint>) {
    let (absent, present): (Vec<_>, Vec<_>) = endpoints.drain(..).partition(is_absent);
    if present.is_empty() {
        *endpoints = absent;
        return;
    }
    for address in absent {
        tracing::warn!(name: "address-skipped", %place, %address, "this host does not have this address of the name: it is not listened on");
    }
    *endpoints = present;
}

fn is_absent(endpoint: &Endpoint) -> bool {
    let Endpoint::Tcp(address) = endpoint else { return false };
    // Any port, as only the address matters.
    let Err(error) = TcpListener::bind((address.ip(), 0)) else { return false };
    matches!(Errno::from_io_error(&error), Some(Errno::ADDRNOTAVAIL | Errno::AFNOSUPPORT))
}

/// Finds the mistakes of [`Plan::of`] that depend on options alone.
pub(crate) fn check(options: &Options) -> Result<(), Failure> {
    check_reachable(Plan::where_not(options, |_| false)?.endpoints(), options)
}

/// Returns the endpoints of all listeners, each with its protocol and the beginning of a message about it. Names that
/// cannot be looked up have none.
pub(crate) fn endpoints(options: &Options) -> Vec<(String, Endpoint, Protocol)> {
    let of = |(name, listener): (String, Listener)| {
        let endpoints = listener.place.endpoints().unwrap_or_default();
        endpoints.into_iter().map(move |endpoint| (name.clone(), endpoint, listener.protocol))
    };
    named(options).into_iter().flat_map(of).collect()
}

/// Warns of listeners with an address that another one has too, by a host name or as one of all interfaces.
pub(crate) fn repeated(options: &Options) -> Vec<String> {
    let everywhere = ListenAddress::AllInterfaces(0).endpoints().unwrap_or_default();
    // Otherwise the socket of all interfaces takes IPv4 too.
    let is_split = everywhere.len() > 1;
    let (mut warnings, mut taken) = (Vec::new(), Vec::<Endpoint>::new());
    for (name, listener) in named(options) {
        let own = listener.place.endpoints().unwrap_or_default();
        let mut pairs = own.iter().flat_map(|endpoint| taken.iter().map(move |before| (endpoint, before)));
        let again = pairs.find(|(endpoint, before)| overlap(before, endpoint, is_split));
        if let Some((endpoint, before)) = again {
            warnings.push(format!(
                "{name}: {endpoint} cannot be listened on together with {before}, which has the same address; leave one of them out"
            ));
        }
        taken.extend(own);
    }
    warnings
}

/// Returns whether two endpoints have an address in common. `is_split` says that IPv6 and IPv4 have none.
fn overlap(one: &Endpoint, other: &Endpoint, is_split: bool) -> bool {
    let (Endpoint::Tcp(one), Endpoint::Tcp(other)) = (one, other) else { return one == other };
    let covers = |one: &SocketAddr, other: &SocketAddr| {
        one.ip().is_unspecified() && (one.is_ipv4() == other.is_ipv4() || one.is_ipv6() && !is_split)
    };
    let is_same = one.ip() == other.ip() || covers(one, other) || covers(other, one);
    one.port() == other.port() && one.port() != 0 && is_same
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skips_addresses_of_a_name_that_the_host_does_not_have() {
        // Addresses for documentation, which no host has (RFC 5737, RFC 3849).
        for (addresses, listened_on) in [
            (&["[2001:db8::1]:0", "127.0.0.1:0"][..], &["127.0.0.1:0"][..]),
            (&["127.0.0.1:0", "192.0.2.1:0", "127.0.0.2:0"], &["127.0.0.1:0", "127.0.0.2:0"]),
            (&["[2001:db8::1]:0", "192.0.2.1:0"], &["[2001:db8::1]:0", "192.0.2.1:0"]),
        ] {
            let mut endpoints: Vec<Endpoint> = addresses.iter().map(|it| it.parse().unwrap()).collect();
            skip_absent(&"localhost:0".parse().unwrap(), &mut endpoints);
            let left: Vec<_> = endpoints.iter().map(ToString::to_string).collect();
            assert_eq!(left, listened_on, "{addresses:?}");
        }
    }
}
