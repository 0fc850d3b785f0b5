//! Options that take the place of those of a server that runs.

use std::sync::Arc;

use crate::driver::shared::Core;
use crate::tls::{InForce, TlsConfig};

/// Checked options that are not in force yet.
#[must_use = "nothing changes until it is put in force"]
pub(crate) struct Successor {
    pub(super) core: Core,
    /// On connections, in all and of one client.
    pub(super) limits: (usize, usize),
    pub(super) tls: Option<TlsConfig>,
    /// That of the server so far, which its sessions look at.
    pub(super) tls_in_force: Option<Arc<InForce>>,
}

impl Successor {
    /// Changes what the sessions that run share with those to come; what the latter begin with.
    pub(crate) fn put_in_force(self) -> Core {
        let Self { core, limits: (in_all, of_one_client), tls, tls_in_force } = self;
        core.connections.limit(in_all, of_one_client);
        let tls = match (tls_in_force, tls) {
            (Some(in_force), Some(tls)) => {
                in_force.replace(tls);
                Some(in_force)
            }
            (_, tls) => tls.map(InForce::new).map(Arc::new),
        };
        Core { tls, ..core }
    }
}
