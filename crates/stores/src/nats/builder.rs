//! The options of a stream.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::connect::Link;
use super::objects::is_bucket;
use super::servers::Servers;
use super::{JetStream, MEMORY, Shared, subject};
use crate::{NextHop, SecretSource, Template};

/// The options of a [`JetStream`], made by [`JetStream::builder`].
///
/// # Examples
/// ```
/// use mailchute_stores::{JetStream, NextHop, Template};
///
/// let servers = [NextHop::tcp("nats1.example.com", 4222), NextHop::tcp("nats2.example.com", 4222)];
/// let store = JetStream::builder(servers, Template::parse("mail.{domain}")?).objects("mail").open()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct JetStreamBuilder {
    pub(super) servers: Servers,
    pub(super) subject: Template,
    pub(super) bucket: Option<String>,
}

impl JetStreamBuilder {
    pub(super) fn new(servers: Servers, subject: Template) -> Self {
        Self { servers, subject, bucket: None }
    }

    /// Demands TLS, with a certificate that names the host.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.servers.is_tls = true;
        self
    }

    /// Trusts the authorities in this PEM file, instead of those of the system.
    #[must_use]
    pub fn ca(mut self, path: impl Into<PathBuf>) -> Self {
        self.servers.ca = Some(path.into());
        self
    }

    /// Shows the server this certificate, with the key in the second file. Both are PEM.
    #[must_use]
    pub fn client_certificate(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.servers.cert = Some(certificate.into());
        self.servers.key = Some(key.into());
        self
    }

    /// Authenticates as this user, with a password. Towards another host it needs [TLS](Self::tls).
    #[must_use]
    pub fn login(mut self, user: impl Into<String>, secret: SecretSource) -> Self {
        self.servers.user = Some(user.into());
        self.servers.secret = Some(secret);
        self
    }

    /// Authenticates by a token. Towards another host it needs [TLS](Self::tls).
    #[must_use]
    pub fn token(mut self, secret: SecretSource) -> Self {
        self.servers.user = None;
        self.servers.secret = Some(secret);
        self
    }

    /// Puts the content of messages that are too large for the stream into this bucket of the object store. The default is
    /// to refuse them.
    #[must_use]
    pub fn objects(mut self, bucket: impl Into<String>) -> Self {
        self.bucket = Some(bucket.into());
        self
    }

    /// Returns the servers to which the store connects.
    pub(crate) fn next_hops(&self) -> &[NextHop] {
        &self.servers.next_hops
    }

    /// Returns whether connections have TLS. `async-nats` reads the authorities of the system for each, even where it has
    /// others.
    pub(crate) fn uses_tls(&self) -> bool {
        self.servers.is_tls
    }

    /// Opens the store. The call reads the files that the options name. It does not connect: the first message does, or
    /// [`JetStream::connect`].
    ///
    /// # Errors
    /// If the options contradict each other, or if a file cannot be read.
    pub fn open(self) -> io::Result<JetStream> {
        self.check()?;
        let link = Link::new(self.servers.clone())?;
        Ok(JetStream(Arc::new(Shared { options: self, link, memory: Arc::new(Semaphore::new(MEMORY)) })))
    }

    /// Returns an error that says how the options contradict each other.
    pub(crate) fn check(&self) -> io::Result<()> {
        let wrong = |text: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, text.to_owned()));
        self.servers.check()?;
        if let Err(text) = subject::check(&self.subject) {
            return wrong(text);
        }
        match &self.bucket {
            Some(bucket) if !is_bucket(bucket) => {
                wrong("the name of a bucket has letters, digits, - and _ only; write body=objects:BUCKET")
            }
            _ => Ok(()),
        }
    }
}

/// As the URL of a store.
impl fmt::Display for JetStreamBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.servers, self.subject)?;
        let mut options = self.servers.options();
        options.extend(self.bucket.iter().map(|bucket| format!("body=objects:{bucket}")));
        if options.is_empty() { Ok(()) } else { write!(f, "?{}", options.join("&")) }
    }
}
