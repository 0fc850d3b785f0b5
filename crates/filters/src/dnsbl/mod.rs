//! DNS lists of addresses and domains (RFC 5782).
//!
//! [`Dnsbl`] asks lists about the client, and about the domains that it names. Each list has [rules](Rules): what its
//! codes mean here.
//!
//! # Why
//!
//! Lists are asked at MAIL. A client that only says QUIT, as health checks do, costs no question, and one that
//! authenticates is not asked about. The refusal comes at RCPT, so that the log has sender and recipient. A user who
//! misses mail can then be told why. Some clients give up on the server if it refuses them earlier.

mod decision;
mod hooks;
mod hourly;
mod list;
mod listing;
mod reason;
mod rules;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use mailchute::address::Domain;
use mailchute::proxy::Network;
use mailchute::{Builder, Install};

use crate::client::Exempt;
use crate::dns::Resolve;
use crate::filter_id::FilterId;
use list::List;
pub use listing::Listing;
pub use rules::{Action, Rules, RulesError};

/// Asks DNS lists about clients and domains (RFC 5782).
///
/// | finding | result |
/// |---|---|
/// | `dnsbl=skip` | an allow list knows the client, so no other list refuses it |
/// | `dnsbl=refuse` | a list knows the client: `550 5.7.1` at each RCPT but for `postmaster` |
/// | `dnsbl=mark` | a list knows the client, and later filters may use that |
/// | `dnsbl=none` | no list knows the client |
/// | `dnsbl=failed` | no list knows the client, but at least one did not answer |
///
/// The domain of the sender and the name in EHLO have the finding `rhsbl` in the same way. It belongs to the transaction,
/// and `dnsbl` holds for all messages of the client. [`Listing`] tells later filters more.
///
/// A client with `dnsbl=skip` has no finding `rhsbl`: lists of domains do not count for it.
///
/// # Failures
/// A list that does not answer never refuses. The log has a [warning](https://docs.rs/tracing) about it, once an hour for
/// each list.
///
/// Some answers are not listings, whatever the rules say. Addresses outside `127.0.0.0/8` alone come from lists whose domain
/// was sold. `127.255.255.0/24`, `127.0.0.1` and `127.0.0.255` mean that the list does not serve this resolver, for example
/// because it is a large public one. The log has a warning about these too.
///
/// # Exempt clients
/// Lists are not asked about clients that have authenticated, clients at a Unix socket, addresses that are not public,
/// and the networks of [`exempt`](Self::exempt).
///
/// # Examples
/// ```
/// use mailchute::Server;
/// use mailchute_filters::dns::Resolver;
/// use mailchute_filters::dnsbl::Dnsbl;
/// # use mailchute_stores::Discard;
///
/// # fn build() -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::builder()
///     .with(
///         Dnsbl::new(Resolver::system()?)
///             .list("zen.spamhaus.org".parse()?, "refuse:127.0.0.2-11".parse()?)
///             .list("list.dnswl.org".parse()?, "skip:127.0.0-255.1-3".parse()?)
///             .domain_list("dbl.spamhaus.org".parse()?, "refuse:127.0.1.2-99 mark:127.0.1.102-199".parse()?),
///     )
///     .store(Discard)
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[must_use = "lists do nothing until they are given to a builder"]
pub struct Dnsbl<R> {
    resolver: R,
    /// Lists of addresses.
    lists: Vec<List>,
    domain_lists: Vec<List>,
    timeout: Duration,
    exempt: Exempt,
    /// The names of the findings about clients, and about domains.
    name: Cow<'static, str>,
    domain_name: Cow<'static, str>,
    id: FilterId,
}

impl<R: Resolve + Send + 'static> Dnsbl<R> {
    /// Makes a filter without lists.
    pub fn new(resolver: R) -> Self {
        Self {
            resolver,
            lists: Vec::new(),
            domain_lists: Vec::new(),
            timeout: Duration::from_secs(5),
            exempt: Exempt::default(),
            name: Cow::Borrowed("dnsbl"),
            domain_name: Cow::Borrowed("rhsbl"),
            id: FilterId::next(),
        }
    }

    /// Adds a list of addresses, IPv4 and IPv6. All lists are asked at once, sixteen at a time.
    ///
    /// If the first label of its name has 20 characters or more, it is taken for the secret key of a customer. It is
    /// then left out where the list is named.
    pub fn list(mut self, name: Domain, rules: Rules) -> Self {
        self.lists.push(List::new(&name, rules));
        self
    }

    /// Adds a list of domains. It is asked about the name of HELO and about the domain of the sender.
    ///
    /// Clients can name any domain, so [`Action::Skip`] here only overrules other lists of domains.
    pub fn domain_list(mut self, name: Domain, rules: Rules) -> Self {
        self.domain_lists.push(List::new(&name, rules));
        self
    }

    /// Sets the names of the findings about clients and about domains. The defaults are `dnsbl` and `rhsbl`. With several
    /// filters of this kind each needs its own names, or the findings of the last one hold.
    pub fn names(
        mut self,
        of_clients: impl Into<Cow<'static, str>>,
        of_domains: impl Into<Cow<'static, str>>,
    ) -> Self {
        (self.name, self.domain_name) = (of_clients.into(), of_domains.into());
        self
    }

    /// Sets how long a list may take. The default is 5 seconds. A list that refuses may take as long again for its
    /// reason.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Exempts the clients of a network. It may be called several times.
    pub fn exempt(mut self, network: Network) -> Self {
        self.exempt.add(network);
        self
    }
}

impl<R: Resolve + Send + 'static> Install for Dnsbl<R> {
    fn install(self, builder: Builder) -> Builder {
        builder.hooks(self)
    }
}

impl<R> fmt::Debug for Dnsbl<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dnsbl")
            .field("lists", &self.lists)
            .field("domain_lists", &self.domain_lists)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
