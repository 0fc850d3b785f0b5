//! URLs of servers that know which users there are.

use std::io;
use std::path::PathBuf;

use crate::forward::url as forward_url;
#[cfg(feature = "webhook")]
use crate::http_users::HttpUsers;
use crate::recipients::Known;
use crate::{ForwardBuilder, NextHop};

/// A parsed URL of a server that is asked which users a domain has.
///
/// - `https://HOST/PATH` or `http://HOST/PATH`, in a build with the feature `webhook`: a GET request. Status 200 or 204 says
///   that the user is known, and 404 that it is not. All else, and no response within ten seconds, is `451 4.3.0`. The URL
///   may have `{address}`, `{user}` and `{domain}`; without any of them, `address=` is added to its query. Redirects are
///   not followed. There are 20 requests at a time, and an answer is remembered for a minute.
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
    #[cfg(feature = "webhook")]
    Http(Box<HttpUsers>),
}

impl LookupUrl {
    /// Parses a URL.
    ///
    /// # Errors
    /// A text that says what to write instead.
    pub fn parse(url: &str) -> Result<Self, String> {
        match url.split_once(':') {
            Some(("lmtp", rest)) => Ok(Self(Named::Lmtp(forward_url::parse("lmtp", rest)?.into()))),
            #[cfg(feature = "webhook")]
            Some(("https" | "http", _)) => match HttpUsers::parse(url) {
                Ok(users) => Ok(Self(Named::Http(users.into()))),
                Err(text) => Err(text),
            },
            #[cfg(not(feature = "webhook"))]
            Some(("https" | "http", _)) => {
                Err("this build asks no web server; build it with the feature webhook".to_owned())
            }
            _ => Err(format!("{url:?} names no server that knows users; write {FORMS}")),
        }
    }

    /// Returns the servers to which it connects, so that a sandbox can allow it.
    #[must_use]
    pub fn next_hops(&self) -> &[NextHop] {
        match &self.0 {
            Named::Lmtp(builder) => builder.next_hops(),
            #[cfg(feature = "webhook")]
            Named::Http(users) => users.next_hops(),
        }
    }

    /// Returns the files that it reads, so that a sandbox can allow it.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        match &self.0 {
            Named::Lmtp(builder) => builder.files(),
            #[cfg(feature = "webhook")]
            Named::Http(_) => Vec::new(),
        }
    }

    /// Returns a warning about what the URL allows although it is risky.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        match &self.0 {
            Named::Lmtp(_) => None,
            #[cfg(feature = "webhook")]
            Named::Http(users) => users.warning(),
        }
    }

    /// Returns the users that the server knows. The call reads the files that the URL names, and connects to nothing.
    ///
    /// # Errors
    /// An error if a file cannot be read.
    pub fn open(self) -> io::Result<Known> {
        match self.0 {
            Named::Lmtp(builder) => builder.known(),
            #[cfg(feature = "webhook")]
            Named::Http(users) => users.open(),
        }
    }
}

/// The URLs that there are.
const FORMS: &str = "lmtp:HOST:PORT, lmtp:unix:PATH or https://HOST/PATH";
