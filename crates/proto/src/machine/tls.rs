//! Tells the machine about TLS.

use std::sync::Arc;

use super::{Machine, State};
use crate::phase::Phase;
use crate::sasl;
use crate::settings::Settings;

impl Machine {
    /// Creates a session on a connection that begins with TLS (RFC 8314), before its greeting.
    #[must_use]
    pub fn inside_tls(settings: Arc<Settings>) -> Self {
        let mut machine = Self::new(settings);
        machine.facts.connection.is_tls = true;
        machine
    }

    /// Reports that the TLS handshake of [`Step::Handshake`](crate::Step::Handshake) succeeded. The session forgets
    /// everything received before (RFC 3207 §4.2).
    pub fn secured(&mut self) {
        self.facts.begin_greeting();
        self.facts.connection.is_tls = true;
        self.chunked = None;
        self.state = State::Commands(Phase::Greeted);
    }

    /// Reports that the TLS session has no [channel binding](crate::ChannelBinding). Mechanisms that need one are not
    /// offered. Call it after the handshake and before [`secured`](Self::secured). By default every TLS session
    /// counts as one with a binding.
    pub fn cannot_bind(&mut self) {
        self.facts.connection.cannot_bind = true;
    }

    /// Reports that the client presented a verified certificate with this name. If the settings list EXTERNAL, it is
    /// offered and authenticates this user. Call it after the handshake and before [`secured`](Self::secured).
    /// EXTERNAL is not offered if `SASLprep` prohibits the name. It is not offered after XCLIENT either, as the
    /// certificate belongs to the proxy.
    pub fn certified(&mut self, name: &str) {
        self.facts.connection.certified = sasl::presented(name).map(|name| name.as_str().into());
    }
}
