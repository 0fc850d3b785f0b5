//! The options of a webhook.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::client::{Connections, Timeouts, client};
use super::format::WebhookFormat;
use super::json::Json;
use super::mistake::WebhookError;
use super::post::Poster;
use super::server::WebServer;
use super::signature::Signer;
use super::{Shared, Webhook};
use crate::forward::tls::Files;
use crate::{NextHop, SecretSource, Template, url_options};

const TIMEOUT: Duration = Duration::from_secs(60);
const CONNECTIONS: usize = 100;

/// The options of a [`Webhook`], made by [`Webhook::builder`].
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use mailchute_stores::Webhook;
///
/// let webhook = Webhook::builder("http://localhost/{domain}/{user}")?.timeout(Duration::from_secs(30)).trace(true).open()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct WebhookBuilder {
    pub(super) url: Template,
    server: WebServer,
    pub(super) format: WebhookFormat,
    has_trace: bool,
    secret: Option<SecretSource>,
    ca: Option<PathBuf>,
    certificate: Option<(PathBuf, PathBuf)>,
    connections: usize,
    timeout: Duration,
    connect_timeout: Duration,
}

impl WebhookBuilder {
    pub(super) fn new(url: &str) -> Result<Self, WebhookError> {
        let template = Template::parse(url)?;
        let server = WebServer::of(&template)?;
        if url.contains(['?', '#']) {
            return Err(WebhookError::Query);
        }
        Ok(Self {
            url: template,
            server,
            format: WebhookFormat::default(),
            has_trace: false,
            secret: None,
            ca: None,
            certificate: None,
            connections: CONNECTIONS,
            timeout: TIMEOUT,
            connect_timeout: Duration::from_secs(10),
        })
    }

    /// Sets the body of a request. The default is [`WebhookFormat::Raw`].
    #[must_use]
    pub fn format(mut self, format: WebhookFormat) -> Self {
        self.format = format;
        self
    }

    /// Puts `Return-Path:`, `Delivered-To:` for the request's recipients, and `Received:` on top of the message. The default
    /// is off: the application gets what the client sent.
    #[must_use]
    pub fn trace(mut self, is_on: bool) -> Self {
        self.has_trace = is_on;
        self
    }

    /// Signs requests with this secret, as [Standard Webhooks](https://www.standardwebhooks.com) says. A secret is `whsec_`
    /// and 24 to 64 bytes in base64. With several, one per line, each signs: so the application can change to a new one.
    #[must_use]
    pub fn secret(mut self, secret: SecretSource) -> Self {
        self.secret = Some(secret);
        self
    }

    /// Trusts the authorities in this PEM file, instead of those of the system.
    #[must_use]
    pub fn ca(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca = Some(path.into());
        self
    }

    /// Shows the web server this certificate, with the key in the second file. Both are PEM.
    #[must_use]
    pub fn client_certificate(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.certificate = Some((certificate.into(), key.into()));
        self
    }

    /// Sets how many requests there may be at a time, and so how many connections. The default is 100. When all are in use,
    /// a message waits for ten seconds and is then answered `451 4.4.5`.
    #[must_use]
    pub fn connections(mut self, most: usize) -> Self {
        self.connections = most;
        self
    }

    /// Sets how long a request may take, from the connection to the status of the response. The default is 60 s. The server
    /// waits for its store [so long](mailchute::Builder::store_timeout).
    #[must_use]
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = time;
        self
    }

    /// Sets how long a connection may take, with TLS. The default is 10 s.
    #[must_use]
    pub fn connect_timeout(mut self, time: Duration) -> Self {
        self.connect_timeout = time;
        self
    }

    /// The server that it posts to.
    pub(crate) fn servers(&self) -> &[NextHop] {
        std::slice::from_ref(&self.server.next_hop)
    }

    /// Returns a warning about what is allowed but risky.
    pub(crate) fn warning(&self) -> Option<String> {
        let host = self.server.host_in_the_clear()?;
        Some(format!("{self}: mail goes to {host} without TLS, so others can read it; write https:"))
    }

    /// Returns an error that says how the options contradict each other.
    pub(crate) fn check(&self) -> io::Result<()> {
        if self.server.is_plain && (self.ca.is_some() || self.certificate.is_some()) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "http: has no TLS; leave out ca, cert and key, or write https:",
            ));
        }
        Ok(())
    }

    /// Reads the files that the options name. No connection is made before the first message.
    ///
    /// # Errors
    /// An error if a file cannot be read, if a secret is not one, or if options contradict each other.
    pub fn open(self) -> io::Result<Webhook> {
        self.check()?;
        let own = self.certificate.as_ref().map(|(chain, key)| (chain.as_path(), key.as_path()));
        let tls = (!self.server.is_plain).then_some(Files { ca: self.ca.as_deref(), own });
        let client = client(
            tls,
            Timeouts { connect: self.connect_timeout, response: self.timeout },
            Connections::Kept,
        )?;
        let signer = self.secret.as_ref().map(Signer::read).transpose()?;
        let poster = Poster {
            client,
            signer,
            connections: Arc::new(Semaphore::new(self.connections.min(Semaphore::MAX_PERMITS))),
            json: (self.format == WebhookFormat::Json).then(Json::default),
            has_trace: self.has_trace,
            target: self.url.beginning().split('/').take(3).collect::<Vec<_>>().join("/"),
        };
        Ok(Webhook(Arc::new(Shared { options: self, poster })))
    }
}

/// As the URL of a store.
impl fmt::Display for WebhookBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut options = Vec::new();
        options.extend((self.format == WebhookFormat::Json).then(|| "format=json".to_owned()));
        options.extend(self.has_trace.then(|| "trace=on".to_owned()));
        options.extend(self.secret.iter().map(|secret| format!("secret={secret}")));
        options.extend(self.ca.iter().map(|path| format!("ca={}", path.display())));
        let certificate = self.certificate.iter();
        options.extend(
            certificate.map(|(chain, key)| format!("cert={}&key={}", chain.display(), key.display())),
        );
        options
            .extend((self.connections != CONNECTIONS).then(|| format!("connections={}", self.connections)));
        options.extend((self.timeout != TIMEOUT).then(|| format!("timeout={}s", self.timeout.as_secs())));
        write!(f, "{}", self.url)?;
        url_options::write(f, &options)
    }
}
