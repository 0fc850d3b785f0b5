//! The services that several filters share. Each is made once, when the first filter needs it.

use mailchute_filters::dns::Resolver;

use crate::failure::Failure;
use crate::options::args::Options;

/// The shared services of filters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Services {
    resolver: Option<Resolver>,
}

impl Services {
    /// Returns the services that stay the same with other options.
    pub(crate) fn kept(&self, before: &Options, now: &Options) -> Self {
        let keeps_resolver = before.dns == now.dns;
        Self { resolver: self.resolver.clone().filter(|_| keeps_resolver) }
    }

    /// Returns the resolver, which has the cache of all filters.
    pub(crate) fn resolver(&mut self, options: &Options) -> Result<Resolver, Failure> {
        if let Some(resolver) = &self.resolver {
            return Ok(resolver.clone());
        }
        let servers = options.dns.iter().map(|server| server.0);
        let made = Resolver::builder().servers(servers).build();
        let resolver = made.map_err(|error| {
            Failure::unusable(format!(
                "{}: no DNS server is known ({error}); write dns = [\"127.0.0.1:53\"], for example",
                options.provenance.name("dns")
            ))
        })?;
        self.resolver = Some(resolver.clone());
        Ok(resolver)
    }
}
