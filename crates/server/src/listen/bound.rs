//! A listening socket, which accepts connections and knows their protocol.
//!
//! # Why
//!
//! `TCP_NODELAY` and the backlog are set on the listening socket, and accepted sockets inherit them. That saves a
//! system call a connection.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::Arc;

use mailchute_proto::Protocol;
use tokio::net::{TcpListener, TcpSocket, UnixListener, lookup_host};

use crate::listen::inherited::{Inherited, ListeningSocket};
use crate::listen::listener::{Address, Listener};
use crate::listen::unix::{BoundFile, SocketFile};
use crate::net::arrival::{Arrival, Entrance, Service};
use crate::net::endpoint::Endpoint;
use crate::net::io::Io;
use crate::net::peer::Peer;
use crate::runtime::listener_counts::ListenerCounts;

/// A listening socket.
#[derive(Debug)]
pub(crate) struct BoundListener {
    socket: Socket,
    service: Service,
    endpoint: Endpoint,
    /// The listener as its sessions know it.
    entrance: Arc<Entrance>,
    /// The address of the server's end of each connection, if all have the same.
    local: Option<SocketAddr>,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix {
        /// Removed before the socket is closed. After that, the file could already be that of the next
        /// server, with the same number.
        file: Option<Arc<BoundFile>>,
        socket: UnixListener,
    },
}

/// Connections that may wait to be accepted; the kernel caps it at `net.core.somaxconn`.
const BACKLOG: u32 = 4_096;

/// The port at which LMTP must not be spoken (RFC 2033 §5), since a client there takes it for SMTP.
const SMTP_PORT: u16 = 25;

impl BoundListener {
    /// Listens on the first of several addresses that can be listened on.
    pub(crate) async fn bind(listener: Listener) -> io::Result<Self> {
        let Listener { address, service, mode, name } = listener;
        if mode.is_some() && !matches!(address, Address::Unix(_)) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "{address}: only the file of a Unix socket that is opened here has a mode; leave .mode(…) out, or \
                     write Listener::unix(path).mode(…)"
                ),
            ));
        }
        let given = address.to_string();
        let (socket, endpoint) = match address {
            Address::Tcp(addresses) => first(&given, addresses, service)?,
            Address::Text(text) => first(&given, look_up(&given, lookup_host(text).await)?, service)?,
            Address::Host(name, port) => {
                first(&given, look_up(&given, lookup_host((name, port)).await)?, service)?
            }
            Address::Unix(path) => {
                let (socket, bound) = SocketFile::new(&path, mode).listen(BACKLOG).await?;
                (Socket::Unix { file: Some(Arc::new(bound)), socket }, Endpoint::Unix(path))
            }
            Address::Inherited(inherited) => inherit(inherited, service)?,
        };
        let name = name.unwrap_or_else(|| endpoint.to_string().into());
        let entrance =
            Arc::new(Entrance { name, endpoint: Some(endpoint.clone()), counts: ListenerCounts::default() });
        let local = match endpoint {
            Endpoint::Tcp(address) if !address.ip().is_unspecified() => Some(address),
            _ => None,
        };
        Ok(Self { socket, service, endpoint, entrance, local })
    }

    /// Duplicates the socket.
    pub(crate) fn share(&self) -> io::Result<ListeningSocket> {
        let (socket, file) = match &self.socket {
            Socket::Tcp(socket) => (Inherited::Tcp(duplicate(socket.as_fd())?.into()), None),
            Socket::Unix { file, socket } => {
                (Inherited::Unix(duplicate(socket.as_fd())?.into()), file.clone())
            }
        };
        Ok(ListeningSocket { socket, endpoint: self.endpoint.clone(), file })
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.entrance.name
    }

    pub(crate) fn entrance(&self) -> &Arc<Entrance> {
        &self.entrance
    }

    /// Takes the next connection.
    pub(crate) async fn next(&self) -> io::Result<(Box<dyn Io>, Arrival)> {
        let (stream, origin, local): (Box<dyn Io>, _, _) = match &self.socket {
            Socket::Tcp(socket) => {
                let (stream, client) = socket.accept().await?;
                // Only a socket of all addresses needs to ask the kernel.
                let local = self.local.or_else(|| stream.local_addr().ok());
                (Box::new(stream), Peer::Network(client), local)
            }
            Socket::Unix { socket, .. } => {
                let (stream, _) = socket.accept().await?;
                (Box::new(stream), Peer::UnixSocket, None)
            }
        };
        let entrance = Some(Arc::clone(&self.entrance));
        Ok((stream, Arrival { origin, service: self.service, entrance, local, queued: None }))
    }
}

/// Listens on the first address that can be listened on.
fn first(
    given: &str,
    addresses: impl IntoIterator<Item = SocketAddr>,
    service: Service,
) -> io::Result<(Socket, Endpoint)> {
    let mut failure = None;
    for address in addresses {
        not_lmtp_at_the_port_of_smtp(address, service)?;
        match bind(address) {
            Ok(socket) => {
                let endpoint = Endpoint::Tcp(socket.local_addr()?);
                return Ok((Socket::Tcp(socket), endpoint));
            }
            Err(error) => failure = Some(io::Error::new(error.kind(), format!("{address}: {error}"))),
        }
    }
    Err(failure
        .unwrap_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, format!("{given}: no address"))))
}

fn inherit(inherited: ListeningSocket, service: Service) -> io::Result<(Socket, Endpoint)> {
    let ListeningSocket { socket, endpoint, file } = inherited;
    if let Endpoint::Tcp(address) = endpoint {
        not_lmtp_at_the_port_of_smtp(address, service)?;
    }
    let socket = match socket {
        Inherited::Tcp(socket) => Socket::Tcp(TcpListener::from_std(socket)?),
        Inherited::Unix(socket) => Socket::Unix { file, socket: UnixListener::from_std(socket)? },
    };
    Ok((socket, endpoint))
}

/// Adds the text that was given to the error, since the resolver does not name it.
fn look_up<T>(given: &str, found: io::Result<T>) -> io::Result<T> {
    found.map_err(|error| {
        let text = match error.kind() {
            io::ErrorKind::InvalidInput => {
                format!("{given}: {error}; write ADDRESS:PORT, such as 127.0.0.1:2525 or [::1]:2525")
            }
            _ => format!("{given}: {error}"),
        };
        io::Error::new(error.kind(), text)
    })
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
    // A restart need not wait until the connections of the last run are gone.
    socket.set_reuseaddr(true)?;
    // Accepted connections inherit it, which saves a system call for each.
    socket.set_nodelay(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
