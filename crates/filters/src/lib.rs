//! Ready-made filters for [Mailchute](mailchute): what mail is let in.
//!
//! | module | content |
//! |---|---|
//! | [`authentication`] | SPF, DKIM, ARC and DMARC of a message, and its `Authentication-Results` |
//! | [`milter`] | filters for Sendmail and Postfix, such as clamav-milter and opendkim |
//! | [`rspamd`] | rspamd by HTTP |
//! | [`mta_hooks`] | MTA Hooks: a web server that decides |
//! | [`greylist`] | greylisting: unknown clients try again later |
//! | [`limits`] | rates of connections, messages and recipients |
//! | [`dnsbl`] | DNS lists of addresses and domains |
//! | [`dmarc`] | DMARC (RFC 7489): what the domain in `From:` says of its mail |
//! | [`arc`] | ARC (RFC 8617): what earlier receivers found |
//! | [`dkim`] | DKIM (RFC 6376): signatures of domains |
//! | [`spf`] | SPF (RFC 7208): whether a domain authorizes the client to send its mail |
//! | [`results`] | `Authentication-Results` (RFC 8601): builds the field, and recognizes forged ones |
//! | [`dns`] | a trait for DNS lookups, and a resolver that implements it |
//! | `redis` | a Redis server that shares limits and greylists between several servers |
//!
//! The checks of mail authentication do no I/O of their own. The resolver is handed in, so they run with any resolver
//! and any runtime.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `resolver`, on by default | `dns::Resolver`, a resolver with a cache |
//! | `http` | `rspamd` and `mta_hooks` |
//! | `sqlite` | `Greylist::file`: a greylist that lasts over restarts |
//! | `redis` | `redis`, `RateLimits::shared` and `Greylist::shared` |

pub mod arc;
pub mod authentication;
#[allow(dead_code, reason = "only filters that ask by HTTP use all of it")]
mod bounds;
mod client;
pub mod dkim;
pub mod dmarc;
pub mod dns;
pub mod dnsbl;
mod filter_id;
pub mod greylist;
#[cfg(feature = "http")]
mod http_client;
mod key;
pub mod limits;
pub mod milter;
#[cfg(feature = "http")]
pub mod mta_hooks;
mod name;
#[cfg(feature = "redis")]
pub mod redis;
pub mod results;
mod retry;
#[cfg(feature = "http")]
pub mod rspamd;
#[cfg_attr(not(feature = "http"), allow(dead_code, reason = "milters do not need all edits"))]
mod scanner_edits;
pub mod spf;
mod table;

pub use bounds::OnFailure;
#[cfg(feature = "http")]
pub use http_client::{ScannerUrl, UrlError};
