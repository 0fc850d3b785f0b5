//! SPF (RFC 7208): whether a domain authorizes the client to send its mail.
//!
//! [`check`] evaluates the record of the domain of MAIL, or of EHLO for bounces. It passes all cases of the test suite
//! for RFC 7208.

mod cidr;
mod domain_spec;
mod evaluate;
mod explanation;
mod limits;
mod lookups;
mod macros;
mod mechanism;
mod outcome;
mod query;
mod record;

pub use limits::Limits;
pub use outcome::{Outcome, Problem, SpfResult};
pub use query::{Query, Scope};

use crate::dns::Resolve;
use lookups::Lookups;

/// Checks whether the domain of a sender authorizes the client: `check_host()` of RFC 7208 §4.
///
/// All questions go to `resolver`, one after the other. Their number has a bound, whatever the records say: 123 with the
/// default limits, of which an honest record needs a few. The time has none. RFC 7208 §4.6.4 recommends 20 seconds, for
/// example by [`tokio::time::timeout`](https://docs.rs/tokio/latest/tokio/time/fn.timeout.html). A check that takes
/// longer counts as [`SpfResult::TempError`].
///
/// # Cancel safety
/// The future may be dropped at any time. It leaves nothing behind.
///
/// # Examples
///
/// ```
/// use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
///
/// use mailchute_filters::dns::{DnsError, Resolve};
/// use mailchute_filters::spf::{self, Limits, Query, SpfResult};
///
/// /// Knows one domain. A real one asks the DNS.
/// struct OneDomain;
///
/// impl Resolve for OneDomain {
///     async fn txt(&self, name: &str) -> Result<Vec<Vec<u8>>, DnsError> {
///         Ok(match name {
///             "example.com" => vec![b"v=spf1 ip4:192.0.2.0/24 -all".to_vec()],
///             _ => vec![],
///         })
///     }
///     async fn a(&self, _: &str) -> Result<Vec<Ipv4Addr>, DnsError> { Ok(vec![]) }
///     async fn aaaa(&self, _: &str) -> Result<Vec<Ipv6Addr>, DnsError> { Ok(vec![]) }
///     async fn mx(&self, _: &str) -> Result<Vec<String>, DnsError> { Ok(vec![]) }
///     async fn ptr(&self, _: IpAddr) -> Result<Vec<String>, DnsError> { Ok(vec![]) }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let query = Query::new([203, 0, 113, 7], "mail.example.net", "alice@example.com");
/// let outcome = spf::check(&query, &OneDomain, &Limits::default()).await;
/// assert_eq!(outcome.result, SpfResult::Fail);
/// assert_eq!(outcome.mechanism.as_deref(), Some("-all"));
/// # }
/// ```
pub async fn check(query: &Query, resolver: &impl Resolve, limits: &Limits) -> Outcome {
    evaluate::check_host(query, &mut Lookups::new(resolver, limits, query.client())).await
}
