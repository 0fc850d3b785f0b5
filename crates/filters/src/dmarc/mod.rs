//! DMARC (RFC 7489): what the domain in `From:` says of its mail.
//!
//! SPF and DKIM authenticate domains that no reader sees. DMARC compares them with the domain of the author in `From:`,
//! and finds out what that domain wants to happen to mail that neither authenticates. [`check`] does both. It sends no
//! reports.
//!
//! # Why
//!
//! The organizational domain comes from the public suffix list that is compiled in (crate `psl`), and not from the tree
//! walk of the successor of RFC 7489. `pct` and the records of today are of RFC 7489, and the list needs no questions to
//! the DNS. It is as fresh as the build. A domain below a suffix that is newer than the list may count as part of that
//! suffix, so an update of the crate renews it. Private suffixes such as `github.io` count, as in other implementations.

mod alignment;
mod author;
mod discovery;
mod evaluate;
mod outcome;
mod query;
mod record;

pub use author::AuthorError;
pub use outcome::{DmarcOutcome, DmarcProblem, DmarcResult};
pub use query::DmarcQuery;
pub use record::Policy;

use crate::dns::Resolve;

/// Finds out whether SPF or DKIM authenticate the author's domain, and what the domain wants to happen if not.
///
/// A domain of the author needs 1 or 2 questions to the DNS, and up to 3 more if its policy for subdomains that do not
/// exist is different (`np`, RFC 9091). There are at most 10 such domains, and all are asked at once. The time has no bound.
///
/// # Several authors
///
/// RFC 7489 §6.6.1 leaves open what odd `From:` fields mean. Here a message is never judged by a guess:
///
/// | `From:` | |
/// |---|---|
/// | one address | its domain is checked |
/// | several addresses, also in a group | each domain is checked, and the strictest policy of those that fail holds |
/// | `a@bank.example <b@other.example>`, as readers disagree | both domains are checked |
/// | an address without a domain, or an empty group | [`DmarcResult::None`] |
/// | no field, several fields, more than 10 domains, or no address that all readers see | [`DmarcResult::PermError`], and the disposition is [`Policy::Reject`] |
///
/// Quoted strings and comments are skipped, so `"a@bank.example" <b@other.example>` is mail of `other.example`. Encoded
/// words are not decoded. In an address they are an error, as some readers decode them.
///
/// # Failures of the DNS
///
/// A failure that the sender could have chosen is [`DmarcResult::TempError`] with a
/// [possible disposition](DmarcOutcome::possible_disposition). The key of an aligned signature may have no answer, for
/// example. If the record of a subdomain has no answer, that of the organization tells the possible disposition.
///
/// # Cancel safety
/// The future may be dropped at any time. It leaves nothing behind.
///
/// # Examples
///
/// ```
/// use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
///
/// use mailchute_filters::dmarc::{self, DmarcResult, Policy, DmarcQuery};
/// use mailchute_filters::dns::{DnsError, Resolve};
///
/// /// Knows one domain. A real one asks the DNS.
/// struct OneDomain;
///
/// impl Resolve for OneDomain {
///     async fn txt(&self, name: &str) -> Result<Vec<Vec<u8>>, DnsError> {
///         Ok(match name {
///             "_dmarc.bank.example" => vec![b"v=DMARC1; p=reject".to_vec()],
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
/// let query = DmarcQuery::new(["The bank <news@mail.bank.example>"]);
/// let signed = query.clone().dkim_pass("bank.example");
/// assert_eq!(dmarc::check(&signed, &OneDomain).await.result, DmarcResult::Pass);
///
/// let forged = query.dkim_pass("other.example");
/// let outcome = dmarc::check(&forged, &OneDomain).await;
/// assert_eq!((outcome.result, outcome.disposition), (DmarcResult::Fail, Policy::Reject));
/// # }
/// ```
pub async fn check(query: &DmarcQuery, resolver: &impl Resolve) -> DmarcOutcome {
    evaluate::evaluate(query, resolver).await
}
