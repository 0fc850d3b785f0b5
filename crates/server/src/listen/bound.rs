//! A listener: where connections come in, and what is spoken there.
//!
//! # Why
//!
//! `TCP_NODELAY` and the backlog are set on the listening socket, and accepted sockets inherit them. That saves a
//! system call a connection.

use std::fmt::Debug;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::Arc;

use mailchute_proto::Protocol;
use tokio::net::{TcpListener, TcpSocket, ToSocketAddrs, UnixListener, lookup_host};

use crate::listen::inherited::{Inherited, ListeningSocket};
use crate::listen::unix::{BoundFile, SocketFile};
use crate::net::arrival::{Arrival, Service};
use crate::net::endpoint::Endpoint;
use crate::net::io::Io;
use crate::net::peer::Peer;

/// A listening socket.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: Socket,
    service: Service,
    endpoint: Arc<Endpoint>,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix {
        /// Removed before the socket is closed: behind it the file could be that of the next server already, with the
        /// same number.
        file: Option<Arc<BoundFile>>,
        socket: UnixListener,
    },
}

/// Connections that may wait to be accepted; the kernel caps it at `net.core.somaxconn`.
const BACKLOG: u32 = 4_096;

/// Where LMTP must not be spoken (RFC 2033 §5): a client there takes it for SMTP.
const SMTP_PORT: u16 = 25;

impl Listener {
    /// Listens on the first address of a name that can be listened on.
    pub(crate) async fn tcp(address: impl ToSocketAddrs + Debug, service: Service) -> io::Result<Self> {
        let given = format!("{address:?}");
        let mut failure = None;
        for address in lookup_host(address).await.map_err(|error| no_address(&given, &error))? {
            not_lmtp_at_the_port_of_smtp(address, service)?;
            match bind(address) {
                Ok(socket) => {
                    let endpoint = Arc::new(Endpoint::Tcp(socket.local_addr()?));
                    return Ok(Self { socket: Socket::Tcp(socket), service, endpoint });
                }
                Err(error) => failure = Some(io::Error::new(error.kind(), format!("{address}: {error}"))),
            }
        }
        Err(failure
            .unwrap_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, format!("{given}: no address"))))
    }

    pub(crate) async fn unix(file: &SocketFile, service: Service) -> io::Result<Self> {
        let (socket, bound) = file.listen(BACKLOG).await?;
        let endpoint = Arc::new(Endpoint::Unix(file.path().to_owned()));
        Ok(Self { socket: Socket::Unix { file: Some(Arc::new(bound)), socket }, service, endpoint })
    }

    /// Takes a socket that listens already.
    pub(crate) fn taken(taken: ListeningSocket, service: Service) -> io::Result<Self> {
        let ListeningSocket { socket, endpoint, file } = taken;
        if let Endpoint::Tcp(address) = endpoint {
            not_lmtp_at_the_port_of_smtp(address, service)?;
        }
        let socket = match socket {
            Inherited::Tcp(socket) => Socket::Tcp(TcpListener::from_std(socket)?),
            Inherited::Unix(socket) => Socket::Unix { file, socket: UnixListener::from_std(socket)? },
        };
        Ok(Self { socket, service, endpoint: Arc::new(endpoint) })
    }

    /// The same socket once more.
    pub(crate) fn share(&self) -> io::Result<ListeningSocket> {
        let (socket, file) = match &self.socket {
            Socket::Tcp(socket) => (Inherited::Tcp(duplicate(socket.as_fd())?.into()), None),
            Socket::Unix { file, socket } => {
                (Inherited::Unix(duplicate(socket.as_fd())?.into()), file.clone())
            }
        };
        Ok(ListeningSocket { socket, endpoint: Endpoint::clone(&self.endpoint), file })
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Takes the next connection.
    pub(crate) async fn next(&self) -> io::Result<(Box<dyn Io>, Arrival)> {
        let (stream, origin): (Box<dyn Io>, _) = match &self.socket {
            Socket::Tcp(socket) => {
                let (stream, client) = socket.accept().await?;
                (Box::new(stream), Peer::Network(client))
            }
            Socket::Unix { socket, .. } => {
                let (stream, _) = socket.accept().await?;
                (Box::new(stream), Peer::UnixSocket)
            }
        };
        let listener = Some(Arc::clone(&self.endpoint));
        Ok((stream, Arrival { origin, service: self.service, listener }))
    }
}

/// Says what was given: what looks it up does not.
fn no_address(given: &str, error: &io::Error) -> io::Error {
    let text = match error.kind() {
        io::ErrorKind::InvalidInput => {
            format!("{given}: {error}; write ADDRESS:PORT, such as 127.0.0.1:2525 or [::1]:2525")
        }
        _ => format!("{given}: {error}"),
    };
    io::Error::new(error.kind(), text)
}

fn not_lmtp_at_the_port_of_smtp(address: SocketAddr, service: Service) -> io::Result<()> {
    if service.protocol == Protocol::Lmtp && address.port() == SMTP_PORT {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "{address}: port 25 is for SMTP; for LMTP write another port, such as 24, or a Unix socket"
            ),
        ));
    }
    Ok(())
}

fn duplicate(socket: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    socket.try_clone_to_owned()
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restart need not wait for the last run's connections to fade.
    socket.set_reuseaddr(true)?;
    // Accepted connections inherit it, which spares a system call for each.
    socket.set_nodelay(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
