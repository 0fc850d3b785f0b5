//! The names of clients: looked up by address, and confirmed by the addresses of the name.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use mailchute::Session;
use tokio::time::timeout;

use super::Resolve;
use crate::name::{is_domain, without_root};

/// How long all questions about a client may take.
const TIME: Duration = Duration::from_secs(5);

/// The names of an address that are tried.
const MOST_NAMES: usize = 4;

/// Looks up the host names of clients, for scanners that want to know them.
///
/// A name counts as the client's if the DNS leads back from it to the client's address (forward-confirmed reverse DNS). Else
/// anybody could take any name. A proxy that names the client by XCLIENT has confirmed the name itself.
///
/// Each session asks once, at the first filter that wants to know. It takes 5 s at most. A failure of the DNS leaves the
/// client without a name, and refuses nothing. Clients of this host have no name.
///
/// # Examples
/// ```
/// use mailchute_filters::dns::{HostNames, Resolver};
/// use mailchute_filters::milter::Milter;
///
/// let resolver = Resolver::builder().servers([([127, 0, 0, 1], 53).into()]).build()?;
/// let milter = Milter::new("inet:127.0.0.1:8891".parse()?).host_names(HostNames::new(resolver));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct HostNames(Arc<LookUp>);

type LookUp = dyn Fn(IpAddr) -> BoxFuture<'static, Names> + Send + Sync;

/// The names of an address.
#[derive(Debug, Clone, Default)]
struct Names {
    /// The first one that the DNS tells, confirmed or not.
    reverse: Option<Arc<str>>,
    confirmed: Option<Arc<str>>,
}

/// The names of a session's client.
#[derive(Debug, Clone)]
struct Found {
    /// A proxy may name another client later.
    address: IpAddr,
    names: Names,
}

impl HostNames {
    /// Asks this resolver, which may be shared.
    pub fn new(resolver: impl Resolve + Send + 'static) -> Self {
        let resolver = Arc::new(resolver);
        Self(Arc::new(move |address| {
            let resolver = Arc::clone(&resolver);
            Box::pin(async move { timeout(TIME, look_up(&resolver, address)).await.unwrap_or_default() })
        }))
    }

    /// Looks the client of a session up, unless that was done.
    pub(crate) async fn find(&self, session: &Session) {
        let address = session.client_ip().to_canonical();
        // A process at a Unix socket has a loopback address too.
        let is_local = address.is_loopback() || address.is_unspecified();
        if is_local || session.client_name().is_some() || found(session).is_some() {
            return;
        }
        let names = (self.0)(address).await;
        session.state().insert(Found { address, names });
    }
}

impl fmt::Debug for HostNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostNames(..)")
    }
}

async fn look_up(resolver: &impl Resolve, address: IpAddr) -> Names {
    let Ok(names) = resolver.ptr(address).await else { return Names::default() };
    let hosts = names.iter().map(|name| without_root(name)).filter(|name| is_domain(name));
    let hosts: Vec<&str> = hosts.take(MOST_NAMES).collect();
    let reverse = hosts.first().map(|host| Arc::from(*host));
    for host in hosts {
        let leads_back = match address {
            IpAddr::V4(address) => resolver.a(host).await.is_ok_and(|all| all.contains(&address)),
            IpAddr::V6(address) => resolver.aaaa(host).await.is_ok_and(|all| all.contains(&address)),
        };
        if leads_back {
            return Names { reverse, confirmed: Some(host.into()) };
        }
    }
    Names { reverse, confirmed: None }
}

fn found(session: &Session) -> Option<Names> {
    let address = session.client_ip().to_canonical();
    let found: Found = session.state().get()?;
    (found.address == address).then_some(found.names)
}

/// Returns the confirmed name of a client, as a proxy or the DNS has told it.
pub(crate) fn client_name(session: &Session) -> Option<Arc<str>> {
    session.client_name().or_else(|| found(session)?.confirmed)
}

/// Returns the name that the address of a client leads to, confirmed or not. Where none was found, it is `unknown`. `None`
/// if nobody has looked.
pub(crate) fn client_reverse_name(session: &Session) -> Option<Arc<str>> {
    session.client_reverse_name().or_else(|| {
        let names = found(session)?;
        Some(names.reverse.unwrap_or_else(|| "unknown".into()))
    })
}
