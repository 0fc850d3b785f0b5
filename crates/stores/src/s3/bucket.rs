//! The requests to a bucket.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use object_store::aws::AmazonS3;
use object_store::multipart::{MultipartStore as _, PartId};
use object_store::path::Path;
use object_store::{
    Attributes, GetOptions, GetRange, MultipartId, ObjectStore as _, ObjectStoreExt as _, PutMode,
    PutMultipartOptions, PutOptions, PutPayload,
};
use tokio::sync::Semaphore;

use super::failure::Failure;

/// How many objects and uploads may wait at a time to be taken back.
const TAKEN_BACK: usize = 1000;

/// A bucket at a server. Requests are tried once: the sender of the message tries again.
#[derive(Debug)]
pub(super) struct Bucket {
    s3: AmazonS3,
    /// Names the server and the bucket, for the log.
    place: String,
    /// Cleared once the server has said that it does not know `If-None-Match`.
    has_conditions: AtomicBool,
    /// A permit for each object that is being taken back.
    pub(super) taken_back: Arc<Semaphore>,
}

impl Bucket {
    pub(super) fn new(s3: AmazonS3, place: String) -> Self {
        let taken_back = Arc::new(Semaphore::new(TAKEN_BACK));
        Self { s3, place, has_conditions: AtomicBool::new(true), taken_back }
    }

    /// Puts a whole object, but not over another.
    pub(super) async fn put(
        &self,
        location: &Path,
        content: PutPayload,
        attributes: Attributes,
    ) -> Result<(), Failure> {
        let options = PutOptions { attributes, ..PutOptions::default() };
        if self.has_conditions.load(Ordering::Relaxed) {
            let create = PutOptions { mode: PutMode::Create, ..options.clone() };
            let put = self.s3.put_opts(location, content.clone(), create).await;
            match put.map_err(|error| self.failure(&error)) {
                Err(failure) if failure.status == Some(501) => {
                    self.has_conditions.store(false, Ordering::Relaxed);
                }
                put => return put.map(drop),
            }
        }
        self.s3.put_opts(location, content, options).await.map(drop).map_err(|error| self.failure(&error))
    }

    /// Begins an upload in parts.
    pub(super) async fn begin(
        &self,
        location: &Path,
        attributes: Attributes,
    ) -> Result<MultipartId, Failure> {
        let options = PutMultipartOptions { attributes, ..PutMultipartOptions::default() };
        self.s3.create_multipart_opts(location, options).await.map_err(|error| self.failure(&error))
    }

    /// Uploads a part. The first has the number 0.
    pub(super) async fn put_part(
        &self,
        location: &Path,
        upload: &MultipartId,
        number: usize,
        content: PutPayload,
    ) -> Result<PartId, Failure> {
        self.s3.put_part(location, upload, number, content).await.map_err(|error| self.failure(&error))
    }

    /// Makes the object out of its parts.
    pub(super) async fn complete(
        &self,
        location: &Path,
        upload: &MultipartId,
        parts: Vec<PartId>,
    ) -> Result<(), Failure> {
        let completed = self.s3.complete_multipart(location, upload, parts).await;
        completed.map(drop).map_err(|error| self.failure(&error))
    }

    /// Removes an upload and its parts. The failure has status 404 if it is not there any more, as it is complete.
    pub(super) async fn abort(&self, location: &Path, upload: &MultipartId) -> Result<(), Failure> {
        self.s3.abort_multipart(location, upload).await.map_err(|error| self.failure(&error))
    }

    /// Removes an object, if it is there.
    pub(super) async fn delete(&self, location: &Path) -> Result<(), Failure> {
        self.s3.delete(location).await.map_err(|error| self.failure(&error))
    }

    /// Reads bytes of an object, fewer at its end. Also returns the size of the whole object.
    pub(super) async fn get(&self, location: &Path, range: Range<u64>) -> Result<(Bytes, u64), Failure> {
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        let got = self.s3.get_opts(location, options).await.map_err(|error| self.failure(&error))?;
        let size = got.meta.size;
        let bytes = got.bytes().await.map_err(|error| self.failure(&error))?;
        Ok((bytes, size))
    }

    fn failure(&self, error: &object_store::Error) -> Failure {
        Failure::new(error, &self.place)
    }
}
