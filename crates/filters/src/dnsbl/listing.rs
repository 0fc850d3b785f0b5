//! A listing of a client, or of a domain that it names.

use std::net::Ipv4Addr;
use std::sync::Arc;

use super::rules::Action;

/// A list that knows the client, or a domain that it named.
///
/// # Examples
/// ```
/// use mailchute::{Server, Verdict};
/// use mailchute_filters::dnsbl::Listing;
///
/// Server::builder().on_rcpt_to(|_to, session| async move {
///     let lists = Listing::of_client(&session).len() + Listing::of_domains(&session).len();
///     Verdict::accept_if(lists < 2)
/// });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listing {
    /// The name of the list, without the key of a customer.
    pub list: Arc<str>,
    /// The address or domain that is listed.
    pub subject: Arc<str>,
    /// The codes that the list answered, 32 at most.
    pub codes: Vec<Ipv4Addr>,
    /// The action that the rules of the list give them.
    pub action: Action,
    /// The reason that the list gives, for [`Action::Refuse`]: ASCII without control characters, 200 bytes at most.
    pub reason: Option<String>,
}
