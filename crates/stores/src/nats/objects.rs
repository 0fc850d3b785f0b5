//! Content that is too large for the stream, in the object store of JetStream (ADR-20 of NATS).
//!
//! # Why
//!
//! `ObjectStore::put` of `async-nats` does not tell the name of its pieces. When it is given up in the middle, as often as
//! clients disconnect, they would stay in the bucket for ever. This upload removes them.

use async_nats::HeaderMap;
use async_nats::jetstream::Context;
use async_nats::jetstream::object_store::{ObjectInfo, ObjectOptions};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use bytes::{Bytes, BytesMut};
use mailchute::Refusal;
use sha2::{Digest as _, Sha256};

use super::error::NatsError;

/// Bytes in a piece, unless the server takes less.
const PIECE: usize = 128 * 1024;

/// One object, on its way into a bucket. Dropped before it is [kept](Self::keep), it is removed.
pub(super) struct Upload {
    context: Context,
    bucket: String,
    /// The name of the object, and of its pieces.
    name: String,
    piece: BytesMut,
    largest: usize,
    pieces: usize,
    bytes: usize,
    hash: Sha256,
    is_kept: bool,
}

impl Upload {
    /// Begins an object. The name is unique, and one word of a subject.
    pub(super) fn new(context: &Context, bucket: &str, name: String) -> Self {
        let largest = PIECE.min(context.client().max_payload());
        Self {
            context: context.clone(),
            bucket: bucket.to_owned(),
            name,
            piece: BytesMut::new(),
            largest,
            pieces: 0,
            bytes: 0,
            hash: Sha256::new(),
            is_kept: false,
        }
    }

    /// Adds bytes. The call returns when the server has all pieces that are complete.
    pub(super) async fn push(&mut self, mut bytes: &[u8]) -> Result<(), NatsError> {
        self.hash.update(bytes);
        self.bytes += bytes.len();
        while self.piece.len() + bytes.len() >= self.largest {
            let (now, later) = bytes.split_at(self.largest - self.piece.len());
            self.piece.extend_from_slice(now);
            bytes = later;
            self.send().await?;
        }
        self.piece.extend_from_slice(bytes);
        Ok(())
    }

    async fn send(&mut self) -> Result<(), NatsError> {
        let piece = self.piece.split().freeze();
        self.pieces += 1;
        self.context.publish(self.pieces_subject(), piece).await?.await?;
        Ok(())
    }

    /// Makes the object visible, once the server has all of it. Returns where it is.
    pub(super) async fn finish(&mut self) -> Result<String, Refusal> {
        if !self.piece.is_empty() {
            self.send().await.map_err(NatsError::refusal)?;
        }
        let info = ObjectInfo {
            name: self.name.clone(),
            description: None,
            metadata: Default::default(),
            headers: None,
            options: Some(ObjectOptions { link: None, max_chunk_size: Some(self.largest) }),
            bucket: self.bucket.clone(),
            nuid: self.name.clone(),
            size: self.bytes,
            chunks: self.pieces,
            modified: None,
            digest: Some(format!("SHA-256={}", URL_SAFE.encode(std::mem::take(&mut self.hash).finalize()))),
            deleted: false,
        };
        let info = Bytes::from(serde_json::to_vec(&info)?);
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Rollup", "sub");
        let sent = self.context.publish_with_headers(self.info_subject(), headers, info).await;
        let acknowledged = match sent {
            Ok(sent) => sent.await,
            Err(error) => Err(error),
        };
        acknowledged.map_err(|error| NatsError::from(error).refusal())?;
        Ok(format!("objects:{}/{}", self.bucket, self.name))
    }

    /// Lets the object stay: a message in the stream names it, or may do so.
    pub(super) fn keep(&mut self) {
        self.is_kept = true;
    }

    /// Removes the object, as no message names it.
    pub(super) fn give_up(mut self) {
        self.is_kept = false;
    }

    fn pieces_subject(&self) -> String {
        format!("$O.{}.C.{}", self.bucket, self.name)
    }

    fn info_subject(&self) -> String {
        format!("$O.{}.M.{}", self.bucket, URL_SAFE.encode(&self.name))
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if self.is_kept || self.pieces == 0 {
            return;
        }
        // Stores are dropped outside of a runtime at the end, but messages are not.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let subjects = [self.info_subject(), self.pieces_subject()];
        let (context, bucket) = (self.context.clone(), self.bucket.clone());
        runtime.spawn(async move {
            let removed = remove(&context, &bucket, subjects).await;
            if let Err(error) = removed {
                tracing::warn!(name: "nats-object-left", bucket, %error, "the content of a message that was given up stays in the bucket");
            }
        });
    }
}

async fn remove(context: &Context, bucket: &str, subjects: [String; 2]) -> Result<(), async_nats::Error> {
    let stream = context.get_stream_no_info(format!("OBJ_{bucket}")).await?;
    for subject in subjects {
        stream.purge().filter(subject).await?;
    }
    Ok(())
}

/// Returns whether a text can be the name of a bucket.
pub(super) fn is_bucket(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}
