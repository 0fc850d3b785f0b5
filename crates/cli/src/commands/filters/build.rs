//! Makes a filter from its options: an arm for each kind.

use std::fmt;
use std::io;
use std::sync::Arc;

use mailchute::{Builder, Filter, Hooks, Install};
#[cfg(feature = "redis")]
use mailchute_filters::redis::Redis;

use crate::commands::filters::services::Services;
use crate::commands::reach;
use crate::failure::Failure;
use crate::options::args::Options;
#[cfg(feature = "redis")]
use crate::options::filters::shared::SharedOptions;
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

    /// Takes hooks that also filter messages.
    fn hooks_and_filter(filter: impl Hooks + Filter) -> Self {
        let filter = Arc::new(filter);
        Self(Arc::new(move |builder| builder.hooks(Arc::clone(&filter)).filter(Arc::clone(&filter))))
    }

    /// Takes a filter with all its roles.
    fn all(filter: impl Install + Clone + Send + Sync + 'static) -> Self {
        Self(Arc::new(move |builder| builder.with(filter.clone())))
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
        FilterKind::Authentication(authentication) => {
            Made::hooks_and_filter(authentication.filter(services.resolver(options)?))
        }
        FilterKind::Dnsbl(dnsbl) => Made::hooks(dnsbl.filter(services.resolver(options)?)),
        FilterKind::Limits(limits) => {
            let limiting = limits.filter();
            #[cfg(feature = "redis")]
            let limiting = match redis(filter, &limits.shared, services)? {
                Some(redis) => limiting.shared(redis),
                None => limiting,
            };
            Made::hooks(limiting)
        }
        FilterKind::Greylist(greylist) => {
            let greylisting = greylist.filter(&reach::state_directory(options));
            #[cfg(feature = "redis")]
            let greylisting = match redis(filter, &greylist.shared, services)? {
                Some(redis) => greylisting.shared(redis),
                None => greylisting,
            };
            Made::hooks(greylisting)
        }
        FilterKind::Http(http) => Made::all(opened(filter, http.filter(services.host_names(options)))?),
        FilterKind::Milter(milter) => Made::all(milter.filter(services.host_names(options))),
        FilterKind::Rspamd(rspamd) => Made::all(opened(filter, rspamd.filter(services.host_names(options)))?),
    })
}

/// Returns the Redis server that a filter shares its memory in.
#[cfg(feature = "redis")]
fn redis(
    filter: &FilterOptions,
    shared: &SharedOptions,
    services: &mut Services,
) -> Result<Option<Redis>, Failure> {
    let Some(url) = &shared.shared else { return Ok(None) };
    services
        .redis(&url.text, shared.secret.as_ref())
        .map(Some)
        .map_err(|(option, error)| Failure::unusable(format!("{}: {error}", filter.provenance.name(option))))
}

/// Names the filter whose files cannot be read.
fn opened<T>(filter: &FilterOptions, made: io::Result<T>) -> Result<T, Failure> {
    made.map_err(|error| Failure::unusable(format!("{}: {error}", filter.provenance.name("url"))))
}
