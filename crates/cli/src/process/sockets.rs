//! The sockets of the program, and the protocol of each.

use std::net::{SocketAddr, TcpListener};

use mailchute::listen::Endpoint;
use mailchute::{Server, Serving};
use rustix::io::Errno;

use crate::failure::Failure;
use crate::options::args::Options;
use crate::options::domains::Domains;
use crate::options::listen_at::{DEFAULT, ListenAddress};
use crate::options::provenance::Provenance;
use crate::process::inherited::Inherited;
use crate::process::listener::{Listener, Protocol};
use crate::process::privileges::{Account, is_root};

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

    fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.0.iter().flat_map(|(_, endpoints)| endpoints)
    }
}

/// Listens wherever the flags say.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) serving: Serving,
    /// The listeners of the sockets, in order.
    pub(crate) listeners: Vec<Listener>,
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
        let mut listening = Self { serving: server.serving(), listeners: Vec::new() };
        for (listener, endpoints) in plan.0 {
            listening = listening.add(listener, endpoints, passed, account).await?;
        }
        passed.all_taken()?;
        check_reachable(listening.serving.endpoints(), options)?;
        Ok(listening)
    }

    async fn add(
        self,
        listener: Listener,
        endpoints: Vec<Endpoint>,
        passed: &mut Inherited,
        account: Option<&Account>,
    ) -> Result<Self, Failure> {
        let Self { mut serving, listeners: mut so_far } = self;
        let sockets = passed.take(&listener)?;
        let endpoints = if sockets.is_empty() { endpoints } else { Vec::new() };
        so_far.extend(std::iter::repeat_n(listener.clone(), sockets.len() + endpoints.len()));
        for endpoint in endpoints {
            let of_user = account.filter(|_| matches!(endpoint, Endpoint::Unix(_)));
            let _acting = of_user.map(Account::assume).transpose()?;
            serving = serving.listen(listener.open(endpoint)).await.map_err(Failure::unusable)?;
        }
        for socket in sockets {
            serving = serving.listen(listener.on(socket)).await.map_err(Failure::unusable)?;
        }
        Ok(Self { serving, listeners: so_far })
    }

    /// Each endpoint with its protocol.
    pub(crate) fn endpoints(&self) -> impl Iterator<Item = (&Endpoint, Protocol)> {
        self.serving.endpoints().zip(self.listeners.iter().map(|listener| listener.protocol))
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

/// Everything that the flags ask for, in the order of listening. Each has the beginning of a message about it.
fn named(options: &Options) -> Vec<(String, Listener)> {
    fn with_names(
        provenance: &Provenance,
        option: &str,
        listeners: impl Iterator<Item = Listener>,
    ) -> Vec<(String, Listener)> {
        let listeners = listeners.enumerate();
        listeners.map(|(number, listener)| (provenance.name_of_item(option, number), listener)).collect()
    }
    let of = |option: &str, places: &[ListenAddress], protocol| {
        let listeners = places.iter().map(|place| Listener::new(place.clone(), protocol));
        with_names(&options.provenance, option, listeners)
    };
    let mut listeners = of("listen", &options.listen, Protocol::Smtp);
    listeners.extend(of("tls-listen", &options.tls_listen, Protocol::Smtps));
    listeners.extend(of("lmtp", &options.lmtp, Protocol::Lmtp));
    for listener in &options.listener {
        listeners.extend(with_names(&listener.provenance, "address", Listener::of(listener)));
    }
    if listeners.is_empty() {
        listeners = of("listen", &[ListenAddress::Own(Endpoint::Tcp(DEFAULT))], Protocol::Smtp);
    }
    listeners
}

/// Returns the endpoints of all listeners, each with the beginning of a message about it. Names that cannot be looked up
/// have none.
pub(crate) fn endpoints(options: &Options) -> Vec<(String, Endpoint)> {
    let of = |(name, listener): (String, Listener)| {
        let endpoints = listener.place.endpoints().unwrap_or_default();
        endpoints.into_iter().map(move |endpoint| (name.clone(), endpoint))
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
                "{name}: {endpoint} cannot be listened on beside {before}, which has the same address; leave one of them out"
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

/// Returns the beginning of a message about the listener of an endpoint.
fn name_of(options: &Options, endpoint: &Endpoint) -> String {
    let is_port =
        |port: u16| matches!(endpoint, Endpoint::Tcp(address) if port == 0 || port == address.port());
    let is_it = |place: &ListenAddress| match (place, endpoint) {
        (ListenAddress::Own(Endpoint::Tcp(own)), Endpoint::Tcp(address)) => {
            own.ip() == address.ip() && is_port(own.port())
        }
        (ListenAddress::Own(own), endpoint) => own == endpoint,
        (ListenAddress::AllInterfaces(port) | ListenAddress::Host(_, port), _) => is_port(*port),
        (ListenAddress::Systemd(_), _) => false,
    };
    let listeners = named(options);
    let is_passed = |place: &ListenAddress| matches!(place, ListenAddress::Systemd(_));
    let found = listeners.iter().find(|(_, listener)| is_it(&listener.place));
    let found = found.or_else(|| listeners.iter().find(|(_, listener)| is_passed(&listener.place)));
    found.map_or_else(|| options.provenance.name("listen"), |(name, _)| name.clone())
}

/// Finds the mistakes of [`Plan::of`] that depend on options alone.
pub(crate) fn check(options: &Options) -> Result<(), Failure> {
    check_reachable(Plan::where_not(options, |_| false)?.endpoints(), options)
}

/// Checks that other hosts can reach only what the options allow.
pub(crate) fn check_reachable<'e>(
    endpoints: impl IntoIterator<Item = &'e Endpoint>,
    options: &Options,
) -> Result<(), Failure> {
    endpoints.into_iter().try_for_each(|endpoint| check_endpoint(endpoint, options))
}

fn check_endpoint(endpoint: &Endpoint, options: &Options) -> Result<(), Failure> {
    let name = || name_of(options, endpoint);
    if endpoint.is_public() && options.accepted().next().is_none() {
        return Err(Failure::usage(format!(
            "{}: {endpoint} is reachable from other hosts, and without --domain every recipient is accepted; write \
             --domain for each domain that you receive mail for, write --domain '*' for all mail, or listen on 127.0.0.1",
            name()
        )));
    }
    if endpoint.is_public() && options.auth_any && !options.accepted().any(|domain| *domain == Domains::All) {
        return Err(Failure::usage(format!(
            "{}: {endpoint} is reachable from other hosts, and with --auth-any mail from unknown clients would look authenticated; \
             write --auth-file FILE instead of --auth-any, add --domain '*' for an inbox of all mail, or listen on 127.0.0.1",
            name()
        )));
    }
    if endpoint.is_public() && options.user.is_none() && !options.allow_root && is_root() {
        return Err(Failure::usage(format!(
            "{}: {endpoint} is reachable from other hosts, and this program runs as root; write --user NAME to switch \
             to that user once the sockets are open, or --allow-root",
            name()
        )));
    }
    Ok(())
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
