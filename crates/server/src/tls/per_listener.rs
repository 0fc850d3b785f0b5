//! TLS of the whole server, and of listeners with their own.

use std::iter;
use std::sync::Arc;

use super::config::TlsConfig;
use super::error::TlsError;
use super::in_force::InForce;

/// A value for all listeners, and the values of single listeners that replace it, by name.
#[derive(Debug, Clone)]
pub(crate) struct PerListener<T> {
    pub(crate) of_all: Option<T>,
    pub(crate) own: Vec<(Arc<str>, T)>,
}

impl<T> PerListener<T> {
    /// Returns what a listener has; for `None`, one without a name.
    pub(crate) fn of(&self, listener: Option<&str>) -> Option<&T> {
        listener.and_then(|name| self.own_of(name)).or(self.of_all.as_ref())
    }

    /// Returns all of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.of_all.iter().chain(self.own.iter().map(|(_, own)| own))
    }

    fn own_of(&self, listener: &str) -> Option<&T> {
        self.own.iter().find(|(name, _)| **name == *listener).map(|(_, own)| own)
    }
}

impl<T> Default for PerListener<T> {
    fn default() -> Self {
        Self { of_all: None, own: Vec::new() }
    }
}

impl PerListener<Arc<InForce>> {
    /// Applies other configurations, for the sessions that run as well, and returns what new sessions use. The
    /// sessions that run know what a listener had before, so that gets what the listener has now.
    pub(crate) fn succeeded_by(&self, next: PerListener<TlsConfig>) -> Self {
        let before = iter::once((None, self.of_all.as_ref()))
            .chain(self.own.iter().map(|(name, own)| (Some(&**name), Some(own))));
        for (listener, in_force) in before {
            if let (Some(in_force), Some(config)) = (in_force, next.of(listener)) {
                in_force.replace(config.clone());
            }
        }
        let fresh = |config| Arc::new(InForce::new(config));
        let own = next.own.into_iter().map(|(name, config)| {
            let kept = self.own_of(&name).cloned();
            (name, kept.unwrap_or_else(|| fresh(config)))
        });
        Self {
            own: own.collect(),
            of_all: next.of_all.map(|config| self.of_all.clone().unwrap_or_else(|| fresh(config))),
        }
    }

    /// Returns whether a listener that has TLS would have none any more.
    pub(crate) fn would_lose(&self, next: &PerListener<TlsConfig>) -> bool {
        (self.of_all.is_some() && next.of_all.is_none())
            || self.own.iter().any(|(name, _)| next.of(Some(name)).is_none())
    }

    /// Replaces the configuration of all listeners without their own.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn reload(&self, config: TlsConfig) -> Result<(), TlsError> {
        match &self.of_all {
            Some(in_force) => {
                in_force.replace(config);
                Ok(())
            }
            None => Err(TlsError::not_offered()),
        }
    }

    /// Replaces the configuration of one listener.
    ///
    /// # Errors
    /// The listener has none of its own.
    pub(crate) fn reload_own(&self, listener: &str, config: TlsConfig) -> Result<(), TlsError> {
        match self.own_of(listener) {
            Some(in_force) => {
                in_force.replace(config);
                Ok(())
            }
            None => Err(TlsError::not_its_own(listener)),
        }
    }
}
