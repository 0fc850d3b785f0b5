//! The content of a message: in the stream, or in an object store beside it.
//!
//! # Why
//!
//! Content is removed after the stream has confirmed that its message is done. If a server of the stream is killed then, it
//! may forget that, and hand the message out again. A removed object leaves a note in its bucket, which proves that the
//! message was done.

use std::error::Error;

use mailchute::Refusal;
use tokio::io::AsyncRead;

use super::queue::Queue;

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
    body: Option<&str>,
    payload: &'m [u8],
) -> Result<Content<'m>, Failure> {
    let Some(body) = body else { return Ok(Content::Here(Box::new(payload))) };
    let (bucket, name) = object(body)?;
    let bucket = queue.context().await?.get_object_store(bucket).await?;
    if bucket.info(name).await?.deleted {
        return Ok(Content::Removed);
    }
    Ok(Content::Here(Box::new(bucket.get(name).await?)))
}

/// Removes content that is not in the stream.
///
/// # Errors
/// If it may still be there.
pub(super) async fn remove(queue: &Queue, body: &str) -> Result<(), Failure> {
    let (bucket, name) = object(body)?;
    Ok(queue.context().await?.get_object_store(bucket).await?.delete(name).await?)
}

fn object(body: &str) -> Result<(&str, &str), Failure> {
    let place = body.strip_prefix(OBJECTS).and_then(|place| place.split_once('/'));
    place.ok_or_else(|| format!("{body:?} is not a place that can be read").into())
}

/// Returns the refusal of a message whose content cannot be read. It is for the log and for dead letters.
pub(super) fn unreadable(error: &dyn Error) -> Refusal {
    Refusal::new(451, (4, 3, 0), format!("The content cannot be read: {error}"))
}
