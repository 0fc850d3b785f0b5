//! Redis, which several servers share.
//!
//! # Why
//!
//! Mail never waits long for Redis. If a question gets no answer in time, this server decides by what it knows itself, and
//! it goes on so until Redis is back. One question a second finds that out. No question is kept for later.
//!
//! Each decision is one script, which Redis runs as a whole. The time is that of Redis, so clocks of hosts that differ do
//! no harm.

mod connection;
mod url_error;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ::redis::{ConnectionInfo, FromRedisValue, IntoConnectionInfo as _, Script};

use crate::key::Key;
use connection::Shared;
pub use url_error::RedisUrlError;

/// A Redis server, or one that speaks its protocol, such as Valkey. Several servers share limits and greylists in it.
///
/// Clones share one connection. It is made at the first question, and again when it is lost.
///
/// While Redis does not answer, filters go on with what they know themselves. The log has one warning when Redis is lost
/// (`redis-lost`), and a line when it is back (`redis-back`).
///
/// Redis must be one server, with or without replicas. Scripts use keys of several hash slots, so a Redis Cluster
/// refuses them. Redis 5 or later is enough.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use mailchute_filters::redis::Redis;
///
/// let redis = Redis::new("redis://127.0.0.1:6379/0")?.prefix("mx:").timeout(Duration::from_millis(100));
/// assert_eq!(redis.to_string(), "127.0.0.1:6379");
///
/// let error = Redis::new("http://127.0.0.1").unwrap_err();
/// assert!(error.to_string().contains("redis://HOST"));
/// # Ok::<(), mailchute_filters::redis::RedisUrlError>(())
/// ```
#[derive(Clone)]
pub struct Redis {
    settings: Settings,
    shared: Arc<Shared>,
}

#[derive(Clone)]
struct Settings {
    server: ConnectionInfo,
    prefix: Arc<str>,
    timeout: Duration,
}

impl Redis {
    /// Reads a URL: `redis://HOST`, `rediss://HOST` for TLS, or `unix:///PATH`. A port and the number of a database may
    /// follow: `redis://HOST:6379/0`, `unix:///PATH?db=0`. No connection is made yet.
    ///
    /// TLS verifies the certificate of the server by the root certificates of the host.
    ///
    /// # Errors
    /// The URL is none of these.
    pub fn new(url: &str) -> Result<Self, RedisUrlError> {
        let server = url.into_connection_info().map_err(|error| RedisUrlError::new(url, &error))?;
        Ok(Self::with(Settings { server, prefix: "mailchute:".into(), timeout: Duration::from_millis(250) }))
    }

    /// Sets the user name and the password. Default is what the URL has, or none. Without a name, it is the password of
    /// the default user.
    #[must_use]
    pub fn credentials(self, user: Option<&str>, password: &str) -> Self {
        let mut redis = self.settings.server.redis_settings().clone().set_password(password);
        if let Some(user) = user {
            redis = redis.set_username(user);
        }
        Self::with(Settings {
            server: self.settings.server.clone().set_redis_settings(redis),
            ..self.settings
        })
    }

    /// Sets how long a question may take. Default is 250 ms: more than an answer needs, and no delay that a client of SMTP
    /// notices. A connection may take longer, for later questions: 5 s. One answer that is late costs nothing else; after
    /// three in a row the connection counts as lost.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self::with(Settings { timeout, ..self.settings })
    }

    /// Sets the prefix of all keys in Redis. Default is `mailchute:`. Servers that use one database, but share nothing,
    /// need different prefixes.
    #[must_use]
    pub fn prefix(self, prefix: impl Into<Arc<str>>) -> Self {
        Self::with(Settings { prefix: prefix.into(), ..self.settings })
    }

    fn with(settings: Settings) -> Self {
        Self { settings, shared: Arc::default() }
    }

    /// Runs a script. Returns `None` while Redis does not answer. `of` names the filter whose keys these are.
    ///
    /// # Cancel safety
    /// Redis may run the script although nobody waits for the answer any longer.
    pub(crate) async fn ask<T: FromRedisValue>(
        &self,
        script: &Script,
        of: &str,
        keys: impl IntoIterator<Item = Key>,
        numbers: &[u64],
    ) -> Option<T> {
        let mut invocation = script.prepare_invoke();
        for key in keys {
            invocation.key(format!("{}{of}:{key}", self.settings.prefix));
        }
        invocation.arg(numbers);
        self.shared.ask(&self.settings.server, self.settings.timeout, &invocation).await
    }
}

/// Writes the address of the server, without credentials.
impl fmt::Display for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.server.addr().fmt(f)
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("address", &self.to_string())
            .field("prefix", &self.settings.prefix)
            .field("timeout", &self.settings.timeout)
            .finish_non_exhaustive()
    }
}
