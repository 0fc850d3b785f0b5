//! The error for a URL that names no Redis server.

use std::error::Error;
use std::fmt;

use ::redis::RedisError;

/// The error for a text that is not the URL of a Redis server. It says what to write instead, and shows no password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisUrlError {
    /// The part before the host.
    scheme: String,
    fault: String,
}

impl RedisUrlError {
    pub(super) fn new(url: &str, error: &RedisError) -> Self {
        let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme).to_owned();
        Self { scheme, fault: error.to_string() }
    }
}

impl fmt::Display for RedisUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("write the URL of Redis as redis://HOST, rediss://HOST or unix:///PATH, with a port and a database if need be: redis://HOST:6379/0")?;
        match &*self.scheme {
            "redis" | "rediss" | "unix" => write!(f, " ({})", self.fault),
            _ => Ok(()),
        }
    }
}

impl Error for RedisUrlError {}
