//! The options of a resolver.

use std::fmt;
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
#[derive(Clone)]
#[must_use]
pub struct ResolverBuilder {
    servers: Source,
    timeout: Duration,
    cache_size: usize,
}

impl ResolverBuilder {
    pub(super) fn new() -> Self {
        Self { servers: Source::system(), timeout: Duration::from_secs(5), cache_size: 16 << 20 }
    }

    /// Sets the servers, the preferred ones first. The default, also without any, is those in `/etc/resolv.conf`.
    pub fn servers(mut self, servers: impl IntoIterator<Item = SocketAddr>) -> Self {
        let servers: Vec<_> = servers.into_iter().collect();
        self.servers = if servers.is_empty() { Source::system() } else { Source::Fixed(servers) };
        self
    }

    /// Sets a function that names the servers, the preferred ones first. It is called now. While questions fail it is called
    /// once a minute, and also by [`Resolver::reread`]. It may block, and runs in a thread for that.
    ///
    /// By default `/etc/resolv.conf` is read in this way, as DHCP and VPNs change it.
    pub fn servers_by(
        mut self,
        name: impl Fn() -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    ) -> Self {
        self.servers = Source::Read(Arc::new(name));
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
        let servers = Servers::new(self.servers.read()?, self.timeout)?;
        let shared = Shared {
            source: self.servers,
            servers: Mutex::new(Arc::new(servers)),
            read_at: Mutex::new(None),
            timeout: self.timeout,
            cache: Mutex::new(Cache::new(self.cache_size)),
            waiting: Semaphore::new(MAX_QUESTIONS),
        };
        Ok(Resolver { shared: Arc::new(shared), slots: Arc::new(Semaphore::new(MAX_OF_SHARE)) })
    }
}

impl fmt::Debug for ResolverBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResolverBuilder")
            .field("timeout", &self.timeout)
            .field("cache_size", &self.cache_size)
            .finish_non_exhaustive()
    }
}

/// The source of the servers.
#[derive(Clone)]
pub(super) enum Source {
    Fixed(Vec<SocketAddr>),
    Read(Arc<dyn Fn() -> io::Result<Vec<SocketAddr>> + Send + Sync>),
}

impl Source {
    fn system() -> Self {
        Self::Read(Arc::new(servers_of_the_system))
    }

    /// Returns the servers now.
    pub(super) fn read(&self) -> io::Result<Vec<SocketAddr>> {
        match self {
            Self::Fixed(servers) => Ok(servers.clone()),
            Self::Read(read) => read(),
        }
    }

    pub(super) fn may_change(&self) -> bool {
        matches!(self, Self::Read(_))
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
