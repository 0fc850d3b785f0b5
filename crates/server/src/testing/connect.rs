//! Connections in memory.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use mailchute_proto::Protocol;

use super::client::Client;
use super::tls::TlsBuilder;
use crate::driver::handshake::Assumed;
use crate::net::arrival::Arrival;
use crate::net::peer::Peer;
use crate::net::queued::Queued;
use crate::server::Server;

/// Bytes that may be on their way in each direction.
const PIPE: usize = 64 * 1024;

/// The address of clients unless a test sets another.
pub(super) const CLIENT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 49_152);

/// Connects a client to `server` in memory, without a socket.
///
/// # Examples
/// ```
/// use mailchute::{Refusal, Server, testing};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), mailchute::BuildError> {
/// let server = Server::builder()
///     .on_connect(|session| async move {
///         if session.listener() == Some("internal") && !session.client_ip().is_loopback() {
///             return Err(Refusal::new(554, (5, 7, 1), "Not from outside"));
///         }
///         Ok(())
///     })
///     .store(testing::Inbox::new())
///     .build()?;
///
/// let mut outside = testing::connect(&server).from(([192, 0, 2, 1], 40_000).into()).listener("internal").open();
/// outside.greeting().await.expect(554);
/// let mut inside = testing::connect(&server).listener("internal").open();
/// inside.ready().await.expect(250);
/// # Ok(())
/// # }
/// ```
pub fn connect(server: &Server) -> Connect {
    Connect { server: server.clone(), arrival: Arrival::new(CLIENT), assumed: Assumed::default() }
}

/// Describes a connection in memory: see [`connect`].
#[derive(Debug, Clone)]
#[must_use = "it does not connect until it is opened"]
pub struct Connect {
    server: Server,
    arrival: Arrival,
    assumed: Assumed,
}

impl Connect {
    /// Sets the address of the client. Default is a port of 127.0.0.1.
    pub fn from(mut self, client: SocketAddr) -> Self {
        self.arrival.origin = Peer::Network(client);
        self
    }

    /// Sets the name that [`Session::listener`](crate::Session::listener) tells. Default is none.
    pub fn listener(mut self, name: &str) -> Self {
        self.arrival = self.arrival.listener(name);
        self
    }

    /// Speaks LMTP. After the content of a message there is a reply for each recipient. [`Client::command`]
    /// reads the first, and [`Client::read_reply`] the others.
    ///
    /// ```
    /// use mailchute::{Server, testing};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), mailchute::BuildError> {
    /// let server = Server::builder().store(testing::Inbox::new()).build()?;
    /// let mut client = testing::connect(&server).lmtp().open();
    /// client.greeting().await.expect(220);
    /// client.command("LHLO client.example").await.expect(250);
    /// # Ok(())
    /// # }
    /// ```
    pub fn lmtp(mut self) -> Self {
        self.arrival = self.arrival.lmtp();
        self
    }

    /// Brings a message of a queue: see [`Arrival::queued`](crate::listen::Arrival::queued). Default is none.
    pub fn queued(mut self, message: Queued) -> Self {
        self.arrival = self.arrival.queued(message);
        self
    }

    /// Begins the connection inside TLS, as on a listener with implicit TLS. There is no handshake, so the
    /// server needs no certificate: hooks, log and events get these facts. By default it is in the clear.
    ///
    /// To test the handshake itself, use [`listen`](super::listen) and a client that speaks TLS.
    ///
    /// ```
    /// use mailchute::tls::TlsVersion;
    /// use mailchute::{Server, Verdict, testing};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), mailchute::BuildError> {
    /// let server = Server::builder()
    ///     .on_secure(|tls, _session| async move { Verdict::accept_if(tls.version >= TlsVersion::Tls1_3) })
    ///     .store(testing::Inbox::new())
    ///     .build()?;
    /// let mut old = testing::connect(&server).tls(testing::tls().version(TlsVersion::Tls1_2)).open();
    /// old.greeting().await.expect(421);
    /// let mut new = testing::connect(&server).tls(testing::tls()).open();
    /// new.ready().await.expect(250);
    /// # Ok(())
    /// # }
    /// ```
    pub fn tls(mut self, tls: TlsBuilder) -> Self {
        self.arrival = self.arrival.implicit_tls();
        self.assumed.tls = Some(Arc::new(tls.build()));
        self
    }

    /// Has the client authenticated as this user from the beginning. Neither authenticators nor the hooks of
    /// [`authenticated`](crate::Hooks::authenticated) are asked, and STARTTLS forgets the user, as it forgets a login.
    /// Default is not.
    ///
    /// ```
    /// use mailchute::{Check, Server, testing};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), mailchute::BuildError> {
    /// let server = Server::builder()
    ///     .allow_plaintext_auth()
    ///     .require_auth()
    ///     .on_auth(|_credentials, _session| async move { Check::Wrong }) // nobody knows the password
    ///     .store(testing::Inbox::new())
    ///     .build()?;
    /// let mut alice = testing::connect(&server).identity("alice").open();
    /// alice.ready().await.expect(250);
    /// alice.command("MAIL FROM:<alice@example.com>").await.expect(250);
    /// # Ok(())
    /// # }
    /// ```
    pub fn identity(mut self, identity: impl Into<Arc<str>>) -> Self {
        self.assumed.identity = Some(identity.into());
        self
    }

    /// Connects. The session runs in its own task.
    ///
    /// # Panics
    /// Panics outside a tokio runtime.
    #[must_use]
    pub fn open(self) -> Client {
        let (ours, theirs) = tokio::io::duplex(PIPE);
        let is_lmtp = self.arrival.service.protocol == Protocol::Lmtp;
        let Self { server, arrival, assumed } = self;
        tokio::spawn(async move { server.shared().serve(Box::new(theirs), arrival, assumed).await });
        Client::new(ours, is_lmtp)
    }
}
