//! `shared`: a Redis server that several servers share.

use std::fmt;
use std::str::FromStr;

use mailchute_stores::{NextHop, SecretSource};

use crate::options::filters::kind::Needs;
use crate::options::paths;

/// The options of filters that may share their memory.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct SharedOptions {
    /// Share the memory of the filter with other servers in a Redis server: `redis://HOST:PORT/DATABASE`, `rediss://` for
    /// TLS, or `unix:///PATH`. A user goes before the host: `redis://USER@HOST`. In builds with the feature redis only.
    /// While it does not answer, this server goes on with what it knows
    #[arg(long, value_name = "URL")]
    pub(crate) shared: Option<RedisUrl>,

    /// Where the password for shared stands
    #[arg(long, value_name = "file:PATH|env:NAME", value_parser = paths::secret)]
    pub(crate) secret: Option<SecretSource>,
}

/// The URL of a Redis server, without a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RedisUrl {
    pub(crate) text: String,
    server: NextHop,
}

impl SharedOptions {
    /// Adds what sharing needs of the host.
    pub(crate) fn add_needs(&self, needs: &mut Needs) {
        if let Some(RedisUrl { text, server }) = &self.shared {
            needs.servers.push(("shared", server.clone()));
            needs.verifies |= text.starts_with("rediss:");
        }
    }

    pub(crate) fn mistakes(&self) -> Vec<(&'static str, String)> {
        let is_alone = self.secret.is_some() && self.shared.is_none();
        let text = "it is the password for shared; write shared = \"redis://…\" too, or leave it out";
        if is_alone { vec![("secret", text.to_owned())] } else { Vec::new() }
    }
}

impl FromStr for RedisUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if has_password(text) {
            return Err("leave the password out, and write secret = \"file:PATH\" next to it".to_owned());
        }
        let server = server(text)?;
        Ok(Self { text: text.to_owned(), server })
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn has_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    user.contains(':') || query.split('&').any(|option| option.starts_with("pass="))
}

/// The server that a URL names.
#[cfg(feature = "redis")]
fn server(url: &str) -> Result<NextHop, String> {
    let redis = mailchute_filters::redis::Redis::new(url).map_err(|error| error.to_string())?;
    let address = redis.to_string();
    Ok(match address.rsplit_once(':').map(|(host, port)| (host, port.parse())) {
        Some((host, Ok(port))) if !address.starts_with('/') => NextHop::tcp(host, port),
        _ => NextHop::unix(address),
    })
}

#[cfg(not(feature = "redis"))]
fn server(_url: &str) -> Result<NextHop, String> {
    Err("this program is built without Redis; leave it out, or build it with the feature \"redis\""
        .to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(feature = "redis")]
    fn the_url_names_the_server_that_the_sandbox_allows() {
        for (url, server) in [
            ("redis://127.0.0.1", NextHop::tcp("127.0.0.1", 6379)),
            ("redis://mail@cache.example:6380/3", NextHop::tcp("cache.example", 6380)),
            ("rediss://[::1]:6390", NextHop::tcp("::1", 6390)),
            ("unix:///run/redis/redis.sock", NextHop::unix("/run/redis/redis.sock")),
        ] {
            let parsed: RedisUrl = url.parse().expect(url);
            assert_eq!((parsed.to_string(), parsed.server), (url.to_owned(), server));
        }
        for url in ["", "host", "http://host"] {
            assert!(url.parse::<RedisUrl>().is_err_and(|error| error.contains("redis://HOST")), "{url}");
        }
    }

    #[test]
    fn a_password_in_the_url_is_a_mistake() {
        for url in ["redis://:x@host", "redis://u:x@host/1", "unix:///run/redis.sock?db=1&pass=x"] {
            let error = url.parse::<RedisUrl>().expect_err(url);
            assert!(error.starts_with("leave the password out"), "{url}: {error}");
        }
    }
}
