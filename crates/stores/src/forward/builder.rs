//! The options of a forward.

use std::env;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mailchute::session::Protocol;

use super::dial::Dial;
use super::login::Login;
use super::pool::Pool;
use super::remembered::Remembered;
use super::target::{NextHop, Target};
use super::tls::{Files, HopTls, Tls};
use super::transfer::Limits;
use super::undelivered::Undelivered;
use super::{Forward, Shared};
use crate::{SecretSource, url_options};

/// The options of a [`Forward`], made by [`Forward::lmtp`] and [`Forward::smtp`].
///
/// # Examples
/// ```
/// use mailchute_stores::{Forward, HopTls, NextHop};
///
/// let relay = Forward::smtp([NextHop::tcp("mx1.example.com", 25), NextHop::tcp("mx2.example.com", 25)])
///     .tls(HopTls::Require)
///     .state("/var/lib/mailchute")
///     .open()?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ForwardBuilder {
    protocol: Protocol,
    next_hops: Vec<NextHop>,
    is_implicit: bool,
    tls: Option<HopTls>,
    ca: Option<PathBuf>,
    certificate: Option<(PathBuf, PathBuf)>,
    user: Option<(String, SecretSource)>,
    is_external: bool,
    state: Option<PathBuf>,
    connections: usize,
    idle: Duration,
    connect_timeout: Duration,
    command_timeout: Duration,
    content_timeout: Duration,
    end_timeout: Duration,
}

impl ForwardBuilder {
    pub(super) fn new(protocol: Protocol, next_hops: Vec<NextHop>) -> Self {
        Self {
            protocol,
            next_hops,
            is_implicit: false,
            tls: None,
            ca: None,
            certificate: None,
            user: None,
            is_external: false,
            state: None,
            connections: 100,
            idle: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            command_timeout: Duration::from_secs(60),
            content_timeout: Duration::from_secs(180),
            end_timeout: Duration::from_secs(600),
        }
    }

    /// Sets how TLS is used. The default is [`HopTls::Opportunistic`]; a Unix socket has none.
    #[must_use]
    pub fn tls(mut self, tls: HopTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Begins each connection with TLS, as `smtps:` does. The certificate must name the host.
    #[must_use]
    pub fn implicit_tls(mut self) -> Self {
        self.is_implicit = true;
        self
    }

    /// Trusts the authorities in this PEM file, instead of those of the system.
    #[must_use]
    pub fn ca(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca = Some(path.into());
        self
    }

    /// Shows the next hop this certificate, with the key in the second file. Both are PEM.
    #[must_use]
    pub fn client_certificate(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.certificate = Some((certificate.into(), key.into()));
        self
    }

    /// Authenticates as this user, by PLAIN. It needs verified TLS, so that nobody else gets the password.
    #[must_use]
    pub fn login(mut self, user: impl Into<String>, secret: SecretSource) -> Self {
        self.user = Some((user.into(), secret));
        self
    }

    /// Authenticates by the [client certificate](Self::client_certificate), by EXTERNAL.
    #[must_use]
    pub fn login_by_certificate(mut self) -> Self {
        self.is_external = true;
        self
    }

    /// Sets the directory for what must outlive a restart. It is made when it is first needed, for its owner only. The
    /// default is the first of `$STATE_DIRECTORY`, which systemd sets, else `./state`.
    #[must_use]
    pub fn state(mut self, directory: impl Into<PathBuf>) -> Self {
        self.state = Some(directory.into());
        self
    }

    /// Sets how many connections there may be at a time. The default is 100, as servers after a relay take about that many.
    /// Each transaction of a client has one from its first recipient on. When all are in use, RCPT waits for ten seconds and
    /// then gets `451 4.4.5`. A client that is silent for a second while others wait loses its connection to them. When it
    /// goes on, the next hop is asked about its recipients again.
    #[must_use]
    pub fn connections(mut self, most: usize) -> Self {
        self.connections = most;
        self
    }

    /// Sets how long a connection waits for its next message. The default is 30 s, less than servers allow. 0 uses each
    /// connection once.
    #[must_use]
    pub fn idle(mut self, time: Duration) -> Self {
        self.idle = time;
        self
    }

    /// Sets how long each address of a next hop has to accept a connection, and then the TLS handshake. The default is 10 s,
    /// so that there is time for another target while the client waits.
    #[must_use]
    pub fn connect_timeout(mut self, time: Duration) -> Self {
        self.connect_timeout = time;
        self
    }

    /// Sets how long the next hop has to answer a command. The default is 60 s: the client that waits for it may give up
    /// after 300 s (RFC 5321 §4.5.3.2.3).
    #[must_use]
    pub fn command_timeout(mut self, time: Duration) -> Self {
        self.command_timeout = time;
        self
    }

    /// Sets how long the next hop may take no bytes of the content. The default is 180 s (RFC 5321 §4.5.3.2.5).
    #[must_use]
    pub fn content_timeout(mut self, time: Duration) -> Self {
        self.content_timeout = time;
        self
    }

    /// Sets how long the next hop has to answer after the content. The default is 600 s (RFC 5321 §4.5.3.2.6). The server
    /// waits for its store [less long](mailchute::Builder::store_timeout); an answer after that is remembered.
    #[must_use]
    pub fn end_timeout(mut self, time: Duration) -> Self {
        self.end_timeout = time;
        self
    }

    /// Where it forwards to, in the order in which they are tried.
    pub(crate) fn next_hops(&self) -> &[NextHop] {
        &self.next_hops
    }

    /// The files that the options name.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let own = self.certificate.iter().flat_map(|(chain, key)| [chain, key]);
        let secret = self.user.iter().filter_map(|(_, secret)| match secret {
            SecretSource::File(path) => Some(path),
            SecretSource::Env(_) => None,
        });
        self.ca.iter().chain(own).chain(secret).cloned().collect()
    }

    /// The directory for what must outlive a restart.
    pub(crate) fn state_directory(&self) -> PathBuf {
        self.state.clone().unwrap_or_else(default_state)
    }

    /// Reads the files that the options name. No connection is made before the first message.
    ///
    /// # Errors
    /// An error if there is no next hop, if a file cannot be read, or if options contradict each other.
    pub fn open(self) -> io::Result<Forward> {
        let pool = self.pool()?;
        let state = self.state_directory();
        Ok(Forward(Arc::new(Shared {
            pool,
            limits: Limits { block: self.content_timeout, end: self.end_timeout },
            remembered: Remembered::new(&state),
            undelivered: Undelivered::new(&state),
            options: self,
        })))
    }

    /// Reads the files, and returns the pool of all connections.
    pub(super) fn pool(&self) -> io::Result<Arc<Pool>> {
        self.check()?;
        let tls = if self.is_implicit { HopTls::Require } else { self.tls.unwrap_or_default() };
        let is_remote = self.next_hops.iter().any(|next_hop| matches!(next_hop, NextHop::Tcp { .. }));
        let own = self.certificate.as_ref().map(|(chain, key)| (chain.as_path(), key.as_path()));
        let files = Files { ca: self.ca.as_deref(), own };
        let client =
            (is_remote && tls != HopTls::Off).then(|| Tls::new(tls == HopTls::Require, files)).transpose()?;
        let login = match &self.user {
            Some((user, secret)) => Some(Login::Password { user: user.clone(), password: secret.read()? }),
            None => self.is_external.then_some(Login::Certificate),
        };
        let dial = Dial {
            protocol: self.protocol,
            tls,
            is_implicit: self.is_implicit,
            client,
            login,
            connect_limit: self.connect_timeout,
            command_limit: self.command_timeout,
        };
        let targets = self.next_hops.iter().cloned().map(Target::new).collect();
        Ok(Arc::new(Pool::new(dial, targets, self.connections, self.idle)))
    }

    /// Returns an error that says how the options contradict each other.
    pub(crate) fn check(&self) -> io::Result<()> {
        let wrong = |text: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, text.to_owned()));
        let is_verified = self.is_implicit || self.tls == Some(HopTls::Require);
        let is_local = self.next_hops.iter().all(|next_hop| matches!(next_hop, NextHop::Unix(_)));
        if self.next_hops.is_empty() {
            return wrong("there is no next hop");
        }
        if self.is_implicit && self.tls.is_some_and(|tls| tls != HopTls::Require) {
            return wrong("a connection that begins with TLS has verified TLS; leave the option tls out");
        }
        if (self.user.is_some() || self.is_external) && !is_verified && !is_local {
            return wrong("AUTH needs verified TLS; write tls=require or smtps:");
        }
        if self.is_external && (self.certificate.is_none() || self.user.is_some()) {
            return wrong("AUTH by certificate needs the options cert and key, and no user");
        }
        let wants_tls = is_verified || self.ca.is_some() || self.certificate.is_some();
        if is_local && wants_tls {
            return wrong("a Unix socket has no TLS; leave out tls, ca, cert and key");
        }
        if self.ca.is_some() && !is_verified {
            return wrong("opportunistic TLS verifies nothing; write tls=require next to ca");
        }
        Ok(())
    }
}

/// `$STATE_DIRECTORY` may name several, with colons between them.
fn default_state() -> PathBuf {
    let named = env::var_os("STATE_DIRECTORY").unwrap_or_default();
    env::split_paths(&named).find(|path| !path.as_os_str().is_empty()).unwrap_or_else(|| "state".into())
}

/// As the URL of a store: without the state directory and the times.
impl fmt::Display for ForwardBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.protocol, self.is_implicit) {
            (Protocol::Lmtp, _) => "lmtp:",
            (_, false) => "smtp://",
            (_, true) => "smtps://",
        })?;
        for (number, next_hop) in self.next_hops.iter().enumerate() {
            write!(f, "{}{next_hop}", if number == 0 { "" } else { "," })?;
        }
        let tls = self.tls.map(|tls| match tls {
            HopTls::Opportunistic => "tls=opportunistic".to_owned(),
            HopTls::Require => "tls=require".to_owned(),
            HopTls::Off => "tls=off".to_owned(),
        });
        let certificate = self.certificate.iter();
        let mut options: Vec<String> = tls.into_iter().collect();
        options.extend(self.ca.iter().map(|path| format!("ca={}", path.display())));
        options.extend(
            certificate.map(|(chain, key)| format!("cert={}&key={}", chain.display(), key.display())),
        );
        options.extend(self.user.iter().map(|(user, secret)| format!("user={user}&secret={secret}")));
        options.extend(self.is_external.then(|| "auth=external".to_owned()));
        options.extend((self.connections != 100).then(|| format!("connections={}", self.connections)));
        url_options::write(f, &options)
    }
}
