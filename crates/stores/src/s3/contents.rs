//! Content of messages whose envelope another store keeps: a bucket next to a stream.

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use mailchute::Refusal;
use object_store::path::Path;
use object_store::{Attribute, Attributes};
use tokio::io::{AsyncRead, ReadBuf};

use super::S3;
use super::bucket::Bucket;
use super::failure::Failure;
use super::memory::Collector;
use super::object::Object;
use super::remains::{Remains, What};
use super::upload::{Fails, Upload};

/// Bytes that a reader asks for at a time, so that no request lasts as long as the store that takes them.
const PIECE: u64 = 1024 * 1024;

impl S3 {
    /// Begins objects for so many copies of one content. `id` is unique in this process.
    pub(crate) fn begin_contents(&self, id: &str, copies: usize) -> Result<ContentUpload, Refusal> {
        let shared = &self.0;
        let object = |number: usize| {
            let key = shared.key.without_destination(&format!("{id}-{number}-{}", shared.instance));
            let key = key.ok_or_else(|| Refusal::internal("the key of content has a destination"))?;
            let location = Path::parse(&key).map_err(Refusal::internal)?;
            let mut attributes = Attributes::new();
            attributes.insert(Attribute::ContentType, "message/rfc822".into());
            let remains = Remains::new(Arc::clone(&shared.bucket), location.clone(), What::Nothing);
            Ok(Object::new(location, attributes, Vec::new(), remains))
        };
        let objects = (0..copies).map(object).collect::<Result<_, Refusal>>()?;
        let upload = Upload::new(&shared.bucket, objects, Collector::new(shared.memory.clone()), Fails::All);
        Ok(ContentUpload { upload, bucket: shared.options.bucket.clone() })
    }

    /// Opens content at `s3://BUCKET/KEY`.
    ///
    /// # Errors
    /// If it is in another bucket, if there is none, or if the server does not answer.
    pub(crate) async fn open_content(
        &self,
        place: &str,
    ) -> Result<ContentReader, Box<dyn Error + Send + Sync>> {
        let (bucket, location) = (Arc::clone(&self.0.bucket), self.location(place)?);
        let (piece, size) = bucket.get(&location, 0..PIECE).await.map_err(said)?;
        Ok(ContentReader { bucket, location, position: piece.len() as u64, size, piece, request: None })
    }

    /// Removes content at `s3://BUCKET/KEY`.
    ///
    /// # Errors
    /// If it may still be there.
    pub(crate) async fn remove_content(&self, place: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
        let location = self.location(place)?;
        Ok(self.0.bucket.delete(&location).await.map_err(said)?)
    }

    fn location(&self, place: &str) -> Result<Path, Box<dyn Error + Send + Sync>> {
        let bucket = &self.0.options.bucket;
        let key = place.strip_prefix("s3://").and_then(|place| place.strip_prefix(bucket)?.strip_prefix('/'));
        let key = key.ok_or_else(|| format!("{place:?} is not in the bucket {bucket:?}"))?;
        Ok(Path::parse(key)?)
    }
}

/// The failure as the log shows it.
fn said(failure: Failure) -> io::Error {
    let cause = failure.refusal.cause().map(ToString::to_string);
    io::Error::other(cause.unwrap_or_else(|| failure.refusal.to_string()))
}

/// Copies of one content on their way. Dropped before the end, they leave nothing.
#[derive(Debug)]
pub(crate) struct ContentUpload {
    upload: Upload,
    bucket: String,
}

impl ContentUpload {
    /// Adds bytes, in bounded memory.
    pub(crate) async fn push(&mut self, bytes: Bytes) -> Result<(), Refusal> {
        self.upload.push(bytes).await
    }

    /// Waits until the server has all copies.
    pub(crate) async fn finish(self) -> Result<Vec<Content>, Refusal> {
        let objects = self.upload.finish().await?.into_iter();
        let content = |object: Object| Content {
            place: format!("s3://{}/{}", self.bucket, object.location),
            remains: object.remains,
        };
        Ok(objects.map(content).collect())
    }
}

/// Content that the server has. It is removed when this is dropped, unless it is [kept](Self::keep).
#[derive(Debug)]
pub(crate) struct Content {
    place: String,
    remains: Remains,
}

impl Content {
    /// Where it is: `s3://BUCKET/KEY`.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Lets it stay.
    pub(crate) fn keep(&mut self) {
        self.remains.set(What::Nothing);
    }

    /// Removes it in the background, also after it was to stay.
    pub(crate) fn remove(mut self) {
        self.remains.set(What::Object);
    }
}

type Request = Pin<Box<dyn Future<Output = Result<(Bytes, u64), Failure>> + Send>>;

/// Reads content, piece by piece.
pub(crate) struct ContentReader {
    bucket: Arc<Bucket>,
    location: Path,
    /// The end of `piece` within the content.
    position: u64,
    size: u64,
    piece: Bytes,
    request: Option<Request>,
}

impl AsyncRead for ContentReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.piece.is_empty() && this.position < this.size {
            let request = this.request.get_or_insert_with(|| {
                let (bucket, location) = (Arc::clone(&this.bucket), this.location.clone());
                let range = this.position..this.size.min(this.position + PIECE);
                Box::pin(async move { bucket.get(&location, range).await })
            });
            let got = ready!(request.as_mut().poll(context));
            this.request = None;
            let (piece, size) = got.map_err(said)?;
            if piece.is_empty() || size != this.size {
                return Poll::Ready(Err(io::Error::other("the object has changed")));
            }
            this.position += piece.len() as u64;
            this.piece = piece;
        }
        let length = this.piece.len().min(buffer.remaining());
        buffer.put_slice(&this.piece[..length]);
        this.piece.advance(length);
        Poll::Ready(Ok(()))
    }
}
