//! TLS begins: by a handshake, or because the testing kit assumes it.

use std::io;
use std::sync::Arc;

use mailchute_proto::Verdict;
use mailchute_proto::catalog;

use super::{Driver, Opening, goes_on};
use crate::driver::ask_hooks::ask_hooks;
use crate::events::event::Event;
use crate::events::kind::Kind;
use crate::runtime::counters::Count;
use crate::session::disconnect::Disconnect;
use crate::tls::TlsFacts;

/// The state of a session that begins without a handshake or AUTH, for tests.
#[derive(Debug, Clone, Default)]
pub(crate) struct Assumed {
    /// The connection begins with TLS.
    pub(crate) tls: Option<Arc<TlsFacts>>,
    pub(crate) identity: Option<Arc<str>>,
}

impl Driver {
    /// Begins the session with these assumptions.
    pub(crate) fn assuming(mut self, assumed: Assumed) -> Self {
        if let Some(facts) = assumed.tls {
            self.take_facts(facts);
        }
        if let Some(identity) = assumed.identity {
            self.machine.authenticated();
            self.session.authenticated(Some(&identity), None);
        }
        self
    }

    /// Begins TLS before the greeting, unless it is assumed.
    pub(super) async fn begin_inside_tls(&mut self) -> Result<(), Disconnect> {
        match self.session.tls() {
            Some(assumed) => {
                self.report_secured(assumed);
                Ok(())
            }
            None => self.handshake().await,
        }
    }

    /// Replaces the plain connection by TLS.
    pub(super) async fn handshake(&mut self) -> Result<(), Disconnect> {
        let Some(tls) = self.shared.tls.of(self.session.listener()).map(|tls| tls.now()) else {
            return Err(Disconnect::TlsFailure);
        };
        match self.wire.upgrade(self.shared.timeouts.handshake, &tls, &self.shared.yield_queue).await? {
            Ok(facts) => {
                self.shared.kinds.handshake(facts.version);
                let facts = Arc::new(facts);
                self.take_facts(Arc::clone(&facts));
                self.report_secured(facts);
                Ok(())
            }
            // Health checks of proxies do that.
            Err(error) if error.kind() == io::ErrorKind::NotConnected && self.opening == Opening::Tls => {
                Err(Disconnect::ClientGone)
            }
            Err(error) => {
                self.shared.counters.add(Count::TlsFailures, 1);
                tracing::info!(name: "tls-failed", %error, "the TLS handshake failed");
                let cause = || Event::handshake_failed(&self.session, error.to_string());
                self.shared.subscribers.tell(Kind::HandshakeFailed, cause);
                Err(Disconnect::TlsFailure)
            }
        }
    }

    /// Records the facts of a TLS session that has begun.
    fn take_facts(&mut self, facts: Arc<TlsFacts>) {
        if self.would_bind() && !self.wire.has_channel_binding() {
            self.machine.cannot_bind();
        }
        let certificate = facts.client.as_ref().filter(|certificate| certificate.is_verified());
        if let Some(name) = certificate.and_then(|certificate| certificate.user()) {
            self.machine.certified(name);
        }
        self.session.secured(facts);
    }

    fn report_secured(&self, facts: Arc<TlsFacts>) {
        self.report_tls(&facts);
        self.shared.subscribers.tell(Kind::Secure, || Event::secure(&self.session, facts));
    }

    /// Returns whether an offered mechanism binds to the TLS session.
    fn would_bind(&self) -> bool {
        self.shared.settings_of(&self.session).mechanisms.iter().any(|mechanism| mechanism.binds_channel())
    }

    /// Asks the secure hooks after STARTTLS. The client speaks next, so a refusal is sent unasked, and hangs
    /// up.
    pub(super) async fn ask_secure_hooks(&mut self) -> Result<(), Disconnect> {
        let Some(tls) = self.session.tls() else { return Ok(()) };
        let Self { shared, session, wire, output, refused_by, .. } = self;
        let hooks = shared.chain.secure(&tls, session);
        let answer = match ask_hooks(shared, wire, output, session, hooks, refused_by).await {
            Ok(answer) => answer,
            Err(outcome) => return Err(self.give_up(outcome).await),
        };
        let reply = match answer {
            answer if goes_on(&answer) => return Ok(()),
            Ok(Verdict::AcceptWith(reply)) => reply,
            Ok(_) => catalog::HUNG_UP,
            Err(refusal) => refusal.into(),
        };
        self.hang_up(&reply).await;
        Err(Disconnect::Hook)
    }
}
