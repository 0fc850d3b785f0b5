//! The questions of the checks to the DNS, and a resolver that answers them.
//!
//! The checks take any [`Resolve`]. [`Resolver`] asks the DNS servers of the system, or others.

mod host_names;
mod resolve;
#[cfg(feature = "resolver")]
mod resolver;
mod reversed;

pub use host_names::HostNames;
pub use resolve::{DnsError, Resolve};
#[cfg(feature = "resolver")]
pub use resolver::{Resolver, ResolverBuilder};

pub(crate) use host_names::{client_name, client_reverse_name};
pub(crate) use reversed::reversed;
