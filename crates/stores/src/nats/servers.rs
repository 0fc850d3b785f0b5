//! The servers of NATS, as options name them.

use std::fmt;
use std::io;
use std::path::PathBuf;

use async_nats::ConnectOptions;

use crate::forward::tls::{Files, config};
use crate::url_options::NO_KEY;
use crate::{NextHop, SecretSource};

/// The port of NATS.
const PORT: u16 = 4222;

/// The options that [`Servers::with_option`] knows, as an error names them.
pub(crate) const OPTIONS: &str = "user=NAME with secret=file:PATH or secret=env:NAME, a secret alone as the token, ca=FILE, cert=FILE with key=FILE";

/// The servers of one cluster, and how a client shows itself to them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Servers {
    pub(crate) next_hops: Vec<NextHop>,
    /// TLS is demanded, with a certificate that names the host.
    pub(crate) is_tls: bool,
    /// The authorities that are trusted instead of those of the system.
    pub(crate) ca: Option<PathBuf>,
    /// Our certificate and its key.
    pub(crate) cert: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
    /// Without a user, the secret is a token.
    pub(crate) user: Option<String>,
    pub(crate) secret: Option<SecretSource>,
}

impl Servers {
    /// Parses what stands between `nats://` or `tls://` and the next slash: hosts with commas between them.
    ///
    /// # Errors
    /// A text that says what to write instead.
    pub(crate) fn parse(scheme: &str, places: &str) -> Result<Self, String> {
        let wrong = |place| {
            format!(
                "{scheme}: {place:?} does not name a server; write {scheme}://HOST or {scheme}://HOST:PORT, with commas \
                 between several"
            )
        };
        let next_hop = |place| NextHop::parse_tcp(place, Some(PORT)).ok_or_else(|| wrong(place));
        let next_hops = places.split(',').map(next_hop).collect::<Result<_, _>>()?;
        Ok(Self { next_hops, is_tls: scheme == "tls", ..Self::default() })
    }

    /// Sets one option of a URL. `None` if there is none of this name, or not with this value.
    pub(crate) fn with_option(mut self, name: &str, value: &str) -> Option<Self> {
        match name {
            "user" => self.user = Some(value.to_owned()),
            "secret" => self.secret = Some(value.parse().ok()?),
            "ca" => self.ca = Some(value.into()),
            "cert" => self.cert = Some(value.into()),
            "key" => self.key = Some(value.into()),
            _ => return None,
        }
        Some(self)
    }

    /// Returns an error that says how the options contradict each other.
    pub(crate) fn check(&self) -> io::Result<()> {
        let wrong = |text: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, text.to_owned()));
        if self.next_hops.is_empty() {
            return wrong("there is no server");
        }
        if self.next_hops.iter().any(|next_hop| matches!(next_hop, NextHop::Unix(_))) {
            return wrong("NATS does not listen on Unix sockets");
        }
        if self.user.is_some() && self.secret.is_none() {
            return wrong("a user needs a secret; write user=NAME and secret=file:PATH or secret=env:NAME");
        }
        if self.cert.is_some() != self.key.is_some() {
            return wrong(NO_KEY);
        }
        if !self.is_tls && (self.ca.is_some() || self.cert.is_some()) {
            return wrong("certificates need TLS; write tls:// next to ca, cert and key");
        }
        if !self.is_tls && self.secret.is_some() && !self.next_hops.iter().all(NextHop::is_local) {
            return wrong("a secret for another host needs TLS; write tls://");
        }
        Ok(())
    }

    /// Returns the options of a client. The call reads the files and the secret.
    pub(super) fn connect_options(&self) -> io::Result<ConnectOptions> {
        self.check()?;
        let mut options = ConnectOptions::new().require_tls(self.is_tls);
        if self.is_tls {
            let own = self.cert.as_deref().zip(self.key.as_deref());
            options = options.tls_client_config(config(true, Files { ca: self.ca.as_deref(), own })?);
        }
        match (&self.user, &self.secret) {
            (Some(user), Some(secret)) => {
                options = options.user_and_password(user.clone(), secret.read()?.to_string());
            }
            (None, Some(secret)) => options = options.token(secret.read()?.to_string()),
            (_, None) => {}
        }
        Ok(options)
    }

    /// Returns the addresses as the client wants them.
    pub(super) fn addresses(&self) -> Vec<String> {
        let scheme = self.scheme();
        self.next_hops.iter().map(|next_hop| format!("{scheme}://{next_hop}")).collect()
    }

    fn scheme(&self) -> &'static str {
        if self.is_tls { "tls" } else { "nats" }
    }

    /// Returns the options as a URL has them.
    pub(crate) fn options(&self) -> Vec<String> {
        let path =
            |name, path: &Option<PathBuf>| path.as_ref().map(|path| format!("{name}={}", path.display()));
        let user = self.user.as_ref().map(|user| format!("user={user}"));
        let secret = self.secret.as_ref().map(|secret| format!("secret={secret}"));
        let all = [user, secret, path("ca", &self.ca), path("cert", &self.cert), path("key", &self.key)];
        all.into_iter().flatten().collect()
    }
}

/// As at the beginning of a URL.
impl fmt::Display for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme())?;
        for (number, next_hop) in self.next_hops.iter().enumerate() {
            write!(f, "{}{next_hop}", if number == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}
