//! The tests of the filters, in one binary so that an edit links once.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics, and so do its helpers")]

mod arc;
mod authentication;
mod authheaders;
mod authors;
mod dkim;
mod dkimpy;
mod dmarc;
mod dmarc_records;
mod dns_server;
mod dnsbl;
mod forged;
mod greylist;
#[cfg(feature = "sqlite")]
mod greylist_file;
#[cfg(feature = "http")]
mod host_names;
mod hostile;
mod limits;
#[path = "../../server/tests/support/log.rs"]
mod log;
mod mail_signer;
mod milter;
#[cfg(feature = "http")]
mod mta_hooks;
#[cfg(feature = "http")]
mod mta_hooks_rcpt;
#[cfg(feature = "redis")]
mod redis;
mod resolver;
mod results;
mod rfc7208;
#[cfg(feature = "http")]
mod rspamd;
#[cfg(feature = "http")]
mod scanner_answers;
mod spf;
#[cfg(feature = "http")]
mod web;
mod zone;
