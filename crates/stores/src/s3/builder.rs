//! The options of an S3 store.

use std::env;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use object_store::RetryConfig;
use object_store::aws::{AmazonS3, AmazonS3Builder};

use super::bucket::Bucket;
use super::client::Client;
use super::endpoint::Endpoint;
use super::key::Key;
use super::memory::Memory;
use super::upload::PART;
use super::{S3, Shared};
use crate::unique::unique;
use crate::{NextHop, SecretSource, Template, url_options};

/// The region of those who name none.
const REGION: &str = "us-east-1";

const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// A message needs memory for two parts, and for the block in which the second one ends.
const LEAST_MEMORY: usize = 3 * PART;

/// The options of an [`S3`] store, made by [`S3::builder`].
///
/// Its `Display` is the URL of such a store.
///
/// # Examples
/// ```
/// use mailchute_stores::{S3, Template};
///
/// let options = S3::builder("mail", Template::parse("{domain}/{id}")?)
///     .endpoint("http://127.0.0.1:9000")
///     .credentials("mailchute", "file:/etc/mailchute/s3.secret".parse()?);
/// assert_eq!(
///     options.to_string(),
///     "s3://mail/{domain}/{id}?endpoint=http://127.0.0.1:9000&key=mailchute&secret=file:/etc/mailchute/s3.secret"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is opened"]
pub struct S3Builder {
    pub(super) bucket: String,
    key: Template,
    endpoint: Option<String>,
    region: Option<String>,
    credentials: Option<(String, SecretSource)>,
    ca: Option<PathBuf>,
    request_timeout: Duration,
    memory: usize,
    next_hops: Vec<NextHop>,
}

impl S3Builder {
    pub(super) fn new(bucket: String, key: Template) -> Self {
        Self {
            bucket,
            key,
            endpoint: None,
            region: None,
            credentials: None,
            ca: None,
            request_timeout: REQUEST_TIMEOUT,
            memory: 128 * 1024 * 1024,
            next_hops: vec![Endpoint::amazon(REGION).next_hop()],
        }
    }

    /// Sets the URL of the server: `https://HOST`, or `http://HOST:PORT` without TLS. Buckets are the first part of its
    /// paths. The default is the server of Amazon for the region.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        let url = url.into();
        self.next_hops = Endpoint::parse(&url).iter().map(Endpoint::next_hop).collect();
        self.endpoint = Some(url);
        self
    }

    /// Sets the region of the bucket. The default is the first of `$AWS_REGION` and `$AWS_DEFAULT_REGION`, else
    /// `us-east-1`.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Sets the name of an access key, and where its secret stands. By default both are taken from
    /// `$AWS_ACCESS_KEY_ID` and `$AWS_SECRET_ACCESS_KEY`, with `$AWS_SESSION_TOKEN` if there is one.
    ///
    /// Nothing else is asked for credentials: no metadata service, no file of the home directory.
    pub fn credentials(mut self, key: impl Into<String>, secret: SecretSource) -> Self {
        self.credentials = Some((key.into(), secret));
        self
    }

    /// Trusts the authorities in this PEM file, instead of those of the system.
    pub fn ca(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca = Some(path.into());
        self
    }

    /// Sets how long a request may take. The default is 60 s. A request carries 5 MiB at most. After this time the client
    /// gets `451 4.4.1`.
    pub fn request_timeout(mut self, time: Duration) -> Self {
        self.request_timeout = time;
        self
    }

    /// Sets how many bytes all messages of the store may take in memory, at least 15 MiB. The default is 128 MiB.
    ///
    /// A message takes as much as it has, up to 10 MiB; its first 64 KiB are not counted. If there is no memory for ten
    /// seconds, a message gets `452 4.3.1`.
    pub fn memory(mut self, bytes: usize) -> Self {
        self.memory = bytes;
        self
    }

    /// The server, so that a sandbox can allow it.
    pub(crate) fn next_hops(&self) -> &[NextHop] {
        &self.next_hops
    }

    /// Returns a warning if mail crosses a network without TLS.
    pub(crate) fn warning(&self) -> Option<String> {
        let endpoint = self.exposed()?;
        Some(format!(
            "{self}: mail goes to {endpoint} without TLS, so others can read it; write endpoint=https:"
        ))
    }

    /// Returns the server if mail to it crosses a network without TLS.
    pub(crate) fn exposed(&self) -> Option<String> {
        let endpoint = self.endpoint.as_deref().and_then(|url| Endpoint::parse(url).ok())?;
        endpoint.is_exposed().then(|| endpoint.to_string())
    }

    /// Returns an error if the options are wrong for [contents](super::contents), whose key has no destination.
    pub(crate) fn check_for_contents(&self) -> io::Result<()> {
        let (key, _) = self.check()?;
        match key.without_destination("") {
            Some(_) => Ok(()),
            None => Err(wrong(
                "content may be for several users, so its key has {id} and text only; write body=s3://BUCKET/{id}",
            )),
        }
    }

    /// The bucket and the template of keys, as a URL has them.
    pub(crate) fn place(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }

    /// The options as a URL has them. Each name begins with `prefix`.
    pub(crate) fn options(&self, prefix: &str) -> Vec<String> {
        let credentials = self.credentials.as_ref();
        let options = [
            self.endpoint.as_ref().map(|endpoint| format!("{prefix}endpoint={endpoint}")),
            self.region.as_ref().map(|region| format!("{prefix}region={region}")),
            credentials.map(|(key, _)| format!("{prefix}key={key}")),
            credentials.map(|(_, secret)| format!("{prefix}secret={secret}")),
            self.ca.as_ref().map(|ca| format!("{prefix}ca={}", ca.display())),
            (self.request_timeout != REQUEST_TIMEOUT)
                .then(|| format!("{prefix}timeout={}s", self.request_timeout.as_secs())),
        ];
        options.into_iter().flatten().collect()
    }

    /// Reads the files and variables that the options name. No connection is made before the first message.
    ///
    /// # Errors
    /// An error if an option is wrong, if a file cannot be read, or if there are no credentials.
    pub fn open(self) -> io::Result<S3> {
        let (key, named) = self.check()?;
        let region = self.region.clone().or_else(|| variable("AWS_REGION"));
        let region = region.or_else(|| variable("AWS_DEFAULT_REGION")).unwrap_or_else(|| REGION.to_owned());
        let endpoint = named.unwrap_or_else(|| Endpoint::amazon(&region));
        let client = Client::new(&endpoint, self.ca.as_deref(), self.request_timeout)?;
        let place = format!("bucket {:?} at {endpoint}", self.bucket);
        let bucket = Bucket::new(self.connected(client, &endpoint, &region)?, place);
        Ok(S3(Arc::new(Shared {
            bucket: Arc::new(bucket),
            key,
            memory: Memory::new(self.memory),
            instance: unique(),
            options: self,
        })))
    }

    fn connected(&self, client: Client, endpoint: &Endpoint, region: &str) -> io::Result<AmazonS3> {
        let retry = RetryConfig { max_retries: 0, ..RetryConfig::default() };
        let builder = AmazonS3Builder::new()
            .with_bucket_name(&self.bucket)
            .with_region(region)
            .with_endpoint(endpoint.to_string())
            .with_disable_bulk_delete(true)
            .with_retry(retry)
            .with_http_connector(client);
        let builder = match &self.credentials {
            Some((key, secret)) => {
                builder.with_access_key_id(key).with_secret_access_key(secret.read()?.as_str())
            }
            None => {
                let named = variable("AWS_ACCESS_KEY_ID").zip(variable("AWS_SECRET_ACCESS_KEY"));
                let (key, secret) = named.ok_or_else(|| {
                    wrong("there are no credentials for S3; write key=ID&secret=file:PATH, or s3-key=ID&s3-secret=file:PATH next to body=s3:, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
                })?;
                let builder = builder.with_access_key_id(key).with_secret_access_key(secret);
                match variable("AWS_SESSION_TOKEN") {
                    Some(token) => builder.with_token(token),
                    None => builder,
                }
            }
        };
        builder.build().map_err(io::Error::other)
    }

    /// Returns the parsed options, or an error that says which one is wrong.
    pub(super) fn check(&self) -> io::Result<(Key, Option<Endpoint>)> {
        let is_bucket = (3..=63).contains(&self.bucket.len())
            && self.bucket.starts_with(|c: char| c.is_ascii_alphanumeric())
            && self.bucket.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
        if !is_bucket {
            return Err(wrong(&format!(
                "{:?} does not name a bucket; write s3://BUCKET/{{domain}}/{{id}}, with 3 to 63 letters, digits, dots and hyphens",
                self.bucket
            )));
        }
        let is_word = |word: &str| word.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        if self.region.as_deref().is_some_and(|region| region.is_empty() || !is_word(region)) {
            return Err(wrong("the region has letters, digits and hyphens only, such as eu-central-1"));
        }
        if self
            .credentials
            .as_ref()
            .is_some_and(|(key, _)| key.is_empty() || !key.chars().all(|c| c.is_ascii_graphic()))
        {
            return Err(wrong("the name of the key has visible ASCII characters only"));
        }
        if self.memory < LEAST_MEMORY {
            return Err(wrong("one message needs up to 15 MiB of memory"));
        }
        let endpoint =
            self.endpoint.as_deref().map(Endpoint::parse).transpose().map_err(|text| wrong(&text))?;
        if self.ca.is_some() && endpoint.as_ref().is_some_and(|endpoint| !endpoint.is_tls()) {
            return Err(wrong("http: has no TLS, so nothing is verified; write https: next to ca"));
        }
        let key = Key::new(self.key.clone()).map_err(|text| wrong(&text))?;
        Ok((key, endpoint))
    }
}

/// Returns a variable of the environment that is not empty.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn wrong(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text.to_owned())
}

/// As the URL of a store: without the memory.
impl fmt::Display for S3Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place())?;
        let options = self.options("");
        url_options::write(f, &options)
    }
}
