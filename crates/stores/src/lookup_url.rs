//! URLs of servers that know which users there are.

use std::io;
use std::path::PathBuf;

use crate::forward::url as forward_url;
use crate::recipients::Known;
use crate::{ForwardBuilder, NextHop};

/// A parsed URL of a server that is asked which users a domain has.
///
/// - `lmtp:HOST:PORT` or `lmtp:unix:PATH`, with the options of a [store](crate::from_url): see [`ForwardBuilder::known`].
///
/// # Examples
/// ```
/// use mailchute_stores::LookupUrl;
/// use mailchute_stores::recipients::LocalDomain;
///
/// let users = LookupUrl::parse("lmtp:unix:/run/dovecot/lmtp")?;
/// let domain = LocalDomain::new("example.com")?.known(users.open()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct LookupUrl(Named);

#[derive(Debug, Clone)]
enum Named {
    Lmtp(Box<ForwardBuilder>),
}

impl LookupUrl {
    /// Parses a URL.
    ///
    /// # Errors
    /// A text that says what to write instead.
    pub fn parse(url: &str) -> Result<Self, String> {
        match url.split_once(':') {
            Some(("lmtp", rest)) => Ok(Self(Named::Lmtp(forward_url::parse("lmtp", rest)?.into()))),
            _ => Err(format!("{url:?} names no server that knows users; write {FORMS}")),
        }
    }

    /// Returns the servers to which it connects, so that a sandbox can allow it.
    #[must_use]
    pub fn next_hops(&self) -> &[NextHop] {
        match &self.0 {
            Named::Lmtp(builder) => builder.next_hops(),
        }
    }

    /// Returns the files that it reads, so that a sandbox can allow it.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        match &self.0 {
            Named::Lmtp(builder) => builder.files(),
        }
    }

    /// Returns the users that the server knows. The call reads the files that the URL names, and connects to nothing.
    ///
    /// # Errors
    /// An error if a file cannot be read.
    pub fn open(self) -> io::Result<Known> {
        match self.0 {
            Named::Lmtp(builder) => builder.known(),
        }
    }
}

/// The URLs that there are.
const FORMS: &str = "lmtp:HOST:PORT or lmtp:unix:PATH";
