//! Questions to the DNS, and how many there may be (RFC 7208 §4.6.4).

use std::net::IpAddr;

use super::limits::Limits;
use super::outcome::Problem;
use crate::dns::{DnsError, Resolve};
use crate::name::{is_below, is_name, is_within, without_root};

/// The questions of one check.
pub(super) struct Lookups<'r, R> {
    resolver: &'r R,
    limits: &'r Limits,
    client: IpAddr,
    terms: usize,
    voids: usize,
    /// The names of the client, once they are known.
    client_names: Option<ClientNames>,
}

impl<'r, R: Resolve> Lookups<'r, R> {
    pub(super) fn new(resolver: &'r R, limits: &'r Limits, client: IpAddr) -> Self {
        Self { resolver, limits, client, terms: 0, voids: 0, client_names: None }
    }

    /// Counts a term that needs the DNS.
    pub(super) fn count_term(&mut self) -> Result<(), Problem> {
        self.terms += 1;
        if self.terms > self.limits.terms { Err(Problem::TooManyTerms) } else { Ok(()) }
    }

    /// Counts a mechanism whose name has no record.
    fn count_void(&mut self, is_void: bool) -> Result<(), Problem> {
        self.voids += usize::from(is_void);
        if self.voids > self.limits.void_lookups { Err(Problem::TooManyVoidLookups) } else { Ok(()) }
    }

    pub(super) async fn txt(&self, name: &str) -> Result<Vec<Vec<u8>>, Problem> {
        self.resolver.txt(name).await.map_err(|error| Problem::Dns(name.to_owned(), error))
    }

    /// The addresses of a name, in the family of the client.
    async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, DnsError> {
        Ok(match self.client {
            IpAddr::V4(_) => self.resolver.a(name).await?.into_iter().map(IpAddr::V4).collect(),
            IpAddr::V6(_) => self.resolver.aaaa(name).await?.into_iter().map(IpAddr::V6).collect(),
        })
    }

    /// The addresses of the name of `a`.
    pub(super) async fn a(&mut self, name: &str) -> Result<Vec<IpAddr>, Problem> {
        let found = self.addresses(name).await.map_err(|error| Problem::Dns(name.to_owned(), error))?;
        self.count_void(found.is_empty())?;
        Ok(found)
    }

    /// Returns whether the name of `exists` has an IPv4 address.
    pub(super) async fn exists(&mut self, name: &str) -> Result<bool, Problem> {
        let found = self.resolver.a(name).await.map_err(|error| Problem::Dns(name.to_owned(), error))?;
        self.count_void(found.is_empty())?;
        Ok(!found.is_empty())
    }

    /// Returns whether `matches` holds for an address of a host of `mx`.
    pub(super) async fn mx(&mut self, name: &str, matches: impl Fn(IpAddr) -> bool) -> Result<bool, Problem> {
        let hosts = self.resolver.mx(name).await.map_err(|error| Problem::Dns(name.to_owned(), error))?;
        self.count_void(hosts.is_empty())?;
        if hosts.len() > self.limits.mx_hosts {
            return Err(Problem::TooManyMxHosts(name.to_owned()));
        }
        for host in hosts.iter().map(|host| without_root(host)).filter(|host| is_name(host)) {
            let found = self.addresses(host).await.map_err(|error| Problem::Dns(host.to_owned(), error))?;
            if found.into_iter().any(&matches) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns whether a validated name of the client is within a domain.
    pub(super) async fn ptr(&mut self, domain: &str) -> Result<bool, Problem> {
        let names = self.client_names().await;
        let is_within = names.validated.iter().any(|name| is_within(name, domain));
        let is_void = names.is_void;
        self.count_void(is_void)?;
        Ok(is_within)
    }

    /// The value of the macro `p` in a record. Its questions count as those of a term.
    pub(super) async fn validated_name(&mut self, domain: &str) -> Result<String, Problem> {
        if self.client_names.is_none() {
            self.count_term()?;
        }
        Ok(self.validated_name_for_explanation(domain).await)
    }

    /// The value of the macro `p`: the domain itself, else a name below it, else any.
    pub(super) async fn validated_name_for_explanation(&mut self, domain: &str) -> String {
        let validated = &self.client_names().await.validated;
        let best = validated.iter().find(|name| name.eq_ignore_ascii_case(domain));
        let best = best.or_else(|| validated.iter().find(|name| is_below(name, domain)));
        best.or(validated.first()).map_or("unknown", |name| name).to_owned()
    }

    /// The names of the client, looked up once. Errors of the DNS only make names missing (RFC 7208 §5.5).
    async fn client_names(&mut self) -> &ClientNames {
        let names = match self.client_names.take() {
            Some(names) => names,
            None => {
                let names = self.resolver.ptr(self.client).await;
                let is_void = names.as_ref().is_ok_and(Vec::is_empty);
                let mut validated = Vec::new();
                for name in names.unwrap_or_default().iter().take(self.limits.ptr_names) {
                    let name = without_root(name);
                    if is_name(name)
                        && self.addresses(name).await.is_ok_and(|found| found.contains(&self.client))
                    {
                        validated.push(name.to_owned());
                    }
                }
                ClientNames { is_void, validated }
            }
        };
        self.client_names.insert(names)
    }
}

/// The names in the PTR records of the client.
struct ClientNames {
    /// Whether there are none.
    is_void: bool,
    /// The names that have the address of the client.
    validated: Vec<String>,
}
