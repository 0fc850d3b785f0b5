//! Makes a filter from its options: an arm for each kind.

use std::fmt;
use std::sync::Arc;

use mailchute::{Builder, Hooks, Install};

use crate::commands::filters::services::Services;
use crate::failure::Failure;
use crate::options::args::Options;
use crate::options::filters::{FilterKind, FilterOptions};

/// A filter that is made. Servers that share it share its state.
#[derive(Clone)]
pub(crate) struct Made(Arc<dyn Fn(Builder) -> Builder + Send + Sync>);

impl Made {
    /// Takes hooks.
    fn hooks(hooks: impl Hooks) -> Self {
        let hooks = Arc::new(hooks);
        Self(Arc::new(move |builder| builder.hooks(Arc::clone(&hooks))))
    }
}

impl Install for Made {
    fn install(self, builder: Builder) -> Builder {
        (self.0)(builder)
    }
}

impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Made").finish_non_exhaustive()
    }
}

/// Makes a filter. The options of the server and the shared services are there for filters that need them.
///
/// # Errors
/// A file or a service that the filter needs cannot be used.
pub(crate) fn build(
    filter: &FilterOptions,
    options: &Options,
    services: &mut Services,
) -> Result<Made, Failure> {
    Ok(match &filter.kind {
        FilterKind::Dnsbl(dnsbl) => Made::hooks(dnsbl.filter(services.resolver(options)?)),
        FilterKind::Limits(options) => Made::hooks(options.filter()),
    })
}
