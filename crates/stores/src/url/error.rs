//! The error of a URL that does not name a store.

use std::error::Error;
use std::fmt;
use std::io;

use crate::{PlaceError, TemplateError};

/// The stores other than a Maildir.
const OTHERS: &str =
    "lmtp:HOST:PORT, smtp://HOST, https://HOST/PATH, s3://BUCKET, nats://HOST/SUBJECT or discard:";

/// The options of a Maildir.
const OPTIONS: &str = "line-ends=lf, line-ends=crlf or mode=0600 to mode=0666, with & between line-ends and mode; \
                       with {user} in the path also max-size=1G and max-messages=10000";

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
