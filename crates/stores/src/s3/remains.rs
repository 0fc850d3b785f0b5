//! Objects and uploads of messages that were not answered yet. They are taken back unless the client gets 250.

use std::sync::Arc;
use std::time::Duration;

use object_store::MultipartId;
use object_store::path::Path;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use super::bucket::Bucket;
use super::failure::Failure;

/// How long the server is asked to take something back, if it does not answer.
const TRIES_FOR: Duration = Duration::from_secs(600);

/// Between the first and the second try. It doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);

const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Before an object is deleted once more. A server that was stuck may keep what was put before the deletion after it.
const ONCE_MORE: Duration = Duration::from_secs(10);

/// One object, or the beginning of one. It is taken back in the background when this is dropped.
#[derive(Debug)]
pub(super) struct Remains {
    bucket: Arc<Bucket>,
    location: Path,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Nothing,
    /// Parts of an upload that is not complete.
    Upload(MultipartId),
    /// An upload that the server has been asked to complete.
    Completing(MultipartId),
    /// An object, or one that the server has been asked to keep.
    Object,
}

impl Remains {
    pub(super) fn new(bucket: Arc<Bucket>, location: Path, what: What) -> Self {
        Self { bucket, location, what }
    }

    /// Sets what is at the server. Call it before each request that may change it.
    pub(super) fn set(&mut self, what: What) {
        self.what = what;
    }

    /// Returns the upload in parts, if there is one.
    pub(super) fn upload(&self) -> Option<&MultipartId> {
        match &self.what {
            What::Upload(upload) | What::Completing(upload) => Some(upload),
            What::Nothing | What::Object => None,
        }
    }

    /// Leaves the object where it is.
    pub(super) fn keep(mut self) {
        self.what = What::Nothing;
    }
}

impl Drop for Remains {
    fn drop(&mut self) {
        let what = std::mem::replace(&mut self.what, What::Nothing);
        if what == What::Nothing {
            return;
        }
        let (bucket, location) = (Arc::clone(&self.bucket), self.location.clone());
        match (Handle::try_current(), Arc::clone(&bucket.taken_back).try_acquire_owned()) {
            (Ok(runtime), Ok(permit)) => {
                runtime.spawn(async move {
                    take_back(&bucket, &location, &what).await;
                    drop(permit);
                });
            }
            _ => left_over(&location, "too many objects are being taken back"),
        }
    }
}

async fn take_back(bucket: &Bucket, location: &Path, what: &What) {
    if until_done(bucket, location, what).await && !matches!(what, What::Upload(_)) {
        sleep(ONCE_MORE).await;
        until_done(bucket, location, &What::Object).await;
    }
}

/// Tries until the server has answered. Returns whether it has done it.
async fn until_done(bucket: &Bucket, location: &Path, what: &What) -> bool {
    let (begin, mut pause) = (Instant::now(), FIRST_PAUSE);
    loop {
        let Err(failure) = try_once(bucket, location, what).await else { return true };
        if !failure.is_open || begin.elapsed() > TRIES_FOR {
            let cause = failure.refusal.cause().map(ToString::to_string);
            left_over(location, &cause.unwrap_or_default());
            return false;
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn try_once(bucket: &Bucket, location: &Path, what: &What) -> Result<(), Failure> {
    match what {
        What::Nothing => Ok(()),
        What::Object => bucket.delete(location).await,
        What::Upload(upload) | What::Completing(upload) => match bucket.abort(location, upload).await {
            Err(failure) if failure.status == Some(404) => match what {
                What::Completing(_) => bucket.delete(location).await,
                _ => Ok(()),
            },
            aborted => aborted,
        },
    }
}

fn left_over(location: &Path, error: &str) {
    tracing::warn!(
        name: "s3-left-over",
        key = %location,
        %error,
        "an object or a part of one stays in the bucket, though its client was not answered 250"
    );
}
