//! The services that several filters share. Each is made once, when the first filter needs it.

use mailchute_filters::dns::{HostNames, Resolver};
#[cfg(feature = "redis")]
use mailchute_filters::redis::Redis;
#[cfg(feature = "redis")]
use mailchute_stores::SecretSource;

use crate::failure::Failure;
use crate::options::args::Options;

/// The shared services of filters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Services {
    resolver: Option<Resolver>,
    /// Whether a filter does without names, as no DNS server is known.
    lacks_names: bool,
    /// Each with its URL and where its password stands.
    #[cfg(feature = "redis")]
    redis: Vec<(String, Option<SecretSource>, Redis)>,
}

impl Services {
    /// Returns the services that stay the same with other options.
    pub(crate) fn kept(&self, before: &Options, now: &Options) -> Self {
        let resolver = self.resolver.clone().filter(|_| !self.changes_resolver(before, now));
        if let Some(resolver) = &resolver {
            // The servers before stay if the file cannot be read.
            let _ = resolver.reread();
        }
        Self {
            resolver,
            lacks_names: false,
            #[cfg(feature = "redis")]
            redis: Vec::new(),
        }
    }

    /// Returns whether filters that ask the DNS must be made again with other options.
    pub(crate) fn changes_resolver(&self, before: &Options, now: &Options) -> bool {
        before.dns != now.dns || self.lacks_names
    }

    /// Returns the resolver for a filter. All share one cache, and each has separate slots for questions.
    pub(crate) fn resolver(&mut self, options: &Options) -> Result<Resolver, Failure> {
        if let Some(resolver) = &self.resolver {
            return Ok(resolver.share());
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

    /// Returns the look-up of clients' names. Without a DNS server there is none: scanners do without names until a reload
    /// finds one.
    pub(crate) fn host_names(&mut self, options: &Options) -> Option<HostNames> {
        match self.resolver(options) {
            Ok(resolver) => Some(HostNames::new(resolver)),
            Err(failure) => {
                if !std::mem::replace(&mut self.lacks_names, true) {
                    tracing::warn!(
                        name: "host-names-missing", error = %failure,
                        "filters get no names of clients; a reload (SIGHUP) looks for DNS servers again"
                    );
                }
                None
            }
        }
    }

    /// Returns the Redis server of a URL. Filters with the same URL share its connection, so that the log says once that it
    /// is lost. After a reload, new filters read the password again.
    ///
    /// # Errors
    /// The option that is wrong, and why.
    #[cfg(feature = "redis")]
    pub(crate) fn redis(
        &mut self,
        url: &str,
        secret: Option<&SecretSource>,
    ) -> Result<Redis, (&'static str, String)> {
        let same = |(known, password, _): &&(String, Option<SecretSource>, Redis)| {
            known == url && password.as_ref() == secret
        };
        if let Some((.., redis)) = self.redis.iter().find(same) {
            return Ok(redis.clone());
        }
        let mut redis = Redis::new(url).map_err(|error| ("shared", error.to_string()))?;
        if let Some(source) = secret {
            let password = source.read().map_err(|error| ("secret", error.to_string()))?;
            redis = redis.credentials(None, &password);
        }
        self.redis.push((url.to_owned(), secret.cloned(), redis.clone()));
        Ok(redis)
    }
}
