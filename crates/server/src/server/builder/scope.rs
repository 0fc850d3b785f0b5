//! Policy of one listener, and policy under a condition.

use std::sync::Arc;

use mailchute_proto::PlaintextAuth;

use super::Builder;
use super::limits_by_name::Limit;
use crate::hooks::condition::Condition;
use crate::hooks::measured::Measured;
use crate::runtime::timeouts::Timeouts;
use crate::server::build_error::BuildError;
use crate::session::Session;
use crate::tls::TlsConfig;

/// The settings for the sessions of one listener. For the rest, those of the server hold.
#[derive(Debug)]
pub(super) struct Policy {
    pub(super) listener: Arc<str>,
    /// In the order in which they were set.
    pub(super) limits: Vec<(Limit, u64)>,
    /// Replaces the TLS of the server.
    pub(super) tls: Option<TlsConfig>,
    pub(super) requires_tls: bool,
    pub(super) requires_auth: bool,
}

/// Policy of one listener, and policy under a condition.
impl Builder {
    /// Sets the policy of the listeners of this [name](crate::Listener::name): hooks, authenticators, verifiers, filters,
    /// limits of a session, [`tls`](Self::tls), [`require_tls`](Self::require_tls) and
    /// [`require_auth`](Self::require_auth).
    ///
    /// Settings that are not made within are those of the server, whether they are made before or after. A
    /// second `on` of the same name adds to the first. TLS within replaces that of the server as a whole:
    /// certificates, demands on clients and versions. Hooks within are asked at the place of `on` among the
    /// other hooks. AUTH is offered on the listener if there is an authenticator within or outside. Other
    /// options belong to the whole server, and [`build`](Self::build) refuses them within.
    ///
    /// A name that no listener has is an error when serving begins. Otherwise a misspelt name would leave the
    /// policy out.
    ///
    /// # Examples
    /// ```
    /// use mailchute::{Check, Server};
    /// # use mailchute_stores::Discard;
    ///
    /// let server = Server::builder()
    ///     .allow_plaintext_auth()
    ///     .on("submission", |b| {
    ///         b.require_auth().max_recipients(100).on_auth(|credentials, _session| async move {
    ///             Check::right_if(credentials.is("alice", "wonderland"))
    ///         })
    ///     })
    ///     .store(Discard)
    ///     .build()?;
    /// # Ok::<(), mailchute::BuildError>(())
    /// ```
    pub fn on(mut self, listener: impl Into<Arc<str>>, policy: impl FnOnce(Self) -> Self) -> Self {
        let listener = listener.into();
        let mut within = policy(Self::default());
        let limits = std::mem::take(&mut within.limits);
        let tls = within.tls.take();
        let before = self.policies.iter_mut().find(|policy| policy.listener == listener);
        if let Some(before) = before {
            before.limits.extend(limits);
            before.tls = tls.or(before.tls.take());
            before.requires_tls |= within.requires_tls;
            before.requires_auth |= within.requires_auth;
        } else {
            let Self { requires_tls, requires_auth, .. } = within;
            self.policies.push(Policy {
                listener: Arc::clone(&listener),
                limits,
                tls,
                requires_tls,
                requires_auth,
            });
        }
        within.chain.restrict(&Condition::Listener(listener));
        self.take("on", within)
    }

    /// Adds hooks, authenticators, verifiers and filters for sessions for which `predicate` returns true. It
    /// is called each time before one of them would be asked. If it returns false, an authenticator abstains,
    /// and the next one is asked.
    ///
    /// If the predicate panics, hooks and filters are asked. Authenticators and verifiers could let the
    /// client in, so they refuse it for the time being. [`build`](Self::build) refuses options within that
    /// are settled when a session begins, such as limits. Use [`on`](Self::on) for them.
    ///
    /// # Examples
    /// ```
    /// use mailchute::{Server, Verdict};
    /// # use mailchute_stores::Discard;
    ///
    /// let server = Server::builder()
    ///     .when(|session| session.identity().is_none(), |b| {
    ///         b.on_rcpt_to(|to, _session| async move { Verdict::accept_if(to.is_local_to(["example.com"])) })
    ///     })
    ///     .store(Discard)
    ///     .build()?;
    /// # Ok::<(), mailchute::BuildError>(())
    /// ```
    pub fn when(
        mut self,
        predicate: impl Fn(&Session) -> bool + Send + Sync + 'static,
        policy: impl FnOnce(Self) -> Self,
    ) -> Self {
        let mut within = policy(Self::default());
        self.misplace_settled(&within, "when");
        within.chain.restrict(&Condition::Predicate(Arc::new(predicate)));
        self.take("when", within)
    }

    /// Counts the time and the refusals of the hooks, authenticators, verifiers and filters within, under a name for
    /// [`Breakdown::measured`](crate::Breakdown::measured). The counters of one name are one, and go on after
    /// [`reconfigure`](crate::Server::reconfigure). A scope within counts for itself only.
    /// [`build`](Self::build) refuses the options within that it refuses within [`when`](Self::when).
    ///
    /// # Examples
    /// ```
    /// use mailchute::{Server, Verdict};
    /// # use mailchute_stores::Discard;
    ///
    /// let server = Server::builder()
    ///     .measured("relaying", |b| {
    ///         b.on_rcpt_to(|to, _session| async move { Verdict::accept_if(to.is_local_to(["example.com"])) })
    ///     })
    ///     .store(Discard)
    ///     .build()?;
    /// let [relaying] = &server.breakdown().measured[..] else { panic!("one name") };
    /// assert_eq!((&*relaying.name, relaying.refused), ("relaying", 0));
    /// # Ok::<(), mailchute::BuildError>(())
    /// ```
    pub fn measured(mut self, name: impl Into<Arc<str>>, policy: impl FnOnce(Self) -> Self) -> Self {
        let mut within = policy(Self::default());
        self.misplace_settled(&within, "measured");
        within.chain.measure(&Arc::new(Measured::new(name.into())));
        self.take("measured", within)
    }

    /// Refuses options that are settled when a session begins.
    fn misplace_settled(&mut self, within: &Self, scope: &str) {
        let settled = [
            (!within.limits.is_empty(), "limits"),
            (within.tls.is_some(), "tls"),
            (within.requires_tls, "require_tls"),
            (within.requires_auth, "require_auth"),
        ];
        if let Some((_, option)) = settled.into_iter().find(|(is_set, _)| *is_set) {
            self.misplace(option, scope);
        }
    }

    fn take(mut self, scope: &'static str, within: Self) -> Self {
        if let Some(option) = within.option_of_the_server() {
            self.misplace(option, scope);
        }
        self.misplaced = self.misplaced.take().or(within.misplaced);
        self.verbs.extend(within.verbs);
        self.chain.append(within.chain);
        self
    }

    fn misplace(&mut self, option: &'static str, scope: &str) {
        let value = format!("within .{scope}(…)");
        let error = BuildError::invalid(option, value, format!("it outside of .{scope}(…)"));
        self.misplaced.get_or_insert(error);
    }

    /// Returns an option that was set although it belongs to the whole server.
    fn option_of_the_server(&self) -> Option<&'static str> {
        let set = [
            (self.hostname.is_some(), "hostname"),
            (self.max_connections.is_some(), "max_connections"),
            (self.max_connections_per_client.is_some(), "max_connections_per_client"),
            (!self.proxies.is_default(), "a trusted proxy"),
            (!self.timeouts.greeting_delay.is_zero(), "greeting_delay"),
            (self.timeouts != Timeouts::default(), "a timeout"),
            (self.mechanisms.is_some(), "mechanisms"),
            (self.auth_external, "auth_external"),
            (self.scram_secret.is_some(), "scram_secret"),
            (self.plaintext_auth != PlaintextAuth::default(), "allow_plaintext_auth"),
            (self.extensions != super::extensions::Extensions::default(), "an extension"),
            (self.chain.has_store(), "store"),
            (!self.policies.is_empty(), "on"),
        ];
        set.into_iter().find(|(is_set, _)| *is_set).map(|(_, option)| option)
    }
}
