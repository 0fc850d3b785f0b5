//! The endpoints at which a server listens.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// An endpoint to listen at: a TCP address or the path of a Unix socket. It is written `127.0.0.1:2525`, `[::1]:2525` or
/// `unix:/run/mailchute/lmtp`.
///
/// # Examples
/// ```
/// use mailchute::listen::Endpoint;
///
/// let endpoint: Endpoint = "unix:/run/mailchute/lmtp".parse()?;
/// assert_eq!(endpoint, Endpoint::Unix("/run/mailchute/lmtp".into()));
/// assert!(!endpoint.is_public());
/// assert!("0.0.0.0:25".parse::<Endpoint>()?.is_public());
/// # Ok::<(), mailchute::listen::EndpointError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// An address and a port.
    Tcp(SocketAddr),
    /// A path in the file system.
    Unix(PathBuf),
}

/// The error for a text that does not name an [`Endpoint`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointError(());

impl Endpoint {
    /// Returns whether other hosts can reach the endpoint. They never reach a Unix socket.
    #[must_use]
    pub fn is_public(&self) -> bool {
        match self {
            Self::Tcp(address) => !address.ip().to_canonical().is_loopback(),
            Self::Unix(_) => false,
        }
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        match text.strip_prefix("unix:") {
            Some("") => Err(EndpointError(())),
            Some(path) => Ok(Self::Unix(path.into())),
            None => text.parse().map(Self::Tcp).map_err(|_| EndpointError(())),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "write an IP address and a port, such as 127.0.0.1:2525 or [::1]:2525, or a path, such as \
             unix:/run/mailchute/lmtp",
        )
    }
}

impl std::error::Error for EndpointError {}
