//! The session as hooks and events see it: a cheap handle.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use mailchute_proto::Mechanism;
use mailchute_proto::question::Ehlo;
use mailchute_proto::{
    Attribute, Envelope, HeloName, Protocol, Recipient, Sender, TypedState, XClient, XForward,
};

use crate::net::arrival::{Arrival, Entrance};
use crate::net::peer::Peer;
use crate::net::queued::Queued;
use crate::proxy::Header;
use crate::proxy::client::ProxiedClient;
use crate::session::beginning::Beginning;
use crate::session::facts::{Connection, Greeting, PerClient, SessionFacts, Transaction};
use crate::session::finding::Finding;
use crate::session::hang_up::HangUp;
use crate::session::id::SessionId;
use crate::session::interrupted::InterruptedHook;
use crate::session::phase_flag::PhaseFlag;
use crate::session::transmission_type::TransmissionType;
use crate::tls::TlsFacts;

/// One session: its client, the facts so far, and the state of the application.
///
/// It is a handle: clones are cheap and refer to the same session, even after its end.
#[derive(Clone)]
pub struct Session(pub(super) Arc<Inner>);

/// Receives the findings of a session as they are made.
pub(crate) trait HearFindings: Send + Sync {
    /// Tells a finding.
    fn found(&self, session: &Session, finding: &Finding);
}

/// For sessions whose findings nobody receives.
impl HearFindings for () {
    fn found(&self, _session: &Session, _finding: &Finding) {}
}

/// A handle that keeps nothing of its session.
pub(crate) struct WeakSession(Weak<Inner>);

pub(super) struct Inner {
    pub(super) id: SessionId,
    pub(super) began: Beginning,
    pub(super) hostname: Arc<str>,
    pub(super) origin: Peer,
    pub(super) entrance: Option<Arc<Entrance>>,
    pub(super) local: Option<SocketAddr>,
    pub(super) queued: Option<Arc<Queued>>,
    pub(super) protocol: Protocol,
    pub(super) phase_flag: PhaseFlag,
    pub(super) wire: Arc<dyn HangUp>,
    /// Weak, as events have sessions: they would keep their own subscribers.
    pub(super) hears_findings: Weak<dyn HearFindings>,
    pub(super) facts: Mutex<SessionFacts>,
    pub(super) state: TypedState,
    pub(super) transaction_state: TypedState,
}

impl Session {
    pub(crate) fn new(
        hostname: Arc<str>,
        arrival: Arrival,
        header: Option<Header>,
        wire: Arc<dyn HangUp>,
        hears_findings: Weak<dyn HearFindings>,
    ) -> Self {
        let Arrival { origin, service, entrance, local, queued } = arrival;
        let proxied = header.and_then(ProxiedClient::by_header);
        let connection = Connection { proxied, ..Connection::default() };
        Self(Arc::new(Inner {
            id: SessionId::next(),
            began: Beginning::now(),
            hostname,
            origin,
            entrance,
            local,
            queued,
            protocol: service.protocol,
            phase_flag: PhaseFlag::default(),
            wire,
            hears_findings,
            facts: Mutex::new(SessionFacts { connection, ..SessionFacts::default() }),
            state: TypedState::default(),
            transaction_state: TypedState::default(),
        }))
    }

    /// Remembers a hook that is dropped before its answer.
    pub(crate) fn interrupt(&self, hook: InterruptedHook) {
        self.facts().connection.interrupted = Some(Box::new(hook));
    }

    /// Returns the hook that was interrupted last, and forgets it.
    pub(crate) fn take_interrupted(&self) -> Option<Box<InterruptedHook>> {
        self.facts().connection.interrupted.take()
    }

    pub(super) fn facts(&self) -> MutexGuard<'_, SessionFacts> {
        // Each change is complete before anything can panic.
        self.0.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the identifier of the session in logs and headers.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.0.id
    }

    /// Returns the host name in the server's greeting.
    #[must_use]
    pub fn hostname(&self) -> &str {
        &self.0.hostname
    }

    /// Returns the address of the client. A trusted proxy tells it by a PROXY header or XCLIENT
    /// ([`Builder::proxy_from`](crate::Builder::proxy_from)); otherwise it is the address of the connection.
    ///
    /// An unknown port is 0, and an address that the proxy does not know is `0.0.0.0`. A client
    /// [over a Unix socket](Self::is_over_unix_socket) has no address: for it the address is `127.0.0.1:0`.
    #[must_use]
    pub fn client_addr(&self) -> SocketAddr {
        self.facts().connection.proxied.as_ref().map_or(self.0.origin.addr(), |client| client.address)
    }

    /// Returns the address of the other end of the connection: the client, or the proxy that speaks for it.
    #[must_use]
    pub fn peer_addr(&self) -> SocketAddr {
        self.0.origin.addr()
    }

    /// Returns the address that the client connected to, if a proxy has told it.
    #[must_use]
    pub fn destination_addr(&self) -> Option<SocketAddr> {
        self.facts().connection.proxied.as_ref()?.destination
    }

    /// Returns the client's host name, if a proxy has told it (`NAME` of XCLIENT). The proxy looked it up both ways.
    #[must_use]
    pub fn client_name(&self) -> Option<Arc<str>> {
        self.facts().connection.proxied.as_ref()?.name.clone()
    }

    /// Returns the unverified name of the client's address, if a proxy has told it (`REVERSE_NAME` of XCLIENT).
    #[must_use]
    pub fn client_reverse_name(&self) -> Option<Arc<str>> {
        self.facts().connection.proxied.as_ref()?.reverse_name.clone()
    }

    /// Returns the origin of this message, if a relay in front has told it by XFORWARD. It holds from XFORWARD, before
    /// MAIL, until the end of the transaction, RSET or EHLO.
    #[must_use]
    pub fn forwarded(&self) -> Option<Arc<XForward>> {
        self.facts().transaction.forwarded.clone()
    }

    /// Returns whether the client is a process of this host that has connected to a Unix socket.
    #[must_use]
    pub fn is_over_unix_socket(&self) -> bool {
        self.0.origin == Peer::UnixSocket
    }

    /// Returns the protocol: SMTP, or LMTP with its reply for each recipient.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.0.protocol
    }

    /// Returns the client, for logs.
    pub(crate) fn origin(&self) -> Peer {
        self.facts().connection.proxied.as_ref().map_or(self.0.origin, |client| Peer::Network(client.address))
    }

    /// Returns the client's address without its port. An IPv4 address that is mapped into IPv6 is returned as IPv4.
    #[must_use]
    pub fn client_ip(&self) -> IpAddr {
        self.client_addr().ip().to_canonical()
    }

    /// Returns the name in the client's last EHLO, HELO or LHLO.
    #[must_use]
    pub fn helo_name(&self) -> Option<HeloName> {
        self.facts().greeting.hello.as_ref().map(|hello| hello.name.clone())
    }

    /// Returns the transmission type so far, as `Received:` names it.
    #[must_use]
    pub fn transmission_type(&self) -> TransmissionType {
        let facts = self.facts();
        TransmissionType {
            protocol: self.0.protocol,
            is_extended: facts.greeting.hello.as_ref().is_some_and(|hello| hello.is_extended),
            is_utf8: facts
                .transaction
                .envelope
                .as_ref()
                .is_some_and(|envelope| envelope.sender.parameters().smtputf8),
            is_tls: facts.connection.tls.is_some(),
            is_authenticated: facts.greeting.identity.is_some(),
        }
    }

    /// Returns the facts of the TLS session, if there is one.
    #[must_use]
    pub fn tls(&self) -> Option<Arc<TlsFacts>> {
        self.facts().connection.tls.clone()
    }

    /// Returns the user, after a successful AUTH.
    #[must_use]
    pub fn identity(&self) -> Option<Arc<str>> {
        self.facts().greeting.identity.clone()
    }

    /// Returns the mechanism of the successful AUTH. It is not known of a user that was authenticated outside of the session.
    #[must_use]
    pub fn auth_mechanism(&self) -> Option<Mechanism> {
        self.facts().greeting.mechanism
    }

    /// Sets the user, if it is not the one that the credentials name. An
    /// [authenticator](crate::Authenticator) calls it before it returns [`Right`](crate::Check::Right).
    ///
    /// The user becomes the [`identity`](Self::identity) when AUTH succeeds, and is forgotten otherwise. In
    /// other hooks the call does nothing. Use it for tokens that name their user, and for users with several
    /// names.
    pub fn identify(&self, identity: impl Into<Arc<str>>) {
        self.facts().greeting.identified = Some(identity.into());
    }

    /// Returns the number of messages that were accepted in this session.
    #[must_use]
    pub fn messages(&self) -> u32 {
        self.facts().connection.messages
    }

    /// Returns the application's state, which lasts as long as the client is the same. It ends with the
    /// connection, or when XCLIENT names another client. The connect hooks are asked about that client, and
    /// find the state empty.
    #[must_use]
    pub fn state(&self) -> &TypedState {
        &self.0.state
    }

    /// Returns the application's state for the transaction. It ends with the message, at RSET and at EHLO.
    #[must_use]
    pub fn transaction_state(&self) -> &TypedState {
        &self.0.transaction_state
    }
}

impl Session {
    /// Returns the bytes of memory that a handle keeps after the end of the session.
    pub(crate) fn held_bytes(&self) -> usize {
        let facts = self.facts();
        let hello = facts.greeting.hello.as_ref().map_or(0, |hello| hello.name.held_bytes());
        let certificate = facts.connection.tls.as_ref().and_then(|tls| tls.client.as_ref());
        let certificate = certificate.map_or(0, |client| size_of_val(&**client) + client.held_bytes());
        let findings: usize =
            facts.client.findings.iter().map(|finding| size_of::<Finding>() + finding.held_bytes()).sum();
        size_of::<Inner>() + size_of::<TlsFacts>() + hello + certificate + findings
    }
}

impl WeakSession {
    pub(crate) fn upgrade(&self) -> Option<Session> {
        self.0.upgrade().map(Session)
    }
}

impl fmt::Debug for WeakSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakSession")
    }
}

/// Changes that the driver reports.
impl Session {
    pub(crate) fn downgrade(&self) -> WeakSession {
        WeakSession(Arc::downgrade(&self.0))
    }

    /// Records an accepted EHLO, HELO or LHLO. Like RSET, it ends the transaction.
    pub(crate) fn set_helo(&self, hello: Ehlo) {
        let mut facts = self.facts();
        facts.greeting.hello = Some(hello);
        facts.transaction = Transaction::default();
    }

    /// Begins the session of another client, as its proxy has named it.
    pub(crate) fn apply_xclient(&self, named: &XClient) {
        self.begin_greeting(Greeting {
            hello: named.hello(),
            identity: named.login.as_ref().and_then(Attribute::known).map(|login| login.as_str().into()),
            identified: None,
            mechanism: None,
        });
        self.0.state.clear();
        let mut facts = self.facts();
        facts.client = PerClient::default();
        let proxy = self.0.origin.addr();
        facts.connection.proxied.get_or_insert_with(|| Box::new(ProxiedClient::of(proxy))).update(named);
    }

    pub(crate) fn apply_xforward(&self, named: &XForward) {
        let mut facts = self.facts();
        Arc::make_mut(facts.transaction.forwarded.get_or_insert_default()).update(named.clone());
    }

    /// Begins again inside TLS, and forgets what was said in the clear (RFC 3207 §4.2).
    pub(crate) fn secured(&self, tls: Arc<TlsFacts>) {
        self.begin_greeting(Greeting::default());
        self.facts().connection.tls = Some(tls);
    }

    fn begin_greeting(&self, greeting: Greeting) {
        let mut facts = self.facts();
        facts.greeting = greeting;
        facts.transaction = Transaction::default();
        drop(facts);
        self.0.transaction_state.clear();
    }

    /// Returns the user that an authenticator has set for the credentials.
    pub(crate) fn identified(&self) -> Option<Arc<str>> {
        self.facts().greeting.identified.clone()
    }

    /// Begins to judge credentials, and forgets the user that an authenticator has set for others.
    pub(crate) fn forget_identified(&self) {
        self.facts().greeting.identified = None;
    }

    /// Records the outcome of AUTH. `identity` is that of the credentials if they were right.
    pub(crate) fn authenticated(&self, identity: Option<&str>, mechanism: Option<Mechanism>) {
        let mut facts = self.facts();
        facts.greeting.mechanism = mechanism.filter(|_| identity.is_some());
        let identified = facts.greeting.identified.take();
        facts.greeting.identity = identity.map(|identity| identified.unwrap_or_else(|| identity.into()));
    }

    pub(crate) fn begin_transaction(&self, sender: Sender) {
        self.facts().transaction.envelope = Some(Arc::new(Envelope::new(sender)));
    }

    pub(crate) fn add_recipient(&self, recipient: Recipient) {
        if let Some(envelope) = &mut self.facts().transaction.envelope {
            // Copies only while a clone of an earlier envelope exists.
            Arc::make_mut(envelope).recipients.push(recipient);
        }
    }

    /// Ends the transaction. `keeps_xforward` is for a transaction that has not begun.
    pub(crate) fn end_transaction(&self, keeps_xforward: bool) {
        let mut facts = self.facts();
        let forwarded = facts.transaction.forwarded.take().filter(|_| keeps_xforward);
        facts.transaction = Transaction { forwarded, ..Transaction::default() };
        drop(facts);
        self.0.phase_flag.end_message();
        self.0.transaction_state.clear();
    }

    pub(crate) fn accepted_message(&self) {
        self.facts().connection.messages += 1;
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("id", &format_args!("{}", self.id()))
            .field("client", &self.client_addr())
            .finish_non_exhaustive()
    }
}
