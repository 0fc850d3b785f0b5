//! The questions of the checks to the DNS.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// A resolver: answers the questions that the checks ask the DNS.
///
/// An empty answer means that there is no such record: the name does not exist, or it has none of this type. An answer
/// that did not come is an error: a timeout, or any RCODE but 0 and 3. A resolver follows CNAME records. It should bound
/// the time and the size of an answer, since the checks do not.
///
/// Names are ASCII, without a dot at the end. Their labels have 1 to 63 bytes, and they have 253 bytes at most. Any
/// visible character and the space may occur, since the senders of mail choose a part of some names.
///
/// # Examples
///
/// See [`spf::check`](crate::spf::check).
pub trait Resolve: Sync {
    /// Returns the TXT records of a name. The strings of one record are joined without a separator.
    ///
    /// # Errors
    /// The answer did not come.
    fn txt(&self, name: &str) -> impl Future<Output = Result<Vec<Vec<u8>>, DnsError>> + Send;

    /// Returns the addresses in the A records of a name.
    ///
    /// # Errors
    /// The answer did not come.
    fn a(&self, name: &str) -> impl Future<Output = Result<Vec<Ipv4Addr>, DnsError>> + Send;

    /// Returns the addresses in the AAAA records of a name.
    ///
    /// # Errors
    /// The answer did not come.
    fn aaaa(&self, name: &str) -> impl Future<Output = Result<Vec<Ipv6Addr>, DnsError>> + Send;

    /// Returns the hosts in the MX records of a name, the preferred ones first. The host of a null MX (RFC 7505) is
    /// empty.
    ///
    /// # Errors
    /// The answer did not come.
    fn mx(&self, name: &str) -> impl Future<Output = Result<Vec<String>, DnsError>> + Send;

    /// Returns the names in the PTR records of an address.
    ///
    /// # Errors
    /// The answer did not come.
    fn ptr(&self, address: IpAddr) -> impl Future<Output = Result<Vec<String>, DnsError>> + Send;
}

/// Several filters can share a resolver.
impl<R: Resolve + Send> Resolve for Arc<R> {
    fn txt(&self, name: &str) -> impl Future<Output = Result<Vec<Vec<u8>>, DnsError>> + Send {
        R::txt(self, name)
    }

    fn a(&self, name: &str) -> impl Future<Output = Result<Vec<Ipv4Addr>, DnsError>> + Send {
        R::a(self, name)
    }

    fn aaaa(&self, name: &str) -> impl Future<Output = Result<Vec<Ipv6Addr>, DnsError>> + Send {
        R::aaaa(self, name)
    }

    fn mx(&self, name: &str) -> impl Future<Output = Result<Vec<String>, DnsError>> + Send {
        R::mx(self, name)
    }

    fn ptr(&self, address: IpAddr) -> impl Future<Output = Result<Vec<String>, DnsError>> + Send {
        R::ptr(self, address)
    }
}

/// A question to the DNS that got no answer. That there is no such record is an answer.
#[derive(Clone, Debug)]
pub struct DnsError(Arc<dyn Error + Send + Sync>);

impl DnsError {
    /// Makes an error with its cause, which may be a text.
    #[must_use]
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Arc::from(cause.into()))
    }
}

impl fmt::Display for DnsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for DnsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}
