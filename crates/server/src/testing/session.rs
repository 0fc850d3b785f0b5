//! Sessions without a server.

use std::net::SocketAddr;
use std::sync::{Arc, Weak};

use mailchute_proto::{AddressError, ForwardPath, Recipient, ReversePath, Sender};

use super::connect::CLIENT;
use super::tls::TlsBuilder;
use crate::connection::shutdown_signal::ShutdownSignal;
use crate::net::arrival::Arrival;
use crate::net::peer::Peer;
use crate::net::queued::Queued;
use crate::session::Session;

/// Makes a session without a server, so that a test can call a hook, filter or store directly.
///
/// All settings are optional. By default the client comes from 127.0.0.1 and has said nothing, and the server
/// is `mx.example.com`.
///
/// # Examples
/// ```
/// use mailchute::{Answer, Hooks, Recipient, Refusal, Session, Verdict, testing};
///
/// struct NoRelaying;
///
/// impl Hooks for NoRelaying {
///     async fn rcpt_to(&self, to: &Recipient, session: &Session) -> Answer {
///         if to.domain_is("example.com") || session.identity().is_some() {
///             return Ok(Verdict::Accept);
///         }
///         Err(Refusal::new(550, (5, 7, 1), "Relaying denied"))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let to = testing::recipient("bob@elsewhere.example");
/// let unknown = testing::session().build();
/// assert_eq!(NoRelaying.rcpt_to(&to, &unknown).await.unwrap_err().code().get(), 550);
/// let alice = testing::session().from(([192, 0, 2, 1], 25).into()).identity("alice").build();
/// assert_eq!(NoRelaying.rcpt_to(&to, &alice).await, Ok(Verdict::Accept));
/// # }
/// ```
pub fn session() -> SessionBuilder {
    SessionBuilder {
        arrival: Arrival::new(CLIENT),
        hostname: "mx.example.com".into(),
        identity: None,
        tls: None,
        sender: None,
        recipients: Vec::new(),
    }
}

/// Describes a [`session`].
#[derive(Debug, Clone)]
#[must_use = "it does nothing until it is built"]
pub struct SessionBuilder {
    arrival: Arrival,
    hostname: Arc<str>,
    identity: Option<String>,
    tls: Option<TlsBuilder>,
    sender: Option<Sender>,
    recipients: Vec<Recipient>,
}

impl SessionBuilder {
    /// Sets the address of the client. Default is a port of 127.0.0.1.
    pub fn from(mut self, client: SocketAddr) -> Self {
        self.arrival.origin = Peer::Network(client);
        self
    }

    /// Sets the name of the listener that took the connection. Default is none.
    pub fn listener(mut self, name: &str) -> Self {
        self.arrival = self.arrival.listener(name);
        self
    }

    /// Speaks LMTP, where recipients are refused one by one. Default is SMTP.
    ///
    /// ```
    /// use mailchute::testing;
    /// use mailchute::session::Protocol;
    ///
    /// let session = testing::session().lmtp().listener("delivery").build();
    /// assert_eq!((session.protocol(), session.listener()), (Protocol::Lmtp, Some("delivery")));
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

    /// Sets the name of the server. Default is `mx.example.com`.
    pub fn hostname(mut self, name: impl Into<Arc<str>>) -> Self {
        self.hostname = name.into();
        self
    }

    /// Sets the user that the client has authenticated as. Default is none.
    pub fn identity(mut self, identity: impl Into<String>) -> Self {
        self.identity = Some(identity.into());
        self
    }

    /// Puts the session inside TLS. By default it is in the clear.
    ///
    /// ```
    /// use mailchute::testing;
    ///
    /// let session = testing::session().tls(testing::tls().sni("mx.example.com")).build();
    /// assert_eq!(session.tls().and_then(|tls| tls.sni.clone()).as_deref(), Some("mx.example.com"));
    /// ```
    pub fn tls(mut self, tls: TlsBuilder) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Begins a transaction from this address, or from `""`, the null sender. Default is none.
    ///
    /// # Panics
    /// Panics if it is not an address.
    #[track_caller]
    pub fn sender(mut self, address: &str) -> Self {
        self.sender = Some(sender(address));
        self
    }

    /// Adds an accepted recipient. Without a [sender](Self::sender) the transaction is from the null sender.
    ///
    /// # Panics
    /// Panics if it is not an address.
    #[track_caller]
    pub fn recipient(mut self, address: &str) -> Self {
        self.recipients.push(recipient(address));
        self
    }

    /// Makes the session. Each call makes another one.
    #[must_use]
    pub fn build(&self) -> Session {
        // Nothing listens to the signal, so closing this session has no effect.
        let signal = Arc::new(ShutdownSignal::default());
        let session =
            Session::new(Arc::clone(&self.hostname), self.arrival.clone(), None, signal, Weak::<()>::new());
        if let Some(tls) = &self.tls {
            session.secured(Arc::new(tls.build()));
        }
        session.authenticated(self.identity.as_deref(), None);
        let has_transaction = self.sender.is_some() || !self.recipients.is_empty();
        if has_transaction {
            session.begin_transaction(self.sender.clone().unwrap_or_else(|| Sender::new(ReversePath::Null)));
        }
        for recipient in &self.recipients {
            session.add_recipient(recipient.clone());
        }
        session
    }
}

/// Makes a sender of an address without angle brackets; `""` is the null sender.
///
/// # Panics
/// Panics if it is not an address.
///
/// # Examples
/// ```
/// use mailchute::testing;
///
/// assert_eq!(testing::sender("alice@client.example").domain(), Some("client.example"));
/// assert!(testing::sender("").is_null());
/// ```
#[track_caller]
#[must_use]
pub fn sender(address: &str) -> Sender {
    Sender::new(whole("a sender", address, ReversePath::parse_argument(format!("<{address}>").as_bytes())))
}

/// Makes a recipient of an address without angle brackets.
///
/// # Panics
/// Panics if it is not an address.
///
/// # Examples
/// ```
/// use mailchute::testing;
///
/// assert!(testing::recipient("bob@example.com").is_local_to(["example.com"]));
/// assert!(testing::recipient("postmaster").is_postmaster());
/// ```
#[track_caller]
#[must_use]
pub fn recipient(address: &str) -> Recipient {
    Recipient::new(whole(
        "a recipient",
        address,
        ForwardPath::parse_argument(format!("<{address}>").as_bytes()),
    ))
}

/// Returns the path of an address, if nothing follows it.
#[track_caller]
fn whole<P>(what: &str, address: &str, parsed: Result<(P, &[u8]), AddressError>) -> P {
    match parsed {
        Ok((path, [])) => path,
        Ok(_) => panic!("{address:?} is not {what}"),
        Err(error) => panic!("{address:?} is not {what}: {error}"),
    }
}
