//! The active certificates, which may change while the server runs.
//!
//! # Why
//!
//! TLS state is tickets only: nothing of a finished session stays in memory. A reload makes new ticket keys. Each
//! handshake uses the configuration that is active when it begins.

use std::sync::{Arc, PoisonError, RwLock};

use super::config::TlsConfig;
use super::handshake::Acceptor;

/// The current configuration, read once for each handshake. A handshake that has begun, and every session,
/// keeps the one that it found.
#[derive(Debug)]
pub(crate) struct InForce(RwLock<Arc<Acceptor>>);

impl InForce {
    pub(crate) fn new(config: TlsConfig) -> Self {
        Self(RwLock::new(Arc::new(Acceptor::new(config))))
    }

    pub(crate) fn now(&self) -> Arc<Acceptor> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn replace(&self, config: TlsConfig) {
        let acceptor = Arc::new(Acceptor::new(config));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = acceptor;
    }
}
