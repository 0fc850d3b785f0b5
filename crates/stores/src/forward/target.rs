//! The servers that mail is forwarded to, in the order in which they are tried.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::time::{Instant, timeout};

use super::connection::Stream;
use super::error::HopError;

/// How long a target that has failed is tried after the others.
const DEAD_FOR: Duration = Duration::from_secs(30);

/// How long opportunistic TLS goes without TLS after a handshake has failed.
const WITHOUT_TLS_FOR: Duration = Duration::from_secs(600);

/// Where a next hop listens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NextHop {
    /// A host, by its name or address, and a port.
    Tcp {
        /// The name or the address, without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// The path of a Unix socket.
    Unix(PathBuf),
}

impl NextHop {
    /// A host and a port.
    pub fn tcp(host: impl Into<String>, port: u16) -> Self {
        Self::Tcp { host: host.into(), port }
    }

    /// Parses `HOST:PORT`, or `HOST` if there is a usual port. An IPv6 address has brackets.
    pub(crate) fn parse_tcp(text: &str, usual: Option<u16>) -> Option<Self> {
        let (host, given) = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
            Some((host, rest)) if host.parse::<Ipv6Addr>().is_ok() => {
                (host, rest.strip_prefix(':').or(rest.is_empty().then_some(""))?)
            }
            Some(_) => return None,
            None => text.split_once(':').unwrap_or((text, "")),
        };
        let is_host = host.parse::<Ipv6Addr>().is_ok()
            || (!host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)));
        let port = match given {
            "" if !text.ends_with(':') => usual,
            digits => digits.parse().ok().filter(|port| *port > 0),
        };
        port.filter(|_| is_host).map(|port| Self::tcp(host, port))
    }

    /// A Unix socket.
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self::Unix(path.into())
    }

    /// Returns whether it is on this host, so that what is sent to it crosses no network.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp { host, .. } => {
                host.eq_ignore_ascii_case("localhost")
                    || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
            }
            Self::Unix(_) => true,
        }
    }

    /// The name that a certificate must have.
    pub(super) fn server_name(&self) -> Option<ServerName<'static>> {
        match self {
            Self::Tcp { host, .. } => ServerName::try_from(host.clone()).ok(),
            Self::Unix(_) => None,
        }
    }

    /// Opens a stream. Each address of a name is tried, each as long as `limit`.
    pub(super) async fn connect(&self, limit: Duration) -> Result<Box<dyn Stream>, HopError> {
        match self {
            Self::Unix(path) => {
                let stream = timeout(limit, UnixStream::connect(path)).await;
                Ok(Box::new(stream.map_err(|_| HopError::Late("connect"))??))
            }
            Self::Tcp { host, port } => {
                let addresses = timeout(limit, lookup_host((host.as_str(), *port))).await;
                let addresses = addresses.map_err(|_| HopError::Late("the look-up of its name"))??;
                let mut failure = HopError::Io(io::ErrorKind::AddrNotAvailable.into());
                for address in addresses {
                    match timeout(limit, TcpStream::connect(address)).await {
                        Ok(Ok(stream)) => {
                            // Commands are short, and each waits for its answer.
                            stream.set_nodelay(true)?;
                            return Ok(Box::new(stream));
                        }
                        Ok(Err(error)) => failure = error.into(),
                        Err(_) => failure = HopError::Late("connect"),
                    }
                }
                Err(failure)
            }
        }
    }
}

/// As in the URL of a store.
impl fmt::Display for NextHop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A next hop, and what is remembered of it.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) next_hop: NextHop,
    failed: Moment,
    tls_failed: Moment,
}

impl Target {
    pub(super) fn new(next_hop: NextHop) -> Self {
        Self { next_hop, failed: Moment::default(), tls_failed: Moment::default() }
    }

    /// Returns whether it has failed a short time ago.
    pub(super) fn is_dead(&self) -> bool {
        self.failed.is_within(DEAD_FOR)
    }

    pub(super) fn failed(&self, error: &HopError) {
        let was_dead = self.is_dead();
        *self.failed.get() = Some(Instant::now());
        if !was_dead {
            let target = &self.next_hop;
            tracing::warn!(name: "next-hop-failed", %target, %error, "the next server does not take mail now");
        }
    }

    pub(super) fn works(&self) {
        if self.failed.get().take().is_some() {
            let target = &self.next_hop;
            tracing::info!(name: "next-hop-back", %target, "the next server takes mail again");
        }
    }

    /// Returns whether a TLS handshake has failed a short time ago.
    pub(super) fn fails_tls(&self) -> bool {
        self.tls_failed.is_within(WITHOUT_TLS_FOR)
    }

    pub(super) fn tls_failed(&self, error: &io::Error) {
        *self.tls_failed.get() = Some(Instant::now());
        let target = &self.next_hop;
        tracing::warn!(name: "next-hop-without-tls", %target, %error, "TLS with the next server failed; mail goes on without");
    }
}

/// When something happened last.
#[derive(Debug, Default)]
struct Moment(Mutex<Option<Instant>>);

impl Moment {
    fn get(&self) -> MutexGuard<'_, Option<Instant>> {
        // One assignment is all that happens under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_within(&self, time: Duration) -> bool {
        self.get().is_some_and(|at| at.elapsed() < time)
    }
}
