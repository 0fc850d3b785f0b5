//! What the machine is told of TLS.

use std::sync::Arc;

use super::{Machine, State};
use crate::facts::Facts;
use crate::phase::Phase;
use crate::sasl;
use crate::settings::Settings;

impl Machine {
    /// A session on a connection that is inside TLS from its first octet (RFC 8314), before its greeting.
    #[must_use]
    pub fn inside_tls(settings: Arc<Settings>) -> Self {
        let mut machine = Self::new(settings);
        machine.facts.is_tls = true;
        machine
    }

    /// The TLS handshake that [`Step::Handshake`](crate::Step::Handshake) asked for has succeeded: all that was said in the clear is
    /// forgotten (RFC 3207 §4.2).
    pub fn secured(&mut self) {
        let Facts { protocol, is_trusted, cannot_bind, is_certified, is_for_another, .. } = self.facts;
        self.facts = Facts {
            is_tls: true,
            protocol,
            is_trusted,
            cannot_bind,
            is_certified,
            is_for_another,
            ..Facts::default()
        };
        self.chunked = None;
        self.state = State::Commands(Phase::Greeted);
    }

    /// The TLS session of this connection has neither of the [channel bindings](crate::sasl::ChannelBinding), so
    /// that a mechanism which needs one is not offered. To be said when the handshake is over, before
    /// [`secured`](Self::secured) if that follows; a machine that was not told takes every session inside TLS for one
    /// that can be bound to.
    pub fn cannot_bind(&mut self) {
        self.facts.cannot_bind = true;
    }

    /// The client has shown a certificate that was verified and names it so: EXTERNAL is offered to it, if the settings
    /// name it, and makes it this user. To be said when the handshake is over, before [`secured`](Self::secured) if that
    /// follows. A name that `SASLprep` prohibits is nobody's, and behind XCLIENT the certificate is not the client's:
    /// neither has EXTERNAL.
    pub fn certified(&mut self, name: &str) {
        let name = sasl::presented(name).filter(|_| !self.facts.is_for_another);
        self.facts.is_certified = name.is_some();
        self.certified = name.map(|name| name.as_str().into());
    }
}
