//! Store URLs, and the store that each one names.

mod error;
mod maildir;
mod named;

use std::path::{Path, PathBuf};

pub use error::StoreUrlError;

use crate::forward::url as forward_url;
#[cfg(feature = "nats")]
use crate::nats::url as nats_url;
#[cfg(feature = "s3")]
use crate::s3::url as s3_url;
#[cfg(feature = "webhook")]
use crate::webhook::url as webhook_url;
use crate::{AnyStore, Discard, NextHop, Template};
use named::Named;

/// Makes the store that a URL names, and opens it.
///
/// - `maildir:PATH`: a [`Maildir`](crate::Maildir). The path is used as it is written, relative to the working directory if
///   it does not begin with `/`. `maildir:///PATH` is the same as `maildir:/PATH`. Options follow the first
///   `?`, with `&` between two: `mode=0660` is the [mode of files](crate::MaildirBuilder::file_mode) in octal
///   digits. `line-ends=lf`, the default, or `line-ends=crlf` says [how lines
///   end](crate::MaildirBuilder::line_ends). With `{user}`, `{domain}` or `{address}` in the path it is [`Maildirs`](crate::Maildirs), one for
///   each user: `maildir:/var/mail/{domain}/{user}`. Then there are [`max-size=1G`](crate::MaildirsBuilder::max_size) and
///   [`max-messages=10000`](crate::MaildirsBuilder::max_messages) too. For the braces themselves write `{{` and `}}`.
/// - `lmtp:HOST:PORT`, `lmtp:unix:PATH`, `smtp://HOST:25` or `smtps://HOST:465`: a [`Forward`](crate::Forward).
///   With commas between several servers, the first that takes mail gets it. Options: `tls=require`,
///   `tls=opportunistic` (the default) or `tls=off`; `ca=FILE`; `cert=FILE` with `key=FILE`; `user=NAME` with
///   `secret=file:PATH` or `secret=env:NAME`; `auth=external`; `connections=NUMBER`.
/// - `nats://HOST/SUBJECT` or `tls://HOST/SUBJECT`: a `JetStream`, in a build with the feature `nats`. The subject may have
///   `{domain}` and the like. Options: `user=NAME` with `secret=file:PATH` or `secret=env:NAME`, or a `secret` alone as the
///   token. With `tls://` also `ca=FILE`, and `cert=FILE` with `key=FILE`. Large messages need `body=objects:BUCKET`. With
///   the feature `s3` there is also `body=s3://BUCKET`, with the options of `s3:`, each with `s3-` before its name.
/// - `https://HOST/PATH` or `http://HOST/PATH`, with `{user}`, `{domain}` and the like in the path or without: a
///   [`Webhook`](crate::Webhook). Options: `format=raw` (the default) or `format=json`; `trace=on`; `secret=file:PATH` or
///   `secret=env:NAME`; `timeout=60s`; `connections=NUMBER`; `ca=FILE`; `cert=FILE` with `key=FILE`.
/// - `s3://BUCKET/{domain}/{id}`: an `S3`, with the feature `s3`. Options: `endpoint=https://HOST`, `region=REGION`,
///   `key=ID` with `secret=file:PATH` or `secret=env:NAME`, `timeout=60s`, `ca=FILE`.
/// - `discard:`: [`Discard`].
///
/// The call blocks while it opens the store.
///
/// # Examples
/// ```
/// use mailchute::Server;
///
/// let store = mailchute_stores::from_url("discard:")?;
/// let server = Server::builder().store(store).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`StoreUrlError`]. Its text says what is wrong and what to write instead.
///
/// ```
/// let error = mailchute_stores::from_url("./mail").unwrap_err();
/// assert_eq!(error.to_string(), "\"./mail\" does not begin with a kind of store; write maildir:./mail, lmtp:HOST:PORT, smtp://HOST, https://HOST/PATH, s3://BUCKET, nats://HOST/SUBJECT or discard:");
/// ```
pub fn from_url(url: &str) -> Result<AnyStore, StoreUrlError> {
    StoreUrl::parse(url)?.open()
}

/// Checks whether a URL names a store. It neither opens nor makes anything.
///
/// # Errors
/// The errors of [`from_url`], other than those of opening the store.
///
/// ```
/// assert!(mailchute_stores::check_url("maildir:/no/such/directory").is_ok());
/// assert!(mailchute_stores::check_url("mailbox:/var/mail").is_err());
/// ```
pub fn check_url(url: &str) -> Result<(), StoreUrlError> {
    StoreUrl::parse(url).map(drop)
}

/// A parsed URL of a store; see [`from_url`]. Nothing has been opened or made yet.
///
/// # Examples
/// ```
/// use mailchute_stores::StoreUrl;
///
/// let url = StoreUrl::parse("maildir:/var/mail/in?mode=0660")?;
/// assert_eq!(url.directory(), Some("/var/mail/in".as_ref()));
/// # Ok::<(), mailchute_stores::StoreUrlError>(())
/// ```
#[derive(Debug, Clone)]
pub struct StoreUrl(Named);

impl StoreUrl {
    /// Parses a URL.
    ///
    /// # Errors
    /// The errors of [`from_url`], other than those of opening the store.
    pub fn parse(url: &str) -> Result<Self, StoreUrlError> {
        let (scheme, rest) = match url.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (scheme, rest),
            _ => return Err(StoreUrlError::NoScheme(url.to_owned())),
        };
        let scheme_name = scheme.to_ascii_lowercase();
        match scheme_name.as_str() {
            "maildir" => maildir::parse(url, rest).map(Self),
            "lmtp" | "smtp" | "smtps" => match forward_url::parse(&scheme_name, rest) {
                Ok(builder) => Ok(Self(Named::Forward(builder.into()))),
                Err(text) => Err(StoreUrlError::Forward(text)),
            },
            #[cfg(feature = "nats")]
            "nats" | "tls" => match nats_url::parse(&scheme_name, rest) {
                Ok(builder) => Ok(Self(Named::JetStream(builder.into()))),
                Err(text) => Err(StoreUrlError::JetStream(text)),
            },
            #[cfg(not(feature = "nats"))]
            "nats" | "tls" => Err(StoreUrlError::NotBuilt { scheme: scheme_name, feature: "nats" }),
            #[cfg(feature = "webhook")]
            "https" | "http" => match webhook_url::parse(url) {
                Ok(builder) => Ok(Self(Named::Webhook(builder.into()))),
                Err(text) => Err(StoreUrlError::Webhook(text)),
            },
            #[cfg(not(feature = "webhook"))]
            "https" | "http" => Err(StoreUrlError::NotBuilt { scheme: scheme_name, feature: "webhook" }),
            #[cfg(feature = "s3")]
            "s3" => match s3_url::parse(rest) {
                Ok(builder) => Ok(Self(Named::S3(builder.into()))),
                Err(text) => Err(StoreUrlError::S3(text)),
            },
            #[cfg(not(feature = "s3"))]
            "s3" => Err(StoreUrlError::NotBuilt { scheme: scheme_name, feature: "s3" }),
            "discard" if rest.is_empty() => Ok(Self(Named::Discard)),
            "discard" => Err(StoreUrlError::Superfluous(rest.to_owned())),
            _ => Err(StoreUrlError::UnknownScheme(scheme.to_owned())),
        }
    }

    /// Returns the directory of a Maildir, as it is written. For Maildirs of users it is the one in which all of them are.
    #[must_use]
    pub fn directory(&self) -> Option<&Path> {
        match &self.0 {
            Named::Maildir(builder) => Some(builder.path()),
            Named::Maildirs(builder) => Some(builder.path()),
            _ => None,
        }
    }

    /// Returns the mode of that directory when it is made.
    #[must_use]
    pub fn directory_mode(&self) -> u32 {
        match &self.0 {
            Named::Maildir(builder) => builder.directory_mode(),
            Named::Maildirs(builder) => builder.directory_mode(),
            _ => 0o700,
        }
    }

    /// Returns the template of a path, if the store has a Maildir for each user.
    #[must_use]
    pub fn user_directories(&self) -> Option<&Template> {
        match &self.0 {
            Named::Maildirs(builder) => Some(builder.template()),
            _ => None,
        }
    }

    /// Returns whether the store asks another server about each recipient, and gives it the mail.
    #[must_use]
    pub fn forwards(&self) -> bool {
        matches!(self.0, Named::Forward(_))
    }

    /// Returns the servers to which the store connects, so that a sandbox can allow it.
    #[must_use]
    pub fn next_hops(&self) -> Vec<NextHop> {
        match &self.0 {
            Named::Forward(builder) => builder.next_hops().to_vec(),
            #[cfg(feature = "nats")]
            Named::JetStream(builder) => builder.next_hops(),
            #[cfg(feature = "webhook")]
            Named::Webhook(builder) => builder.servers().to_vec(),
            #[cfg(feature = "s3")]
            Named::S3(builder) => builder.next_hops().to_vec(),
            Named::Maildir(_) | Named::Maildirs(_) | Named::Discard => Vec::new(),
        }
    }

    /// Returns whether the store reads messages several times, so that long ones wait in temporary files.
    ///
    /// ```
    /// use mailchute_stores::StoreUrl;
    ///
    /// assert!(StoreUrl::parse("lmtp:unix:/run/dovecot/lmtp")?.spools());
    /// assert!(!StoreUrl::parse("maildir:/var/mail/in")?.spools());
    /// # Ok::<(), mailchute_stores::StoreUrlError>(())
    /// ```
    #[must_use]
    pub fn spools(&self) -> bool {
        match &self.0 {
            #[cfg(feature = "webhook")]
            Named::Webhook(_) => true,
            Named::Forward(_) => true,
            _ => false,
        }
    }

    /// Returns a warning about what the URL allows although it is risky.
    ///
    /// ```
    /// use mailchute_stores::StoreUrl;
    ///
    /// let url = StoreUrl::parse("maildir:/var/mail/in")?;
    /// assert_eq!(url.warning(), None);
    /// # Ok::<(), mailchute_stores::StoreUrlError>(())
    /// ```
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        match &self.0 {
            #[cfg(feature = "nats")]
            Named::JetStream(builder) => builder.warning(),
            #[cfg(feature = "webhook")]
            Named::Webhook(builder) => builder.warning(),
            #[cfg(feature = "s3")]
            Named::S3(builder) => builder.warning(),
            _ => None,
        }
    }

    /// Returns whether the store reads the authorities of the system each time it connects, so that a sandbox can allow it.
    #[must_use]
    pub fn reads_authorities(&self) -> bool {
        match &self.0 {
            #[cfg(feature = "nats")]
            Named::JetStream(builder) => builder.uses_tls(),
            _ => false,
        }
    }

    /// Sets the directory for what must outlive a restart, if the store has anything of that kind.
    #[must_use]
    pub fn with_state(self, directory: impl Into<PathBuf>) -> Self {
        match self.0 {
            Named::Forward(builder) => Self(Named::Forward(Box::new(builder.state(directory)))),
            other => Self(other),
        }
    }

    /// Returns the directory for what must outlive a restart, if the store has anything of that kind.
    #[must_use]
    pub fn state_directory(&self) -> Option<PathBuf> {
        match &self.0 {
            Named::Forward(builder) => Some(builder.state_directory()),
            _ => None,
        }
    }

    /// Opens the store. The call blocks.
    ///
    /// # Errors
    /// [`StoreUrlError::Open`].
    pub fn open(self) -> Result<AnyStore, StoreUrlError> {
        let opened = match self.0 {
            Named::Maildir(builder) => builder.open().map(AnyStore::from),
            Named::Maildirs(builder) => builder.open().map(AnyStore::from),
            Named::Forward(builder) => builder.open().map(AnyStore::from),
            #[cfg(feature = "nats")]
            Named::JetStream(builder) => builder.open().map(AnyStore::from),
            #[cfg(feature = "webhook")]
            Named::Webhook(builder) => builder.open().map(AnyStore::from),
            #[cfg(feature = "s3")]
            Named::S3(builder) => builder.open().map(AnyStore::from),
            Named::Discard => Ok(Discard.into()),
        };
        opened.map_err(StoreUrlError::Open)
    }
}

/// Returns whether a word is a scheme, not the beginning of a path (RFC 3986 §3.1).
fn is_scheme(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}
