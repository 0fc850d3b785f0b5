//! The content of a message: in the stream, or in a bucket next to it.
//!
//! # Why
//!
//! Content is removed after the stream has confirmed that its message is done. If a server of the stream is killed then, it
//! may forget that, and hand the message out again. A removed object leaves a note in its bucket, which proves that the
//! message was done. S3 has no such note, so there the message becomes a dead letter without content.

use std::error::Error;

use tokio::io::AsyncRead;

use super::queue::Queue;
#[cfg(feature = "s3")]
use crate::S3;
use crate::nats::uploads::Bodies;

/// The content of a message.
pub(super) enum Content<'m> {
    Here(Box<dyn AsyncRead + Send + Unpin + 'm>),
    /// An earlier try has delivered the message to all recipients, and removed the content.
    Removed,
}

type Failure = Box<dyn Error + Send + Sync>;

/// The beginning of the place of an object in an object store of JetStream: `objects:BUCKET/NAME`.
const OBJECTS: &str = "objects:";

/// Opens the content of a message. `body` says where it is, if the payload is not the content.
///
/// # Errors
/// If it cannot be read now.
pub(super) async fn open<'m>(
    queue: &Queue,
    bodies: Option<&Bodies>,
    body: Option<&str>,
    payload: &'m [u8],
) -> Result<Content<'m>, Failure> {
    let Some(body) = body else { return Ok(Content::Here(Box::new(payload))) };
    match place(body, bodies)? {
        Place::Object(bucket, name) => {
            let bucket = queue.context().await?.get_object_store(bucket).await?;
            if bucket.info(name).await?.deleted {
                return Ok(Content::Removed);
            }
            Ok(Content::Here(Box::new(bucket.get(name).await?)))
        }
        #[cfg(feature = "s3")]
        Place::S3(s3) => Ok(Content::Here(Box::new(s3.open_content(body).await?))),
    }
}

/// Removes content that is not in the stream.
///
/// # Errors
/// If it may still be there.
pub(super) async fn remove(queue: &Queue, bodies: Option<&Bodies>, body: &str) -> Result<(), Failure> {
    match place(body, bodies)? {
        Place::Object(bucket, name) => {
            Ok(queue.context().await?.get_object_store(bucket).await?.delete(name).await?)
        }
        #[cfg(feature = "s3")]
        Place::S3(s3) => s3.remove_content(body).await,
    }
}

/// Where content is that is not in the stream.
enum Place<'p> {
    /// The bucket and the name of an object of JetStream.
    Object(&'p str, &'p str),
    #[cfg(feature = "s3")]
    S3(&'p S3),
}

fn place<'p>(body: &'p str, bodies: Option<&'p Bodies>) -> Result<Place<'p>, Failure> {
    match (body.split_once(':'), bodies) {
        #[cfg(feature = "s3")]
        (Some(("s3", _)), Some(Bodies::S3(s3))) => Ok(Place::S3(s3)),
        (Some(("s3", _)), _) => {
            let text = "is in S3; add body=s3://BUCKET with its options to the URL of the stream";
            Err(format!("{body:?} {text}").into())
        }
        _ => {
            let place = body.strip_prefix(OBJECTS).and_then(|place| place.split_once('/'));
            let (bucket, name) = place.ok_or_else(|| format!("{body:?} is not a place that can be read"))?;
            Ok(Place::Object(bucket, name))
        }
    }
}
