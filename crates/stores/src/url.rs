//! The one place that maps a store URL to a store.

use std::error::Error;
use std::fmt;
use std::io;

use crate::{AnyStore, Discard, Maildir};

/// Makes the store that a URL names, and opens it.
///
/// - `maildir:PATH`: a [`Maildir`]; the path is taken as it stands, relative to the working directory if it does
///   not begin with `/`. `maildir:///PATH` is the same as `maildir:/PATH`.
/// - `discard:`: [`Discard`].
///
/// It blocks while it opens the store.
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
/// [`StoreUrlError`], whose text says what is wrong and what to write instead.
///
/// ```
/// let error = mailchute_stores::from_url("./mail").unwrap_err();
/// assert_eq!(error.to_string(), "\"./mail\" names no kind of store; write maildir:./mail or discard:");
/// ```
pub fn from_url(url: &str) -> Result<AnyStore, StoreUrlError> {
    match Named::parse(url)? {
        Named::Maildir(path) => Ok(Maildir::open(path).map_err(StoreUrlError::Open)?.into()),
        Named::Discard => Ok(Discard.into()),
    }
}

/// Says whether a URL names a store, and neither opens nor makes anything.
///
/// # Errors
/// As [`from_url`], but for what is found when the store is opened.
///
/// ```
/// assert!(mailchute_stores::check_url("maildir:/no/such/folder").is_ok());
/// assert!(mailchute_stores::check_url("mailbox:/var/mail").is_err());
/// ```
pub fn check_url(url: &str) -> Result<(), StoreUrlError> {
    Named::parse(url).map(drop)
}

/// What a URL names.
enum Named<'u> {
    Maildir(&'u str),
    Discard,
}

impl<'u> Named<'u> {
    fn parse(url: &'u str) -> Result<Self, StoreUrlError> {
        let (scheme, rest) = match url.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (scheme, rest),
            _ => return Err(StoreUrlError::NoScheme(url.to_owned())),
        };
        match scheme.to_ascii_lowercase().as_str() {
            "maildir" => maildir_path(url, rest).map(Self::Maildir),
            "discard" if rest.is_empty() => Ok(Self::Discard),
            "discard" => Err(StoreUrlError::Superfluous(rest.to_owned())),
            _ => Err(StoreUrlError::UnknownScheme(scheme.to_owned())),
        }
    }
}

/// Why a URL makes no store; its text says what to write instead.
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
    /// `discard:` is followed by something.
    Superfluous(String),
    /// The store could not be opened.
    Open(io::Error),
}

impl fmt::Display for StoreUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoScheme(url) if url.is_empty() => {
                f.write_str("the store has no URL; write maildir:PATH or discard:")
            }
            Self::NoScheme(url) => {
                write!(f, "{url:?} names no kind of store; write maildir:{url} or discard:")
            }
            Self::UnknownScheme(scheme) => {
                write!(f, "there is no store of the kind {scheme:?}; write maildir:PATH or discard:")
            }
            Self::MissingPath => {
                f.write_str("maildir: names no directory; write maildir:PATH, such as maildir:./mail")
            }
            Self::Host(url) => write!(
                f,
                "{url:?} names a host, but a Maildir is a directory on this one; write maildir:PATH, such as \
                 maildir:/var/mail/in or maildir:./mail"
            ),
            Self::Superfluous(rest) => {
                write!(f, "discard: keeps nothing, so {rest:?} means nothing behind it; write discard:")
            }
            Self::Open(error) => write!(f, "the store cannot be opened: {error}"),
        }
    }
}

impl Error for StoreUrlError {}

/// Whether a word is a scheme, rather than the beginning of a path (RFC 3986 §3.1).
fn is_scheme(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

fn maildir_path<'a>(url: &str, rest: &'a str) -> Result<&'a str, StoreUrlError> {
    let path = match rest.strip_prefix("//") {
        None => rest,
        Some("") => "",
        Some(path) if path.starts_with('/') => path,
        Some(_) => return Err(StoreUrlError::Host(url.to_owned())),
    };
    if path.is_empty() { Err(StoreUrlError::MissingPath) } else { Ok(path) }
}
