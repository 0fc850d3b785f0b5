//! The options of a resolver.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hickory_resolver::system_conf::read_system_conf;
use tokio::sync::Semaphore;

use super::cache::Cache;
use super::servers::Servers;
use super::{MAX_OF_SHARE, MAX_QUESTIONS, Resolver, Shared};

/// The options of a [`Resolver`], made by [`Resolver::builder`].
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use mailchute_filters::dns::Resolver;
///
/// let resolver = Resolver::builder()
///     .servers(["127.0.0.1:53".parse()?, "[::1]:53".parse()?])
///     .timeout(Duration::from_secs(3))
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct ResolverBuilder {
    servers: Vec<SocketAddr>,
    timeout: Duration,
    cache_size: usize,
}

impl ResolverBuilder {
    pub(super) fn new() -> Self {
        Self { servers: Vec::new(), timeout: Duration::from_secs(5), cache_size: 16 << 20 }
    }

    /// Sets the servers, the preferred ones first. The default is those in `/etc/resolv.conf`.
    pub fn servers(mut self, servers: impl IntoIterator<Item = SocketAddr>) -> Self {
        self.servers = servers.into_iter().collect();
        self
    }

    /// Sets how long a question may take, whatever it needs. The default is 5 seconds: a client waits for several
    /// questions, and a server that is well answers in less than one.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how many bytes of answers are kept. The default is 16 MiB, which is about 80,000 answers. With 0 none is
    /// kept.
    pub fn cache_size(mut self, bytes: usize) -> Self {
        self.cache_size = bytes;
        self
    }

    /// Makes the resolver.
    ///
    /// # Errors
    /// No servers are given, and `/etc/resolv.conf` cannot be read or names none.
    pub fn build(self) -> io::Result<Resolver> {
        let servers = if self.servers.is_empty() { servers_of_the_system()? } else { self.servers };
        let shared = Shared {
            servers: Servers::new(servers, self.timeout)?,
            timeout: self.timeout,
            cache: Mutex::new(Cache::new(self.cache_size)),
            waiting: Semaphore::new(MAX_QUESTIONS),
        };
        Ok(Resolver { shared: Arc::new(shared), slots: Arc::new(Semaphore::new(MAX_OF_SHARE)) })
    }
}

fn servers_of_the_system() -> io::Result<Vec<SocketAddr>> {
    let (config, _) = read_system_conf()
        .map_err(|error| io::Error::other(format!("cannot read the DNS servers of the system: {error}")))?;
    let mut servers = Vec::new();
    for server in config.name_servers() {
        let port = server.connections.first().map_or(53, |connection| connection.port);
        servers.push(SocketAddr::new(server.ip, port));
    }
    Ok(servers)
}
