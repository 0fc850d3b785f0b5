//! The builder: all options of a server, checked together.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mailchute_proto::{AuthPolicy, Limits, Mechanism, PlaintextAuth, Settings, TlsPolicy, Verb};

use crate::connections::Connections;
use crate::core::Core;
use crate::error::BuildError;
use crate::event::Subscribers;
use crate::hooks::{Chain, Hooks, Stage};
use crate::server::Server;
use crate::store::Store;
use crate::timeouts::Timeouts;
use crate::tls::{TlsConfig, TlsError};

/// Options and hooks of a [`Server`], made by [`Server::builder`].
///
/// # Examples
/// ```
/// use mailchute::Server;
///
/// let server = Server::builder()
///     .greeting("mx.example.com")
///     .max_message_size(10 * 1024 * 1024)
///     .on_rcpt_to(|to, _session| async move { to.domain_is("example.com") })
///     .on_data(|mut message, _session| async move { message.bytes().await.map(drop).map_err(Into::into) })
///     .build()?;
/// # Ok::<(), mailchute::BuildError>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct Builder {
    greeting: Option<String>,
    limits: Limits,
    max_connections: Option<usize>,
    max_connections_per_client: usize,
    timeouts: Timeouts,
    tls: Option<TlsConfig>,
    requires_tls: bool,
    mechanisms: Vec<Mechanism>,
    plaintext_auth: PlaintextAuth,
    auth: AuthPolicy,
    verbs: Vec<String>,
    chain: Chain,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            greeting: None,
            limits: Limits::default(),
            max_connections: None,
            max_connections_per_client: 50,
            timeouts: Timeouts::default(),
            tls: None,
            requires_tls: false,
            mechanisms: vec![Mechanism::Plain, Mechanism::Login],
            plaintext_auth: PlaintextAuth::default(),
            auth: AuthPolicy::default(),
            verbs: Vec::new(),
            chain: Chain::default(),
        }
    }
}

/// Hooks and the store.
impl Builder {
    /// Adds a hook for all stages, asked behind those that were added before.
    pub fn hooks(self, hooks: impl Hooks) -> Self {
        self.hook(None, hooks)
    }

    /// Keeps accepted messages in `store`, which is asked behind all data hooks. A second store takes the place
    /// of the first.
    pub fn store(mut self, store: impl Store) -> Self {
        self.chain.keep_in(Arc::new(store));
        self
    }

    pub(crate) fn hook(mut self, stage: Option<Stage>, hooks: impl Hooks) -> Self {
        self.chain.push(stage, hooks);
        self
    }

    pub(crate) fn verb(mut self, verb: &str) -> Self {
        self.verbs.push(verb.to_owned());
        self
    }
}

/// Name and TLS.
impl Builder {
    /// The name by which the server greets and answers EHLO: a domain, as clients know it. Default is the host's
    /// name.
    pub fn greeting(mut self, name: impl Into<String>) -> Self {
        self.greeting = Some(name.into());
        self
    }

    /// Offers STARTTLS (RFC 3207), and serves [implicit TLS](crate::Serving::and_listen_tls), with this
    /// certificate. Default is no TLS.
    pub fn tls(mut self, config: TlsConfig) -> Self {
        self.tls = Some(config);
        self
    }

    /// As [`tls`](Self::tls), with a certificate chain and a private key read from PEM files.
    ///
    /// # Errors
    /// [`TlsError`] names the file and the mistake.
    pub fn tls_pem_files(
        self,
        certificate: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> Result<Self, TlsError> {
        Ok(self.tls(TlsConfig::from_pem_files(certificate, key)?))
    }

    /// Answers `530 5.7.0` to all mail until the client has said STARTTLS. Default is that TLS is offered, not
    /// required: RFC 3207 §4 forbids to require it of a server that takes mail from the whole Internet.
    pub fn require_tls(mut self) -> Self {
        self.requires_tls = true;
        self
    }
}

/// Authentication, offered as soon as a hook judges credentials.
impl Builder {
    /// The mechanisms on offer. Default is PLAIN and LOGIN.
    pub fn mechanisms(mut self, mechanisms: impl IntoIterator<Item = Mechanism>) -> Self {
        self.mechanisms = mechanisms.into_iter().collect();
        self
    }

    /// Lets passwords travel in the clear, outside TLS, where anybody on the way can read them. Default is that
    /// mechanisms which send the password are offered inside TLS only.
    pub fn allow_plaintext_auth(mut self) -> Self {
        self.plaintext_auth = PlaintextAuth::Anywhere;
        self
    }

    /// Answers `530 5.7.0` to MAIL before a successful AUTH. Default is that mail is taken from everybody.
    pub fn require_auth(mut self) -> Self {
        self.auth = AuthPolicy::Required;
        self
    }
}

/// Limits. 0 switches one off where that is said.
impl Builder {
    /// Octets of a message, announced by SIZE (RFC 1870). Default is 26,214,400 (25 MiB); 0 is no limit.
    pub fn max_message_size(mut self, octets: u64) -> Self {
        self.limits.message_size = octets;
        self
    }

    /// Recipients of a message. Default is 1,000; at least 100 (RFC 5321 §4.5.3.1.8).
    pub fn max_recipients(mut self, recipients: usize) -> Self {
        self.limits.recipients = recipients;
        self
    }

    /// Transactions of a session. Default is 1,000; 0 is no limit.
    pub fn max_transactions(mut self, transactions: u32) -> Self {
        self.limits.transactions = transactions;
        self
    }

    /// Refused commands since the last accepted message at which a session ends. From half as many on, each
    /// further refusal is held back for a second. Default is 20; 0 is no limit.
    pub fn max_errors(mut self, errors: u32) -> Self {
        self.limits.errors = errors;
        self.limits.errors_before_delay = errors.div_ceil(2);
        self
    }

    /// Wrong passwords at which a session ends. Default is 3; 0 is no limit.
    pub fn max_auth_failures(mut self, failures: u32) -> Self {
        self.limits.auth_failures = failures;
        self
    }

    /// `Received:` fields of a message, against mail loops. Default is 100; 0 is no limit.
    pub fn max_received_headers(mut self, fields: u32) -> Self {
        self.limits.received_headers = fields;
        self
    }

    /// Octets of a message's header block. Default is 1,048,576; 0 is no limit.
    pub fn max_header_size(mut self, octets: u64) -> Self {
        self.limits.header_size = octets;
        self
    }

    /// Fields of a message's header block. Default is 1,000; 0 is no limit.
    pub fn max_header_fields(mut self, fields: u32) -> Self {
        self.limits.header_fields = fields;
        self
    }

    /// Octets of a command line with its CRLF. Default is 2,048; at least 512 (RFC 5321 §4.5.3.1.4) and less than
    /// 65,536.
    pub fn max_command_line(mut self, octets: usize) -> Self {
        self.limits.command_line = octets;
        self
    }

    /// Connections at a time. Default is 8,192 or half of the files that the process may open, whichever is
    /// less; 0 is no limit. Who comes when all places are taken is answered `421 4.3.2`.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = Some(connections);
        self
    }

    /// Connections of one client at a time; an IPv6 network of 64 bits is one client. Default is 50; 0 is no
    /// limit.
    pub fn max_connections_per_client(mut self, connections: usize) -> Self {
        self.max_connections_per_client = connections;
        self
    }
}

/// Timeouts; none may be zero.
impl Builder {
    /// For the client's next command. Default is 300 s.
    pub fn command_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.command = timeout;
        self
    }

    /// For the next octets of a message. Default is 180 s.
    pub fn data_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.data = timeout;
        self
    }

    /// For a TLS handshake. Default is 30 s.
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.handshake = timeout;
        self
    }

    /// For all hooks of one stage; past it the answer is `451 4.3.0`. Default is 300 s.
    pub fn hook_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.hook = timeout;
        self
    }

    /// For the store, and the data hooks, from the end of a message on; past it the answer is `451 4.3.0`.
    /// Default is 300 s.
    pub fn store_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.store = timeout;
        self
    }

    /// For a whole session, looked at between transactions. Default is an hour.
    pub fn session_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.session = timeout;
        self
    }
}

impl Builder {
    /// Checks all options and builds the server.
    ///
    /// # Errors
    /// [`BuildError`] says which option is wrong and what to write instead; among others when messages would
    /// end nowhere, because there is neither a data hook nor a store.
    ///
    /// ```
    /// use mailchute::Server;
    ///
    /// let error = Server::builder().build().unwrap_err();
    /// assert!(error.to_string().starts_with("messages would be lost"));
    /// ```
    pub fn build(self) -> Result<Server, BuildError> {
        if !self.chain.has_destination() {
            return Err(BuildError::NoDestination);
        }
        let hostname = self.hostname()?;
        self.check_limits()?;
        self.check_timeouts()?;
        self.check_verbs()?;
        let judges = self.chain.is_asked(Stage::Auth);
        if self.auth == AuthPolicy::Required && !judges {
            return Err(BuildError::NobodyJudgesCredentials);
        }
        let tls = match (&self.tls, self.requires_tls) {
            (None, true) => return Err(BuildError::TlsWithoutCertificate),
            (None, false) => TlsPolicy::Off,
            (Some(_), true) => TlsPolicy::Required,
            (Some(_), false) => TlsPolicy::Offered,
        };
        let mut settings = Settings::new(hostname.clone());
        settings.limits = self.limits;
        settings.tls = tls;
        settings.mechanisms = if judges { self.mechanisms } else { Vec::new() };
        settings.plaintext_auth = self.plaintext_auth;
        settings.auth = self.auth;
        // HELP names the others anyway.
        settings.verbs =
            self.verbs.into_iter().filter(|verb| Verb::of(verb.as_bytes()) == Verb::Other).collect();
        let max_connections = self.max_connections.unwrap_or_else(default_max_connections);
        Ok(Server::new(Core {
            settings: Arc::new(settings),
            hostname: hostname.into(),
            timeouts: self.timeouts,
            chain: self.chain,
            tls: self.tls,
            subscribers: Arc::new(Subscribers::default()),
            connections: Arc::new(Connections::new(max_connections, self.max_connections_per_client)),
        }))
    }

    fn hostname(&self) -> Result<String, BuildError> {
        let (name, is_given) = match &self.greeting {
            Some(name) => (name.clone(), true),
            None => (gethostname::gethostname().to_string_lossy().into_owned(), false),
        };
        let is_literal = mailchute_proto::AddressLiteral::parse(&name).is_ok();
        let is_domain = mailchute_proto::Domain::parse(&name).is_ok() && name.is_ascii();
        if is_literal || is_domain {
            return Ok(name);
        }
        // A host whose name is no domain can still receive mail; an option that was written wrongly is refused.
        if is_given { Err(BuildError::BadGreeting(name)) } else { Ok("localhost".into()) }
    }

    fn check_limits(&self) -> Result<(), BuildError> {
        let limits = &self.limits;
        if limits.recipients < 100 {
            return Err(BuildError::limit(
                "max_recipients",
                limits.recipients,
                "100 or more (RFC 5321 §4.5.3.1.8)",
            ));
        }
        if !(512..65_536).contains(&limits.command_line) {
            return Err(BuildError::limit(
                "max_command_line",
                limits.command_line,
                "512 to 65,535 (RFC 5321 §4.5.3.1.4)",
            ));
        }
        Ok(())
    }

    fn check_timeouts(&self) -> Result<(), BuildError> {
        let Timeouts { command, data, handshake, hook, store, session } = self.timeouts;
        let named = [
            ("command_timeout", command),
            ("data_timeout", data),
            ("handshake_timeout", handshake),
            ("hook_timeout", hook),
            ("store_timeout", store),
            ("session_timeout", session),
        ];
        match named.into_iter().find(|(_, timeout)| timeout.is_zero() || *timeout > MAX_TIMEOUT) {
            Some((option, timeout)) => Err(BuildError::BadTimeout { option, timeout }),
            None => Ok(()),
        }
    }

    fn check_verbs(&self) -> Result<(), BuildError> {
        for verb in &self.verbs {
            let is_word = (1..=32).contains(&verb.len())
                && verb.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
            let is_free = matches!(
                Verb::of(verb.as_bytes()),
                Verb::Other | Verb::Noop | Verb::Rset | Verb::Vrfy | Verb::Expn | Verb::Help
            );
            if !(is_word && is_free) {
                return Err(BuildError::BadVerb(verb.clone()));
            }
        }
        Ok(())
    }
}

/// A year: beyond it a timeout is a slip of the pen, and sums of times could overflow.
const MAX_TIMEOUT: Duration = Duration::from_secs(366 * 24 * 3_600);

/// Each connection is a file, and so is each message that a store writes meanwhile.
fn default_max_connections() -> usize {
    const MOST: u64 = 8_192;
    let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(MOST.min(files / 2)).unwrap_or(usize::MAX)
}
