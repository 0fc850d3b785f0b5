//! The state that all sessions of a server share.
//!
//! # Why
//!
//! Neither TLS nor credentials are required of LMTP over a Unix socket. The modes of its file and directory let the
//! client in, and mail servers have no credentials for it. SMTP over a Unix socket, and LMTP over TCP, follow the
//! usual rules.

use std::sync::Arc;

use mailchute_proto::{AuthPolicy, Protocol, Settings, TlsPolicy};

use crate::connection::slots::Slots;
use crate::driver::decoys::ScramSecret;
use crate::driver::findings::Findings;
use crate::driver::kinds::Kinds;
use crate::events::subscribers::Subscribers;
use crate::hooks::Chain;
use crate::hooks::measured::AllMeasured;
use crate::listen::names::ListenerNames;
use crate::proxy::trust::TrustedProxies;
use crate::runtime::counters::{Count, Counters};
use crate::runtime::timeouts::Timeouts;
use crate::runtime::yield_queue::YieldQueue;
use crate::session::Session;
use crate::tls::{InForce, PerListener};

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: SessionSettings,
    /// Those of listeners with a policy of their own, by name.
    pub(crate) by_listener: Box<[(Arc<str>, SessionSettings)]>,
    /// The names of the listeners, including those of the previous configuration.
    pub(crate) listener_names: Arc<ListenerNames>,
    pub(crate) hostname: Arc<str>,
    pub(crate) proxies: TrustedProxies,
    pub(crate) timeouts: Timeouts,
    pub(crate) chain: Chain,
    /// The secret of the decoys of unknown users.
    pub(crate) scram_secret: Arc<ScramSecret>,
    pub(crate) tls: PerListener<Arc<InForce>>,
    pub(crate) subscribers: Arc<Subscribers>,
    pub(crate) connections: Arc<Slots>,
    pub(crate) yield_queue: Arc<YieldQueue>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) kinds: Arc<Kinds>,
    pub(crate) findings: Arc<Findings>,
    pub(crate) measured: Arc<AllMeasured>,
}

/// The settings of sessions.
#[derive(Debug)]
pub(crate) struct SessionSettings {
    pub(crate) demanding: Arc<Settings>,
    /// The settings of clients that need neither TLS nor credentials. The same value if nobody needs them.
    undemanding: Arc<Settings>,
}

impl SessionSettings {
    pub(crate) fn new(settings: Settings) -> Self {
        let demanding = Arc::new(settings);
        Self { undemanding: undemanding(&demanding), demanding }
    }
}

impl Shared {
    /// Returns the name in a policy that no listener has, and the names that there are.
    pub(crate) fn unknown_listener(&self) -> Option<(&str, String)> {
        self.by_listener.iter().find_map(|(name, _)| Some((&**name, self.listener_names.without(name)?)))
    }

    /// Counts a session or a message, for the server and for the listener of the session.
    pub(crate) fn count(&self, count: Count, session: &Session) {
        self.counters.add(count, 1);
        if let Some(entrance) = session.entrance() {
            entrance.counts.add(count);
        }
    }

    /// Returns the settings of a session. LMTP over a Unix socket needs neither TLS nor credentials.
    pub(crate) fn settings_of(&self, session: &Session) -> &Arc<Settings> {
        let by_name = |name: &str| self.by_listener.iter().find(|(listener, _)| **listener == *name);
        let own = session.listener().and_then(by_name);
        let settings = own.map_or(&self.settings, |(_, settings)| settings);
        let delivers = session.protocol() == Protocol::Lmtp && session.is_over_unix_socket();
        if delivers { &settings.undemanding } else { &settings.demanding }
    }
}

/// Returns the settings without the need for TLS and credentials.
fn undemanding(settings: &Arc<Settings>) -> Arc<Settings> {
    if settings.tls != TlsPolicy::Required && settings.auth != AuthPolicy::Required {
        return Arc::clone(settings);
    }
    let mut without = Settings::clone(settings);
    without.auth = AuthPolicy::Optional;
    if without.tls == TlsPolicy::Required {
        without.tls = TlsPolicy::Offered;
    }
    Arc::new(without)
}
