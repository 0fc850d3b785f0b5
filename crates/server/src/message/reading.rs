//! A read of a message that has begun.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;

use super::body_error::BodyError;
use super::content::Content;

pub(super) type Chunk = Result<Option<Bytes>, BodyError>;

/// A read that has begun. It owns the content until it is done. So nothing is lost if it is not polled again.
pub(crate) struct Reading(Mutex<Pin<Box<Read>>>);

/// The content, and the bytes that were read of it.
type Read = dyn Future<Output = (Content, Chunk)> + Send;

impl Reading {
    pub(super) fn new(mut content: Content) -> Self {
        Self(Mutex::new(Box::pin(async move {
            let chunk = content.chunk().await;
            (content, chunk)
        })))
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<(Content, Chunk)> {
        // The lock only makes such a message `Sync`, like any other.
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut().poll(context)
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reading(..)")
    }
}
