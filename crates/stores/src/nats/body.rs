//! Where the content of large messages goes: the options of a URL.

use std::fmt;
use std::io;

use super::objects::is_bucket;
use crate::NextHop;
#[cfg(feature = "s3")]
use crate::s3::{S3Builder, url};

/// The options, as an error names them.
pub(crate) const OPTIONS: &str = "body=objects:BUCKET, body=s3://BUCKET with s3-endpoint=https://HOST, s3-region=REGION, s3-key=ID, s3-secret=file:PATH, s3-timeout=60s and s3-ca=FILE";

/// How the options of S3 begin, besides those of NATS.
const PREFIX: &str = "s3-";

/// Where content goes that is too large for the stream.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    /// A bucket of the object store of JetStream.
    Objects(String),
    /// A bucket of S3.
    #[cfg(feature = "s3")]
    S3(Box<S3Builder>),
}

impl Body {
    /// Returns the servers besides those of NATS.
    pub(crate) fn next_hops(&self) -> &[NextHop] {
        match self {
            Self::Objects(_) => &[],
            #[cfg(feature = "s3")]
            Self::S3(builder) => builder.next_hops(),
        }
    }

    /// Returns the server if content goes to it through a network without TLS.
    pub(crate) fn exposed(&self) -> Option<String> {
        match self {
            Self::Objects(_) => None,
            #[cfg(feature = "s3")]
            Self::S3(builder) => builder.exposed(),
        }
    }

    /// Returns an error that says what is wrong with the options.
    pub(crate) fn check(&self) -> io::Result<()> {
        match self {
            Self::Objects(bucket) if !is_bucket(bucket) => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the name of a bucket has letters, digits, - and _ only; write body=objects:BUCKET",
            )),
            Self::Objects(_) => Ok(()),
            #[cfg(feature = "s3")]
            Self::S3(builder) => builder.check_for_contents(),
        }
    }
}

/// As options of a URL.
impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Objects(bucket) => write!(f, "body=objects:{bucket}"),
            #[cfg(feature = "s3")]
            Self::S3(builder) => {
                write!(f, "body={}", builder.place())?;
                builder.options(PREFIX).iter().try_for_each(|option| write!(f, "&{option}"))
            }
        }
    }
}

/// The options of a URL that say where content goes.
#[derive(Default)]
pub(crate) struct BodyOptions<'u> {
    body: Option<&'u str>,
    s3: Vec<(&'u str, &'u str)>,
}

impl<'u> BodyOptions<'u> {
    /// Takes an option, if it is one of these.
    pub(crate) fn takes(&mut self, name: &'u str, value: &'u str) -> bool {
        match name {
            "body" => self.body = Some(value),
            _ if name.starts_with(PREFIX) => self.s3.push((name, value)),
            _ => return false,
        }
        true
    }

    /// Returns what the options say together.
    ///
    /// # Errors
    /// A text that says what to write instead. It does not repeat a secret.
    pub(crate) fn body(self) -> Result<Option<Body>, String> {
        let kind = self.body.and_then(|body| body.split_once(':'));
        match (kind, self.s3.first()) {
            (Some(("s3", place)), _) => in_s3(place, &self.s3).map(Some),
            (_, Some((name, _))) => {
                Err(format!("{name} is for content in S3; write body=s3://BUCKET next to it"))
            }
            (Some(("objects", bucket)), None) => Ok(Some(Body::Objects(bucket.to_owned()))),
            _ => match self.body {
                Some(body) => Err(format!("{body:?} cannot hold content; write {OPTIONS}")),
                None => Ok(None),
            },
        }
    }
}

#[cfg(feature = "s3")]
fn in_s3(place: &str, options: &[(&str, &str)]) -> Result<Body, String> {
    let builder = url::of_place(place)
        .and_then(|builder| url::with_options(builder, options.iter().copied().map(Ok), PREFIX));
    Ok(Body::S3(Box::new(builder.map_err(|error| format!("body=s3: {error}"))?)))
}

#[cfg(not(feature = "s3"))]
fn in_s3(_place: &str, _options: &[(&str, &str)]) -> Result<Body, String> {
    Err("body=s3: is not in this build; build it with the feature s3, or with full".to_owned())
}
