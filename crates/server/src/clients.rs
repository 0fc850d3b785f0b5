//! Which clients are proxies, and how long all of them wait.

use std::time::Duration;

use crate::network::Network;
use crate::origin::Origin;

#[derive(Debug, Clone, Default)]
pub(crate) struct Clients {
    /// Who has to begin with a PROXY header.
    pub(crate) proxies: Vec<Network>,
    /// Who may say XCLIENT and XFORWARD.
    pub(crate) xclients: Vec<Network>,
    pub(crate) greeting_delay: Duration,
}

impl Clients {
    pub(crate) fn is_proxy(&self, peer: Origin) -> bool {
        is_in(&self.proxies, peer)
    }

    pub(crate) fn may_speak_for_others(&self, client: Origin) -> bool {
        is_in(&self.xclients, client)
    }
}

/// A Unix socket is in no network, whatever stands for its address.
fn is_in(networks: &[Network], origin: Origin) -> bool {
    match origin {
        Origin::Network(address) => networks.iter().any(|network| network.contains(address.ip())),
        Origin::UnixSocket => false,
    }
}
