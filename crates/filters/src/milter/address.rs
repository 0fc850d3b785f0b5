//! The address of a milter.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

/// A connection to a milter, by TCP or a Unix socket.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Io for T {}

/// The address of a milter: `inet:HOST:PORT`, `HOST:PORT` or `unix:PATH`. An IPv6 address stands in brackets.
///
/// ```
/// use mailchute_filters::milter::MilterAddress;
///
/// for text in ["unix:/run/clamav/milter", "inet:127.0.0.1:11332", "opendkim.internal:8891", "[::1]:8891"] {
///     assert!(text.parse::<MilterAddress>().is_ok());
/// }
/// let error = "/run/clamav/milter".parse::<MilterAddress>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "\"/run/clamav/milter\" is not the address of a milter; write inet:HOST:PORT, HOST:PORT or unix:PATH"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MilterAddress(Place);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Place {
    Tcp { host: String, port: u16 },
    Unix(PathBuf),
}

impl MilterAddress {
    /// Makes the address of a milter at a port of a host.
    #[must_use]
    pub fn tcp(host: impl Into<String>, port: u16) -> Self {
        Self(Place::Tcp { host: host.into(), port })
    }

    /// Makes the address of a milter at a Unix socket.
    #[must_use]
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self(Place::Unix(path.into()))
    }

    /// Returns the host and the port, if the milter is not at a Unix socket.
    #[must_use]
    pub fn host_and_port(&self) -> Option<(&str, u16)> {
        match &self.0 {
            Place::Tcp { host, port } => Some((host, *port)),
            Place::Unix(_) => None,
        }
    }

    /// Returns the path of the Unix socket, if the milter is at one.
    #[must_use]
    pub fn path(&self) -> Option<&std::path::Path> {
        match &self.0 {
            Place::Tcp { .. } => None,
            Place::Unix(path) => Some(path),
        }
    }

    /// Connects. All addresses of a host are tried in turn.
    pub(super) async fn connect(&self) -> io::Result<Box<dyn Io>> {
        match &self.0 {
            Place::Tcp { host, port } => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                // Each command waits for its answer.
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
            Place::Unix(path) => Ok(Box::new(UnixStream::connect(path).await?)),
        }
    }
}

impl FromStr for MilterAddress {
    type Err = MilterAddressError;

    fn from_str(text: &str) -> Result<Self, MilterAddressError> {
        let wrong = || MilterAddressError(text.to_owned());
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.is_empty() || path.contains('\0') { Err(wrong()) } else { Ok(Self::unix(path)) };
        }
        let (host, port) = text.strip_prefix("inet:").unwrap_or(text).rsplit_once(':').ok_or_else(wrong)?;
        let host = match host.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']').filter(|rest| rest.contains(':')).ok_or_else(wrong)?,
            None => host,
        };
        let is_bare = host.contains(':') && !text.contains('[');
        let is_host = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/');
        let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
        match port.parse() {
            Ok(port) if is_host && is_port && !is_bare && port > 0 => Ok(Self::tcp(host, port)),
            _ => Err(wrong()),
        }
    }
}

/// The form that is [parsed](FromStr).
impl fmt::Display for MilterAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Tcp { host, port } if host.contains(':') => write!(f, "inet:[{host}]:{port}"),
            Place::Tcp { host, port } => write!(f, "inet:{host}:{port}"),
            Place::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A text that is not the address of a milter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MilterAddressError(String);

impl fmt::Display for MilterAddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not the address of a milter; write inet:HOST:PORT, HOST:PORT or unix:PATH", self.0)
    }
}

impl std::error::Error for MilterAddressError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_each_address_as_it_is_parsed() {
        for (text, shown) in [
            ("127.0.0.1:8891", Some("inet:127.0.0.1:8891")),
            ("inet:localhost:1", Some("inet:localhost:1")),
            ("[::1]:8891", Some("inet:[::1]:8891")),
            ("unix:/run/x", Some("unix:/run/x")),
            ("unix:relative", Some("unix:relative")),
            ("unix:", None),
            ("::1:8891", None),
            ("[localhost]:1", None),
            ("[::1:1", None),
            ("localhost", None),
            ("localhost:", None),
            (":25", None),
            ("localhost:0", None),
            ("localhost:65536", None),
            ("localhost:+1", None),
            ("http://localhost:1", None),
            ("local host:1", None),
        ] {
            let address = text.parse::<MilterAddress>();
            assert_eq!(address.as_ref().map(ToString::to_string).ok().as_deref(), shown, "{text}");
            if let Ok(address) = address {
                assert_eq!(address.to_string().parse(), Ok(address));
            }
        }
    }
}
