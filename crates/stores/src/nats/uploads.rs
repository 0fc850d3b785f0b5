//! Content on its way to where the stream does not keep it.

use async_nats::jetstream::Context;
use bytes::Bytes;
use mailchute::Refusal;

use super::body::Body;
use super::error::NatsError;
use super::objects::Upload;
#[cfg(feature = "s3")]
use crate::S3;
#[cfg(feature = "s3")]
use crate::s3::contents::{Content, ContentUpload};
use crate::unique::unique;

/// Where content goes, with what is needed to put it there.
#[derive(Debug, Clone)]
pub(crate) enum Bodies {
    /// A bucket of the object store of JetStream.
    Objects(String),
    #[cfg(feature = "s3")]
    S3(S3),
}

impl Bodies {
    /// Reads the files that the options name.
    pub(crate) fn open(body: Body) -> std::io::Result<Self> {
        Ok(match body {
            Body::Objects(bucket) => Self::Objects(bucket),
            #[cfg(feature = "s3")]
            Body::S3(builder) => Self::S3(builder.open()?),
        })
    }
}

/// The same content for each copy, since each is removed with its message. Dropped before the end, nothing stays.
pub(super) enum Uploads {
    Objects(Vec<Upload>),
    #[cfg(feature = "s3")]
    S3(Box<ContentUpload>),
}

impl Uploads {
    /// Begins so many copies. `id` is unique in this process.
    pub(super) fn begin(
        bodies: &Bodies,
        context: &Context,
        id: &str,
        copies: usize,
    ) -> Result<Self, Refusal> {
        Ok(match bodies {
            Bodies::Objects(bucket) => {
                let upload = |_| Upload::new(context, bucket, format!("{id}-{}", unique()));
                Self::Objects((0..copies).map(upload).collect())
            }
            #[cfg(feature = "s3")]
            Bodies::S3(s3) => Self::S3(Box::new(s3.begin_contents(id, copies)?)),
        })
    }

    /// Adds bytes.
    pub(super) async fn push(&mut self, bytes: &Bytes) -> Result<(), Refusal> {
        match self {
            Self::Objects(uploads) => {
                for upload in uploads {
                    upload.push(bytes).await.map_err(NatsError::refusal)?;
                }
                Ok(())
            }
            #[cfg(feature = "s3")]
            Self::S3(upload) => upload.push(bytes.clone()).await,
        }
    }

    /// Waits until all copies are safe.
    pub(super) async fn finish(self) -> Result<Vec<Stored>, Refusal> {
        match self {
            Self::Objects(uploads) => {
                let mut all = Vec::with_capacity(uploads.len());
                for mut upload in uploads {
                    let place = upload.finish().await?;
                    all.push(Stored::Object(place, Box::new(upload)));
                }
                Ok(all)
            }
            #[cfg(feature = "s3")]
            Self::S3(upload) => Ok(upload.finish().await?.into_iter().map(Stored::S3).collect()),
        }
    }
}

/// Content that is safe. It is removed when this is dropped, unless it is [kept](Self::keep).
pub(super) enum Stored {
    Object(String, Box<Upload>),
    #[cfg(feature = "s3")]
    S3(Content),
}

impl Stored {
    /// Where it is, as a message in the stream says it.
    pub(super) fn place(&self) -> &str {
        match self {
            Self::Object(place, _) => place,
            #[cfg(feature = "s3")]
            Self::S3(content) => content.place(),
        }
    }

    /// Lets it stay: a message in the stream names it, or may do so.
    pub(super) fn keep(&mut self) {
        match self {
            Self::Object(_, upload) => upload.keep(),
            #[cfg(feature = "s3")]
            Self::S3(content) => content.keep(),
        }
    }

    /// Removes it in the background, also after it was to stay.
    pub(super) fn remove(self) {
        match self {
            Self::Object(_, upload) => upload.give_up(),
            #[cfg(feature = "s3")]
            Self::S3(content) => content.remove(),
        }
    }
}
