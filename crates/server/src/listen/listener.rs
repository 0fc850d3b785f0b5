//! A listener as a value: where to listen, and which protocol is spoken there.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mailchute_proto::Protocol;

use crate::listen::inherited::ListeningSocket;
use crate::net::arrival::{Opening, Service};
use crate::net::endpoint::Endpoint;

/// Where to listen, which protocol clients speak there, and a name.
///
/// A listener holds nothing else. The [`Builder`](crate::Builder) sets what clients may do, so that
/// [`Server::reconfigure`](crate::Server::reconfigure) can replace all of it.
///
/// [`Server::listen`](crate::Server::listen) and [`Serving::listen`](crate::Serving::listen) take a listener, or
/// anything that becomes one:
///
/// | value | listens on |
/// |---|---|
/// | `"127.0.0.1:2525"`, `"localhost:2525"`, a `String` | the first address of the name that can be listened on |
/// | `"unix:/run/mailchute/lmtp"` | the Unix socket |
/// | a [`SocketAddr`], `([127, 0, 0, 1], 25)`, an IP address and a port, `("localhost", 25)` | the address |
/// | a slice, array or `Vec` of [`SocketAddr`] | the first of them that can be listened on |
/// | an [`Endpoint`] | the address or the Unix socket |
/// | a [`ListeningSocket`] | the socket that listens already |
///
/// Port 0 takes a free port; [`Serving::addr_of`](crate::Serving::addr_of) says which.
///
/// # Examples
/// ```no_run
/// # async fn run(server: mailchute::Server) -> std::io::Result<()> {
/// use mailchute::Listener;
///
/// server
///     .listen(Listener::new("0.0.0.0:25").name("mx"))
///     .await?
///     .listen(Listener::new("0.0.0.0:465").implicit_tls().name("submission"))
///     .await?
///     .listen(Listener::unix("/run/mailchute/lmtp").mode(0o660).lmtp())
///     .await?
///     .await
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a listener does nothing until a server listens on it"]
pub struct Listener {
    pub(super) address: Address,
    pub(super) service: Service,
    pub(super) mode: Option<u32>,
    pub(super) name: Option<Arc<str>>,
}

/// The address, as it was given.
#[derive(Debug)]
pub(super) enum Address {
    Tcp(Vec<SocketAddr>),
    /// `HOST:PORT`.
    Text(String),
    Host(String, u16),
    Unix(PathBuf),
    Inherited(ListeningSocket),
}

/// Writes the address as the application has given it, for errors.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(addresses) => match &**addresses {
                [address] => address.fmt(f),
                addresses => write!(f, "{addresses:?}"),
            },
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Host(name, port) => write!(f, "{:?}", (name, port)),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Inherited(socket) => socket.endpoint().fmt(f),
        }
    }
}

impl Listener {
    /// Listens on an address for SMTP. TLS comes by STARTTLS, if the server has a certificate.
    pub fn new(address: impl Into<Self>) -> Self {
        address.into()
    }

    /// Listens on a Unix socket for SMTP.
    ///
    /// The server replaces the file that a dead server left behind. Listening fails if a server already
    /// listens there, or if the path is another kind of file. The file is removed when the server stops. If
    /// several servers start at the same time, one of them gets the path: it holds a lock (`flock`) on the
    /// directory while it opens the socket.
    ///
    /// The clients have no network address: see
    /// [`Session::is_over_unix_socket`](crate::Session::is_over_unix_socket). If they speak
    /// [LMTP](Self::lmtp), neither [`Builder::require_auth`](crate::Builder::require_auth) nor
    /// [`Builder::require_tls`](crate::Builder::require_tls) applies to them. The [mode](Self::mode) of the
    /// file decides who may connect.
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self::at(Address::Unix(path.into()))
    }

    /// Accepts connections from a socket that already listens. The file of a Unix socket stays with the
    /// process that made it, unless [`ListeningSocket::with_file`] changes that.
    pub fn inherited(socket: ListeningSocket) -> Self {
        Self::at(Address::Inherited(socket))
    }

    /// Speaks TLS from the first byte on (RFC 8314; port 465). The server needs a certificate.
    pub fn implicit_tls(mut self) -> Self {
        self.service.opening = Opening::Tls;
        self
    }

    /// Speaks LMTP (RFC 2033), by which mail servers deliver mail to local mailboxes. The end of a message
    /// has one reply for each recipient; see [`Message::refuse`](crate::Message::refuse). Port 25 is refused,
    /// since RFC 2033 §5 forbids it.
    pub fn lmtp(mut self) -> Self {
        self.service.protocol = Protocol::Lmtp;
        self
    }

    /// Sets the mode of the file of a Unix socket. Users who may write to the file may connect. Default is
    /// `0o666`, whatever the umask, so that delivery agents, which run as users of their own, can connect.
    /// The mode of the directory can keep others out as well.
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Names the listener. [`Session::listener`](crate::Session::listener) tells the name to hooks, and
    /// [`Serving::addr_of`](crate::Serving::addr_of) finds the address by it. Several listeners may share a name, such
    /// as those of IPv4 and IPv6. Default is the address as [`Endpoint`] writes it, with the port that was chosen for 0.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    pub(crate) fn service(&self) -> Service {
        self.service
    }

    fn at(address: Address) -> Self {
        Self { address, service: Service::SMTP, mode: None, name: None }
    }
}

impl From<&str> for Listener {
    fn from(address: &str) -> Self {
        Self::at(match address.strip_prefix("unix:") {
            Some(path) => Address::Unix(path.into()),
            None => Address::Text(address.to_owned()),
        })
    }
}

impl From<Endpoint> for Listener {
    fn from(endpoint: Endpoint) -> Self {
        Self::at(match endpoint {
            Endpoint::Tcp(address) => Address::Tcp(vec![address]),
            Endpoint::Unix(path) => Address::Unix(path),
        })
    }
}

impl From<&[SocketAddr]> for Listener {
    fn from(addresses: &[SocketAddr]) -> Self {
        Self::at(Address::Tcp(addresses.to_vec()))
    }
}

impl From<(&str, u16)> for Listener {
    fn from((host, port): (&str, u16)) -> Self {
        Self::at(Address::Host(host.to_owned(), port))
    }
}

/// A name that comes with its port.
impl From<(String, u16)> for Listener {
    fn from((host, port): (String, u16)) -> Self {
        Self::at(Address::Host(host, port))
    }
}

impl From<ListeningSocket> for Listener {
    fn from(socket: ListeningSocket) -> Self {
        Self::inherited(socket)
    }
}

impl From<&Path> for Listener {
    fn from(path: &Path) -> Self {
        Self::unix(path)
    }
}

/// Implements the conversion by way of another type that becomes a listener.
macro_rules! from {
    ($($given:ty, $value:ident => $by:expr;)*) => {
        $(impl From<$given> for Listener {
            fn from($value: $given) -> Self {
                Self::from($by)
            }
        })*
    };
}

from! {
    String, text => &*text;
    &String, text => &**text;
    &Endpoint, endpoint => endpoint.clone();
    Vec<SocketAddr>, addresses => &*addresses;
    PathBuf, path => &*path;
    SocketAddr, address => Endpoint::Tcp(address);
    SocketAddrV4, address => SocketAddr::V4(address);
    SocketAddrV6, address => SocketAddr::V6(address);
    (IpAddr, u16), address => SocketAddr::from(address);
    (Ipv4Addr, u16), address => SocketAddr::from(address);
    (Ipv6Addr, u16), address => SocketAddr::from(address);
    ([u8; 4], u16), address => SocketAddr::from(address);
    ([u16; 8], u16), address => SocketAddr::from(address);
}

impl<const N: usize> From<[SocketAddr; N]> for Listener {
    fn from(addresses: [SocketAddr; N]) -> Self {
        Self::from(&addresses[..])
    }
}
