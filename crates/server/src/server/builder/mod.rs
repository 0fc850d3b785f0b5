//! The builder: all options of a server, checked together.

mod auth;
pub(crate) mod closures;
mod extensions;
pub(crate) mod install;
mod limits;
pub(crate) mod limits_by_name;
pub(crate) mod proxies;
pub(crate) mod reconfigure;
mod replies;
mod scope;
mod timeouts;
pub(crate) mod timeouts_by_name;
mod tls;

use std::sync::Arc;

use mailchute_proto::{AuthPolicy, Limits, Mechanism, PlaintextAuth, Settings, TlsPolicy, Verb};

use crate::connection::slots::Slots;
use crate::driver::decoys::ScramSecret;
use crate::driver::findings::Findings;
use crate::driver::shared::{SessionSettings, Shared};
use crate::events::stage::Stage;
use crate::events::subscribers::Subscribers;
use crate::hooks::measured::AllMeasured;
use crate::hooks::{Authenticator, Chain, Filter, Hooks, Named, ScramVerifiers, Store};
use crate::listen::names::ListenerNames;
use crate::proxy::trust::TrustedProxies;
use crate::runtime::timeouts::Timeouts;
use crate::runtime::yield_queue::YieldQueue;
use crate::server::Server;
use crate::server::build_error::BuildError;
use crate::tls::{PerListener, TlsConfig};
use limits_by_name::Limit;
pub(crate) use reconfigure::Successor;
use scope::Policy;

/// Options and hooks of a [`Server`]. Made by [`Server::builder`].
///
/// # Examples
/// ```
/// use mailchute::{Receipt, Server, Verdict};
///
/// let server = Server::builder()
///     .hostname("mx.example.com")
///     .max_message_size(10 * 1024 * 1024)
///     .on_rcpt_to(|to, _session| async move { Verdict::accept_if(to.is_local_to(["example.com"])) })
///     .on_store(|mut message, _session| async move {
///         let content = message.bytes().await?;
///         println!("{} bytes", content.len());
///         Ok(Receipt::new("Message accepted"))
///     })
///     .build()?;
/// # Ok::<(), mailchute::BuildError>(())
/// ```
#[derive(Debug, Default)]
#[must_use = "a builder does nothing until it is built"]
pub struct Builder {
    hostname: Option<String>,
    /// The session limits that were set, in this order.
    limits: Vec<(Limit, u64)>,
    max_connections: Option<usize>,
    max_connections_per_client: Option<usize>,
    proxies: TrustedProxies,
    timeouts: Timeouts,
    tls: Option<TlsConfig>,
    requires_tls: bool,
    mechanisms: Option<Vec<Mechanism>>,
    auth_external: bool,
    scram_secret: Option<Arc<ScramSecret>>,
    plaintext_auth: PlaintextAuth,
    requires_auth: bool,
    verbs: Vec<String>,
    extensions: extensions::Extensions,
    chain: Chain,
    policies: Vec<Policy>,
    /// An option within a policy that does not belong there.
    misplaced: Option<BuildError>,
}

impl Server {
    /// Returns a builder with all options at their defaults.
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl Builder {
    /// Adds hooks for all stages. They are asked after those that were added before; see
    /// [`Hooks`](crate::Hooks).
    pub fn hooks(self, hooks: impl Hooks) -> Self {
        self.hook(None, Named::by_type(hooks))
    }

    /// Adds an authenticator, and so offers AUTH; see [`Authenticator`](crate::Authenticator). Authenticators
    /// are asked in the order in which they were added.
    pub fn authenticator(self, authenticator: impl Authenticator) -> Self {
        self.add_authenticator(Named::by_type(authenticator))
    }

    /// Adds verifiers, and so offers SCRAM; see [`ScramVerifiers`](crate::ScramVerifiers). They are asked in
    /// the order in which they were added.
    pub fn scram_verifiers(self, verifiers: impl ScramVerifiers) -> Self {
        self.add_scram_verifiers(Named::by_type(verifiers))
    }

    /// Adds a filter. It reads messages after the filters that were added before, and before the store; see
    /// [`Filter`](crate::Filter).
    pub fn filter(self, filter: impl Filter) -> Self {
        self.add_filter(Named::by_type(filter))
    }

    /// Sets the store, which keeps accepted messages. It is asked after all filters; see
    /// [`Store`](crate::Store). A second store replaces the first.
    pub fn store(self, store: impl Store) -> Self {
        self.keep_in(Named::by_type(store))
    }

    pub(crate) fn hook(mut self, stage: Option<Stage>, hooks: Named<impl Hooks>) -> Self {
        self.chain.push(stage, hooks);
        self
    }

    fn add_authenticator(mut self, authenticator: Named<impl Authenticator>) -> Self {
        self.chain.push_authenticator(authenticator);
        self
    }

    fn add_scram_verifiers(mut self, verifiers: Named<impl ScramVerifiers>) -> Self {
        self.chain.push_scram_verifiers(verifiers);
        self
    }

    fn add_filter(mut self, filter: Named<impl Filter>) -> Self {
        self.chain.push_filter(filter);
        self
    }

    fn keep_in(mut self, store: Named<impl Store>) -> Self {
        self.chain.keep_in(store);
        self
    }

    pub(crate) fn verb(mut self, verb: &str) -> Self {
        self.verbs.push(verb.to_owned());
        self
    }
}

/// The host name.
impl Builder {
    /// Sets the host name of the server, a domain. It stands in the greeting, in the reply to EHLO and in
    /// `Received:`. Default is the host's name.
    pub fn hostname(mut self, name: impl Into<String>) -> Self {
        self.hostname = Some(name.into());
        self
    }
}

impl Builder {
    /// Checks all options and builds the server.
    ///
    /// # Errors
    /// [`BuildError`] says which option is wrong and what to write instead. A server without a store is such
    /// an error, since its messages would be lost.
    ///
    /// ```
    /// use mailchute::Server;
    ///
    /// let error = Server::builder().build().unwrap_err();
    /// assert!(error.to_string().starts_with("messages would be lost"));
    /// ```
    pub fn build(self) -> Result<Server, BuildError> {
        let (in_all, of_one_client) = self.connection_limits();
        let connections = Slots::new(in_all, of_one_client);
        let secret = self.scram_secret.clone().unwrap_or_default();
        let (tls, shared) =
            self.resolve(Arc::new(connections), Arc::default(), Arc::default(), Arc::default(), secret)?;
        Ok(Server::new(Shared { tls: PerListener::default().succeeded_by(tls), ..shared }))
    }

    /// Checks all options, and turns them into the successor of `before`.
    pub(crate) fn resolve_after(self, before: &Shared) -> Result<Successor, BuildError> {
        let limits = self.connection_limits();
        let secret = self.scram_secret.clone().unwrap_or_else(|| Arc::clone(&before.scram_secret));
        let (tls, shared) = self.resolve(
            Arc::clone(&before.connections),
            Arc::clone(&before.subscribers),
            Arc::clone(&before.yield_queue),
            Arc::clone(&before.listener_names),
            secret,
        )?;
        if let Some((name, names)) = shared.unknown_listener().filter(|_| !before.listener_names.are_none()) {
            return Err(BuildError::invalid(
                "on",
                format_args!("{name:?}"),
                format!("the name of a listener: {names}"),
            ));
        }
        if before.tls.would_lose(&tls) {
            return Err(BuildError::TlsRemoved);
        }
        // The counters go on.
        let mut shared = Shared {
            counters: Arc::clone(&before.counters),
            kinds: Arc::clone(&before.kinds),
            findings: Arc::clone(&before.findings),
            measured: Arc::clone(&before.measured),
            ..shared
        };
        shared.chain.go_on_counting(&shared.measured);
        Ok(Successor { shared, limits, tls, tls_in_force: before.tls.clone() })
    }

    /// Checks all options. Returns the certificates, and the rest of what all sessions share.
    fn resolve(
        mut self,
        connections: Arc<Slots>,
        subscribers: Arc<Subscribers>,
        yield_queue: Arc<YieldQueue>,
        listener_names: Arc<ListenerNames>,
        scram_secret: Arc<ScramSecret>,
    ) -> Result<(PerListener<TlsConfig>, Shared), BuildError> {
        if !self.chain.has_store() {
            return Err(BuildError::NoStore);
        }
        let hostname = self.checked_hostname()?;
        if let Some(error) = &self.misplaced {
            return Err(error.clone());
        }
        let limits = Self::checked_limits(&Limits::default(), &self.limits)?;
        self.check_timeouts()?;
        self.check_greeting_delay()?;
        self.check_verbs()?;
        let certificates = self.certificates();
        if self.auth_external && !certificates.iter().any(TlsConfig::may_ask_clients) {
            return Err(BuildError::NoClientCertificates);
        }
        let tls = Self::tls_policy(self.tls.is_some(), self.requires_tls)?;
        let mechanisms = self.offered_mechanisms(None, self.requires_auth, self.tls.as_ref())?;
        let mut settings = Settings::new(hostname.clone());
        settings.limits = limits;
        settings.tls = tls;
        settings.silence_before_greeting = !self.timeouts.greeting_delay.is_zero();
        settings.mechanisms = mechanisms;
        settings.plaintext_auth = self.plaintext_auth;
        settings.auth = auth_policy(self.requires_auth);
        // HELP names the standard verbs anyway.
        settings.verbs =
            self.verbs.iter().filter(|verb| Verb::of(verb.as_bytes()) == Verb::Other).cloned().collect();
        self.extensions.apply(&mut settings)?;
        let mut by_listener = Vec::new();
        for policy in &self.policies {
            let own = self.settings_on(policy, &settings);
            let own = own.map_err(|error| BuildError::on_listener(&policy.listener, error))?;
            by_listener.push((Arc::clone(&policy.listener), SessionSettings::new(own)));
        }
        let findings = Arc::new(Findings::new(Arc::clone(&subscribers)));
        let measured = Arc::<AllMeasured>::default();
        self.chain.go_on_counting(&measured);
        let shared = Shared {
            settings: SessionSettings::new(settings),
            by_listener: by_listener.into(),
            listener_names,
            hostname: hostname.into(),
            proxies: self.proxies,
            timeouts: self.timeouts,
            chain: self.chain,
            scram_secret,
            tls: PerListener::default(),
            subscribers,
            connections,
            yield_queue,
            counters: Arc::default(),
            kinds: Arc::default(),
            findings,
            measured,
        };
        Ok((certificates, shared))
    }

    /// Returns the settings of the sessions of one listener.
    fn settings_on(&self, policy: &Policy, of_all: &Settings) -> Result<Settings, BuildError> {
        let requires_auth = self.requires_auth || policy.requires_auth;
        let config = policy.tls.as_ref().or(self.tls.as_ref());
        let mut own = of_all.clone();
        own.limits = Self::checked_limits(&of_all.limits, &policy.limits)?;
        own.tls = Self::tls_policy(config.is_some(), self.requires_tls || policy.requires_tls)?;
        own.auth = auth_policy(requires_auth);
        own.mechanisms = self.offered_mechanisms(Some(&policy.listener), requires_auth, config)?;
        Ok(own)
    }

    /// Returns the TLS of all listeners, and of those with their own.
    fn certificates(&self) -> PerListener<TlsConfig> {
        let own = self
            .policies
            .iter()
            .filter_map(|policy| Some((Arc::clone(&policy.listener), policy.tls.clone()?)));
        PerListener { of_all: self.tls.clone(), own: own.collect() }
    }

    fn tls_policy(has_certificate: bool, is_required: bool) -> Result<TlsPolicy, BuildError> {
        match (has_certificate, is_required) {
            (false, true) => Err(BuildError::TlsWithoutCertificate),
            (false, false) => Ok(TlsPolicy::Off),
            (true, true) => Ok(TlsPolicy::Required),
            (true, false) => Ok(TlsPolicy::Offered),
        }
    }

    /// Returns the limits on connections: of all clients, and of one client.
    fn connection_limits(&self) -> (usize, usize) {
        let in_all = self.max_connections.unwrap_or_else(limits::default_max_connections);
        (in_all, self.max_connections_per_client.unwrap_or(limits_by_name::CONNECTIONS_PER_CLIENT))
    }

    fn checked_hostname(&self) -> Result<String, BuildError> {
        let (name, is_given) = match &self.hostname {
            Some(name) => (name.clone(), true),
            None => (rustix::system::uname().nodename().to_string_lossy().into_owned(), false),
        };
        let is_literal = mailchute_proto::AddressLiteral::parse(&name).is_ok();
        let is_domain = mailchute_proto::Domain::parse(&name).is_ok() && name.is_ascii();
        if is_literal || is_domain {
            return Ok(name);
        }
        // A host whose name is not a domain can still receive mail. A wrong option is refused.
        if !is_given {
            return Ok("localhost".into());
        }
        Err(BuildError::invalid("hostname", format_args!("{name:?}"), "a domain, such as \"mx.example.com\""))
    }

    fn check_verbs(&self) -> Result<(), BuildError> {
        for verb in &self.verbs {
            let is_word = (1..=32).contains(&verb.len())
                && verb.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
            if !(is_word && Verb::of(verb.as_bytes()).is_free()) {
                let needed = Verb::ALL.iter().filter(|verb| !verb.is_free());
                let needed: Vec<_> = needed.map(|verb| verb.name()).collect();
                let expected = format!("letters, digits and hyphens, and none of {}", needed.join(", "));
                return Err(BuildError::invalid("on_command", format_args!("{verb:?}"), expected));
            }
        }
        Ok(())
    }
}

fn auth_policy(is_required: bool) -> AuthPolicy {
    if is_required { AuthPolicy::Required } else { AuthPolicy::Optional }
}
