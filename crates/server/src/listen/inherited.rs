//! Listening sockets that another process has opened, or that are handed over to one.

use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::PathBuf;
use std::sync::Arc;

use rustix::net::sockopt;

use crate::listen::unix::BoundFile;
use crate::net::endpoint::Endpoint;

/// A socket that already listens: systemd, the previous process or a test has opened it. A server takes it by
/// [`Listener::inherited`](crate::Listener::inherited), and duplicates its own sockets by
/// [`Serving::sockets`](crate::Serving::sockets).
///
/// Processes that hold the same socket share its queue. While one of them accepts, no client is refused.
///
/// # Examples
/// ```no_run
/// # async fn run(server: mailchute::Server) -> std::io::Result<()> {
/// use mailchute::Listener;
/// use mailchute::listen::ListeningSocket;
///
/// let socket = std::net::TcpListener::bind("127.0.0.1:2525")?;
/// server.listen(Listener::inherited(ListeningSocket::try_from(socket)?).name("mx")).await?.await
/// # }
/// ```
#[derive(Debug)]
pub struct ListeningSocket {
    pub(crate) socket: Inherited,
    pub(crate) endpoint: Endpoint,
    pub(crate) file: Option<Arc<BoundFile>>,
}

#[derive(Debug)]
pub(crate) enum Inherited {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl ListeningSocket {
    /// Returns where it listens. A Unix socket in the abstract namespace has the path `@NAME`.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Passes the file of a Unix socket to the server that takes the socket, which removes it when it stops.
    /// Without this the file is left to the process that made it, as systemd wants it. For TCP nothing
    /// changes.
    ///
    /// # Errors
    /// An error if the file is gone.
    pub fn with_file(mut self) -> io::Result<Self> {
        if let Endpoint::Unix(path) = &self.endpoint {
            self.file = Some(Arc::new(BoundFile::of(path)?));
        }
        Ok(self)
    }

    /// Keeps the file of a Unix socket when the server that this socket comes from stops, since the next
    /// server has taken both.
    pub fn leave_file(&self) {
        if let Some(file) = &self.file {
            file.leave();
        }
    }
}

/// Returns an error if the socket does not listen. Otherwise prepares it for the runtime.
fn listens(socket: impl AsFd, set_nonblocking: io::Result<()>) -> io::Result<()> {
    if !accepts(socket)? {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the socket does not listen"));
    }
    set_nonblocking
}

#[cfg(not(target_vendor = "apple"))]
fn accepts(socket: impl AsFd) -> io::Result<bool> {
    Ok(sockopt::socket_acceptconn(socket)?)
}

/// macOS does not tell. Such a socket fails when the first connection is accepted.
#[cfg(target_vendor = "apple")]
fn accepts(_socket: impl AsFd) -> io::Result<bool> {
    Ok(true)
}

/// Returns `@NAME` for a socket in the abstract namespace, which only Linux has.
#[cfg(target_os = "linux")]
fn abstract_name(address: &SocketAddr) -> Option<PathBuf> {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::ffi::OsStrExt as _;

    let name = [b"@", address.as_abstract_name()?].concat();
    Some(PathBuf::from(std::ffi::OsStr::from_bytes(&name)))
}

#[cfg(not(target_os = "linux"))]
fn abstract_name(_address: &SocketAddr) -> Option<PathBuf> {
    None
}

/// # Errors
/// An error if the socket does not listen.
impl TryFrom<TcpListener> for ListeningSocket {
    type Error = io::Error;

    fn try_from(socket: TcpListener) -> io::Result<Self> {
        listens(&socket, socket.set_nonblocking(true))?;
        // Accepted connections inherit it, as from the server's own sockets.
        sockopt::set_tcp_nodelay(&socket, true)?;
        let endpoint = Endpoint::Tcp(socket.local_addr()?);
        Ok(Self { socket: Inherited::Tcp(socket), endpoint, file: None })
    }
}

/// # Errors
/// An error if the socket does not listen.
impl TryFrom<UnixListener> for ListeningSocket {
    type Error = io::Error;

    fn try_from(socket: UnixListener) -> io::Result<Self> {
        listens(&socket, socket.set_nonblocking(true))?;
        let address = socket.local_addr()?;
        let path = address.as_pathname().map(PathBuf::from).or_else(|| abstract_name(&address));
        let path =
            path.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the Unix socket has no name"))?;
        Ok(Self { socket: Inherited::Unix(socket), endpoint: Endpoint::Unix(path), file: None })
    }
}

impl AsFd for ListeningSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            Inherited::Tcp(socket) => socket.as_fd(),
            Inherited::Unix(socket) => socket.as_fd(),
        }
    }
}

impl From<ListeningSocket> for OwnedFd {
    fn from(socket: ListeningSocket) -> Self {
        match socket.socket {
            Inherited::Tcp(socket) => socket.into(),
            Inherited::Unix(socket) => socket.into(),
        }
    }
}
