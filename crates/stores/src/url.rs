//! Store URLs, and the store that each one names.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

#[cfg(feature = "webhook")]
use crate::WebhookBuilder;
use crate::forward::url as forward_url;
#[cfg(feature = "nats")]
use crate::nats::url as nats_url;
#[cfg(feature = "s3")]
use crate::s3::{S3Builder, url as s3_url};
#[cfg(feature = "webhook")]
use crate::webhook::url as webhook_url;
use crate::{
    AnyStore, Discard, ForwardBuilder, LineEnds, Maildir, MaildirBuilder, Maildirs, MaildirsBuilder, NextHop,
    PlaceError, Template, TemplateError,
};

/// Makes the store that a URL names, and opens it.
///
/// - `maildir:PATH`: a [`Maildir`]. The path is used as it is written, relative to the working directory if
///   it does not begin with `/`. `maildir:///PATH` is the same as `maildir:/PATH`. Options follow the first
///   `?`, with `&` between two: `mode=0660` is the [mode of files](MaildirBuilder::file_mode) in octal
///   digits. `line-ends=lf`, the default, or `line-ends=crlf` says [how lines
///   end](MaildirBuilder::line_ends). With `{user}`, `{domain}` or `{address}` in the path it is [`Maildirs`], one for
///   each user: `maildir:/var/mail/{domain}/{user}`. Then there are [`max-size=1G`](MaildirsBuilder::max_size) and
///   [`max-messages=10000`](MaildirsBuilder::max_messages) too. For the braces themselves write `{{` and `}}`.
/// - `lmtp:HOST:PORT`, `lmtp:unix:PATH`, `smtp://HOST:25` or `smtps://HOST:465`: a [`Forward`](crate::Forward).
///   With commas between several servers, the first that takes mail gets it. Options: `tls=require`,
///   `tls=opportunistic` (the default) or `tls=off`; `ca=FILE`; `cert=FILE` with `key=FILE`; `user=NAME` with
///   `secret=file:PATH` or `secret=env:NAME`; `auth=external`; `connections=NUMBER`.
/// - `nats://HOST/SUBJECT` or `tls://HOST/SUBJECT`: a `JetStream`, in a build with the feature `nats`. The subject may have
///   `{domain}` and the like. Options: `user=NAME` with `secret=file:PATH` or `secret=env:NAME`, or a `secret` alone as the
///   token; with `tls://` also `ca=FILE` and `cert=FILE` with `key=FILE`; `body=objects:BUCKET` for large messages, or
///   `body=s3://BUCKET` with the options of `s3:`, each with `s3-` before its name.
/// - `https://HOST/PATH` or `http://HOST/PATH`, with `{user}`, `{domain}` and the like in the path or without: a
///   [`Webhook`](crate::Webhook). Options: `format=raw` (the default) or `format=json`; `trace=on`; `secret=file:PATH` or
///   `secret=env:NAME`; `timeout=60s`; `connections=NUMBER`; `ca=FILE`; `cert=FILE` with `key=FILE`.
/// - `s3://BUCKET/{domain}/{id}`: an `S3`, with the feature `s3`. Options: `endpoint=https://HOST`, `region=REGION`,
///   `key=ID` with `secret=file:PATH` or `secret=env:NAME`, `ca=FILE`.
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

#[derive(Debug, Clone)]
enum Named {
    Maildir(MaildirBuilder),
    Maildirs(MaildirsBuilder),
    Forward(Box<ForwardBuilder>),
    #[cfg(feature = "nats")]
    JetStream(Box<crate::JetStreamBuilder>),
    #[cfg(feature = "webhook")]
    Webhook(Box<WebhookBuilder>),
    #[cfg(feature = "s3")]
    S3(Box<S3Builder>),
    Discard,
}

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
            "maildir" => maildir(url, rest).map(Self),
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
            #[cfg(feature = "nats")]
            Named::JetStream(_) => None,
            #[cfg(feature = "webhook")]
            Named::Webhook(_) => None,
            #[cfg(feature = "s3")]
            Named::S3(_) => None,
            Named::Forward(_) | Named::Discard => None,
        }
    }

    /// Returns the mode of that directory when it is made.
    #[must_use]
    pub fn directory_mode(&self) -> u32 {
        match &self.0 {
            Named::Maildir(builder) => builder.directory_mode(),
            Named::Maildirs(builder) => builder.directory_mode(),
            #[cfg(feature = "nats")]
            Named::JetStream(_) => 0o700,
            #[cfg(feature = "webhook")]
            Named::Webhook(_) => 0o700,
            #[cfg(feature = "s3")]
            Named::S3(_) => 0o700,
            Named::Forward(_) | Named::Discard => 0o700,
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
            #[cfg(feature = "nats")]
            Named::JetStream(_) => None,
            #[cfg(feature = "webhook")]
            Named::Webhook(_) => None,
            #[cfg(feature = "s3")]
            Named::S3(_) => None,
            Named::Maildir(_) | Named::Maildirs(_) | Named::Discard => None,
        }
    }

    /// Opens the store. The call blocks.
    ///
    /// # Errors
    /// [`StoreUrlError::Open`].
    pub fn open(self) -> Result<AnyStore, StoreUrlError> {
        match self.0 {
            Named::Maildir(builder) => Ok(builder.open().map_err(StoreUrlError::Open)?.into()),
            Named::Maildirs(builder) => Ok(builder.open().map_err(StoreUrlError::Open)?.into()),
            Named::Forward(builder) => Ok(builder.open().map_err(StoreUrlError::Open)?.into()),
            #[cfg(feature = "nats")]
            Named::JetStream(builder) => Ok(builder.open().map_err(StoreUrlError::Open)?.into()),
            #[cfg(feature = "webhook")]
            Named::Webhook(builder) => Ok(builder.open().map_err(StoreUrlError::Open)?.into()),
            #[cfg(feature = "s3")]
            Named::S3(builder) => Ok(builder.open().map_err(StoreUrlError::Open)?.into()),
            Named::Discard => Ok(Discard.into()),
        }
    }
}

/// The error of a URL that does not name a store. Its text says what to write instead.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreUrlError {
    /// It does not begin with a word and a colon.
    NoScheme(String),
    /// There is no store of this kind.
    UnknownScheme(String),
    /// `maildir:` is followed by nothing.
    MissingPath,
    /// `maildir://` is followed by the name of a host.
    Host(String),
    /// The path of a Maildir has braces with a name that cannot be filled in, or without a partner.
    Template(TemplateError),
    /// The path cannot name the Maildirs of users.
    Place(PlaceError),
    /// The store does not have this option, or not with this value, or has it twice.
    BadOption(String),
    /// `lmtp:`, `smtp:` or `smtps:` is followed by what names no server, or by wrong options. The text says which.
    Forward(String),
    /// `s3:` is followed by what names no bucket, or by wrong options. The text says which.
    S3(String),
    /// `nats:` or `tls:` is followed by what names no server or no subject, or by wrong options. The text says which.
    JetStream(String),
    /// `https:` or `http:` is followed by what no message can be posted to, or by wrong options. The text says which.
    Webhook(String),
    /// This build does not have the store.
    NotBuilt {
        /// How its URL begins.
        scheme: String,
        /// The feature of Cargo that adds it.
        feature: &'static str,
    },
    /// `discard:` is followed by something.
    Superfluous(String),
    /// The store could not be opened.
    Open(io::Error),
}

impl fmt::Display for StoreUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoScheme(url) if url.is_empty() => {
                write!(f, "the store has no URL; write maildir:PATH, {OTHERS}")
            }
            Self::NoScheme(url) => {
                write!(f, "{url:?} does not begin with a kind of store; write maildir:{url}, {OTHERS}")
            }
            Self::UnknownScheme(scheme) => {
                write!(f, "there is no store of the kind {scheme:?}; write maildir:PATH, {OTHERS}")
            }
            Self::MissingPath => {
                f.write_str("maildir: names no directory; write maildir:PATH, such as maildir:./mail")
            }
            Self::Host(url) => write!(
                f,
                "{url:?} names a host, but a Maildir is a directory on this one; write maildir:PATH, such as \
                 maildir:/var/mail/in or maildir:./mail"
            ),
            Self::Template(error) => write!(f, "the path after maildir: is wrong: {error}"),
            Self::Place(error) => write!(f, "the path after maildir: is wrong: {error}"),
            Self::BadOption(option) => {
                write!(f, "maildir: does not know the option {option:?}, or has it twice; write {OPTIONS}")
            }
            Self::Forward(text) | Self::JetStream(text) | Self::Webhook(text) | Self::S3(text) => {
                f.write_str(text)
            }
            Self::NotBuilt { scheme, feature } => write!(
                f,
                "this build has no store of the kind {scheme:?}; build it with the feature {feature}, or with full"
            ),
            Self::Superfluous(rest) => {
                write!(f, "discard: takes no path and no options, but {rest:?} follows it; write discard:")
            }
            Self::Open(error) => write!(f, "the store cannot be opened: {error}"),
        }
    }
}

impl Error for StoreUrlError {}

/// Returns whether a word is a scheme, not the beginning of a path (RFC 3986 §3.1).
fn is_scheme(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// The stores other than a Maildir.
const OTHERS: &str =
    "lmtp:HOST:PORT, smtp://HOST, https://HOST/PATH, s3://BUCKET, nats://HOST/SUBJECT or discard:";

const OPTIONS: &str = "line-ends=lf, line-ends=crlf or mode=0600 to mode=0666, with & between line-ends and mode; \
                       with {user} in the path also max-size=1G and max-messages=10000";

fn maildir(url: &str, rest: &str) -> Result<Named, StoreUrlError> {
    let (path, options) = match rest.split_once('?') {
        Some((path, options)) => (path, Some(options)),
        None => (rest, None),
    };
    let path = match path.strip_prefix("//") {
        None => path,
        Some("") => "",
        Some(path) if path.starts_with('/') => path,
        Some(_) => return Err(StoreUrlError::Host(url.to_owned())),
    };
    if path.is_empty() {
        return Err(StoreUrlError::MissingPath);
    }
    let template = Template::parse(path).map_err(StoreUrlError::Template)?;
    let mut named = match template.constant() {
        Some(path) => Named::Maildir(Maildir::builder(path)),
        None => Named::Maildirs(Maildirs::builder(template).map_err(StoreUrlError::Place)?),
    };
    let mut seen = Vec::new();
    for option in options.into_iter().flat_map(|options| options.split('&')) {
        let bad = || StoreUrlError::BadOption(option.to_owned());
        let (name, value) = option.split_once('=').ok_or_else(bad)?;
        if seen.contains(&name) {
            return Err(bad());
        }
        seen.push(name);
        named = with_option(named, name, value).ok_or_else(bad)?;
    }
    Ok(named)
}

fn with_option(named: Named, name: &str, value: &str) -> Option<Named> {
    match (name, named) {
        ("mode", Named::Maildir(builder)) => Some(Named::Maildir(builder.file_mode(mode(value)?))),
        ("mode", Named::Maildirs(builder)) => Some(Named::Maildirs(builder.file_mode(mode(value)?))),
        ("max-size", Named::Maildirs(builder)) => Some(Named::Maildirs(builder.max_size(bytes(value)?))),
        ("max-messages", Named::Maildirs(builder)) => {
            Some(Named::Maildirs(builder.max_messages(number(value)?)))
        }
        ("line-ends", Named::Maildir(builder)) => Some(Named::Maildir(builder.line_ends(line_ends(value)?))),
        ("line-ends", Named::Maildirs(builder)) => {
            Some(Named::Maildirs(builder.line_ends(line_ends(value)?)))
        }
        _ => None,
    }
}

fn line_ends(value: &str) -> Option<LineEnds> {
    match value {
        "lf" => Some(LineEnds::Lf),
        "crlf" => Some(LineEnds::Crlf),
        _ => None,
    }
}

/// Returns a number of bytes, with K, M or G for units of 1,024.
fn bytes(value: &str) -> Option<u64> {
    let units = [("K", 10), ("M", 20), ("G", 30)];
    let unit = units.into_iter().find_map(|(unit, bits)| Some((value.strip_suffix(unit)?, bits)));
    let (digits, bits) = unit.unwrap_or((value, 0));
    number(digits)?.checked_mul(1 << bits)
}

/// Returns a number of at least 1.
fn number(digits: &str) -> Option<u64> {
    let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
    digits.parse().ok().filter(|number| is_number && *number > 0)
}

/// Returns a mode that files can have, from octal digits.
fn mode(digits: &str) -> Option<u32> {
    let is_octal = matches!(digits.len(), 3 | 4) && digits.bytes().all(|digit| matches!(digit, b'0'..=b'7'));
    let mode = if is_octal { u32::from_str_radix(digits, 8).ok()? } else { return None };
    MaildirBuilder::is_file_mode(mode).then_some(mode)
}
