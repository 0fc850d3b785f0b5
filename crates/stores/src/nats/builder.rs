//! The options of a stream.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::body::Body;
use super::connect::Link;
use super::servers::Servers;
use super::uploads::Bodies;
use super::{JetStream, MEMORY, Shared, subject};
#[cfg(feature = "s3")]
use crate::S3Builder;
use crate::{NextHop, SecretSource, Template, url_options};

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
    pub(super) body: Option<Body>,
}

impl JetStreamBuilder {
    pub(super) fn new(servers: Servers, subject: Template) -> Self {
        Self { servers, subject, body: None }
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
        self.body = Some(Body::Objects(bucket.into()));
        self
    }

    /// Puts the content of messages that are too large for the stream into this bucket of S3, instead of one of the object
    /// store. Its key must have `{id}`, and no other name in braces.
    ///
    /// The content is there before the message is in the stream. It is removed if the stream refuses the message.
    ///
    /// # Examples
    /// ```
    /// use mailchute_stores::{JetStream, NextHop, S3, Template};
    ///
    /// let bucket = S3::builder("mail", Template::parse("{id}")?).endpoint("http://127.0.0.1:9000");
    /// let options = JetStream::builder([NextHop::tcp("127.0.0.1", 4222)], Template::parse("mail.{domain}")?).s3(bucket);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "s3")]
    #[must_use]
    pub fn s3(mut self, bucket: S3Builder) -> Self {
        self.body = Some(Body::S3(Box::new(bucket)));
        self
    }

    /// Returns the servers to which the store connects: those of NATS, and that of a bucket.
    pub(crate) fn next_hops(&self) -> Vec<NextHop> {
        let body = self.body.iter().flat_map(Body::next_hops);
        self.servers.next_hops.iter().chain(body).cloned().collect()
    }

    /// Returns a warning if large messages cross a network without TLS.
    pub(crate) fn warning(&self) -> Option<String> {
        let server = self.body.as_ref()?.exposed()?;
        Some(format!(
            "{self}: large messages go to {server} without TLS, so others can read them; write s3-endpoint=https:"
        ))
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
        let bodies = self.body.clone().map(Bodies::open).transpose()?;
        Ok(JetStream(Arc::new(Shared {
            options: self,
            link,
            bodies,
            memory: Arc::new(Semaphore::new(MEMORY)),
        })))
    }

    /// Returns an error that says how the options contradict each other.
    pub(crate) fn check(&self) -> io::Result<()> {
        let wrong = |text: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, text.to_owned()));
        self.servers.check()?;
        if let Err(text) = subject::check(&self.subject) {
            return wrong(text);
        }
        self.body.as_ref().map_or(Ok(()), Body::check)
    }
}

/// As the URL of a store.
impl fmt::Display for JetStreamBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.servers, self.subject)?;
        let mut options = self.servers.options();
        options.extend(self.body.iter().map(Body::to_string));
        url_options::write(f, &options)
    }
}
