//! The content of a message on its way from the driver to its readers.
//!
//! The driver hands one chunk over at a time, and continues when a reader has taken it. So a slow reader leaves
//! the socket unread. A reader that is not the last leaves what it read in a [`Spool`] for the next.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use tokio::time::Instant;

use crate::message::BodyError;
use crate::message::edits::SharedEdits;
use crate::message::refusals::Refusals;
use crate::message::spool::Spool;

/// The state that the driver and the readers share.
#[derive(Debug, Default)]
struct Channel {
    handoff: Mutex<Handoff>,
    spool: tokio::sync::Mutex<Spool>,
    edits: SharedEdits,
    refusals: Refusals,
}

#[derive(Debug, Default)]
struct Handoff {
    chunk: Option<Bytes>,
    end: Option<Result<(), BodyError>>,
    /// When the message was complete.
    came_at: Option<Instant>,
    /// Whether a reader has asked for the content, so that the client gets its 354.
    is_wanted: bool,
    /// Whether a reader has seen the end of the message.
    is_read: bool,
    reader: Option<Waker>,
    driver: Option<Waker>,
}

impl Channel {
    fn handoff(&self) -> MutexGuard<'_, Handoff> {
        // Nothing under this lock can panic half-way.
        self.handoff.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reader of the content.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    shared: Arc<Channel>,
    /// Bytes that this reader has read.
    position: u64,
    /// Whether another reader comes after this one.
    keeps: bool,
}

/// The driver's end. If it is dropped, its readers get [`BodyError::Incomplete`].
#[derive(Debug)]
pub(crate) struct Pump(Arc<Channel>);

/// The end of a message, which may not have come yet.
#[derive(Debug)]
pub(crate) struct End(Arc<Channel>);

impl End {
    /// Returns when the message was complete.
    pub(crate) fn came_at(&self) -> Option<Instant> {
        self.0.handoff().came_at
    }
}

/// Makes a body that no reader has asked for yet.
pub(crate) fn channel() -> (Pump, Body) {
    let shared = Arc::new(Channel::default());
    (Pump(Arc::clone(&shared)), Body { shared, position: 0, keeps: false })
}

impl Pump {
    /// Returns the recipients that the readers have refused.
    pub(crate) fn refusals(&self) -> &Refusals {
        &self.0.refusals
    }

    /// Is ready when a reader has asked for the first bytes.
    pub(crate) fn poll_wanted(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut handoff = self.0.handoff();
        if handoff.is_wanted {
            return Poll::Ready(());
        }
        remember(&mut handoff.driver, context);
        Poll::Pending
    }

    /// Is ready when there is room for a chunk.
    pub(crate) fn poll_room(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut handoff = self.0.handoff();
        if handoff.chunk.is_none() {
            return Poll::Ready(());
        }
        remember(&mut handoff.driver, context);
        Poll::Pending
    }

    /// Hands a chunk over, once the last one is taken. It does not wake a reader in the task that asks. That task polls its
    /// hooks before it waits, so a wake would only poll it once more.
    pub(crate) fn push(&self, chunk: Bytes, asks: &Context<'_>) {
        let mut handoff = self.0.handoff();
        handoff.chunk = Some(chunk);
        wake_other(&mut handoff.reader, asks);
    }

    /// Ends the message as complete. As with [`push`](Self::push), it does not wake the task that asks.
    pub(crate) fn complete(&self, at: Instant, asks: &Context<'_>) {
        let mut handoff = self.0.handoff();
        handoff.end.get_or_insert(Ok(()));
        handoff.came_at = Some(at);
        wake_other(&mut handoff.reader, asks);
    }

    /// Ends the message, complete or not.
    pub(crate) fn finish(&self, end: Result<(), BodyError>) {
        let mut handoff = self.0.handoff();
        handoff.end.get_or_insert(end);
        wake(&mut handoff.reader);
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.finish(Err(BodyError::Incomplete));
    }
}

impl Body {
    /// Returns the recipients that the readers have refused.
    pub(crate) fn refusals(&self) -> &Refusals {
        &self.shared.refusals
    }

    /// Returns the changes that filters have made.
    pub(crate) fn edits(&self) -> &SharedEdits {
        &self.shared.edits
    }

    /// Keeps what is read from now on, so that it can be read again.
    pub(crate) fn keep(&mut self) {
        self.keeps = true;
    }

    pub(crate) fn end(&self) -> End {
        End(Arc::clone(&self.shared))
    }

    /// Returns whether a reader has come to the end.
    pub(crate) fn is_read(&self) -> bool {
        self.shared.handoff().is_read
    }

    /// Returns another reader, which begins at the first byte.
    pub(crate) fn for_reader(&self, keeps: bool) -> Self {
        Self { shared: Arc::clone(&self.shared), position: 0, keeps }
    }

    /// Goes back by this many bytes, which must have been kept.
    pub(crate) fn step_back(&mut self, bytes: u64) {
        self.position = self.position.saturating_sub(bytes);
    }

    /// Returns the next bytes, or `None` at the end of the message.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        // The lock is held during the read, so that clones that read at the same time do not share the live
        // chunks between them. Clones rarely read at the same time, and the lock is then free.
        let mut spool = match self.shared.spool.try_lock() {
            Ok(spool) => spool,
            Err(_) => self.shared.spool.lock().await,
        };
        if self.position < spool.kept() {
            let chunk = spool.read(self.position).await.map_err(|error| BodyError::Spool(error.into()))?;
            self.position += chunk.len() as u64;
            return Ok(Some(chunk));
        }
        if self.position < spool.passed() {
            return Err(BodyError::Gone);
        }
        let chunk = poll_fn(|context| self.poll_live(context)).await?;
        if let Some(chunk) = &chunk {
            spool.pass(chunk, self.keeps).await.map_err(|error| BodyError::Spool(error.into()))?;
            self.position += chunk.len() as u64;
        }
        Ok(chunk)
    }

    fn poll_live(&self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        let mut handoff = self.shared.handoff();
        if let Some(chunk) = handoff.chunk.take() {
            wake(&mut handoff.driver);
            return Poll::Ready(Ok(Some(chunk)));
        }
        if let Some(end) = handoff.end.clone() {
            handoff.is_read |= end.is_ok();
            return Poll::Ready(end.map(|()| None));
        }
        if !handoff.is_wanted {
            handoff.is_wanted = true;
            wake(&mut handoff.driver);
        }
        remember(&mut handoff.reader, context);
        Poll::Pending
    }

    /// Returns the rest of the message in one piece.
    pub(crate) async fn bytes(&mut self, limit: u64) -> Result<Bytes, BodyError> {
        let mut content = BytesMut::new();
        let mut first = None;
        while let Some(chunk) = self.chunk().await? {
            if (content.len() + first.as_ref().map_or(0, Bytes::len) + chunk.len()) as u64 > limit {
                return Err(BodyError::TooLong { limit });
            }
            // Most messages come in one chunk, which is returned as it is.
            match first.take() {
                None if content.is_empty() => first = Some(chunk),
                None => content.extend_from_slice(&chunk),
                Some(head) => {
                    content.reserve((head.len() + chunk.len()) * 2);
                    content.extend_from_slice(&head);
                    content.extend_from_slice(&chunk);
                }
            }
        }
        Ok(first.unwrap_or_else(|| content.freeze()))
    }
}

fn remember(place: &mut Option<Waker>, context: &Context<'_>) {
    match place {
        Some(waker) if waker.will_wake(context.waker()) => {}
        _ => *place = Some(context.waker().clone()),
    }
}

fn wake(place: &mut Option<Waker>) {
    if let Some(waker) = place.take() {
        waker.wake();
    }
}

fn wake_other(place: &mut Option<Waker>, context: &Context<'_>) {
    if let Some(waker) = place.take().filter(|waker| !waker.will_wake(context.waker())) {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn wakes_a_reader_in_another_task_but_not_in_its_own() {
        let (session, reader) = (Arc::new(Task::default()), Arc::new(Task::default()));
        let [of_session, of_reader] = [&session, &reader].map(|task| Waker::from(Arc::clone(task)));
        let handing_on = Context::from_waker(&of_session);
        for (waker, wakes) in [(&of_session, 0), (&of_reader, 1)] {
            let (pump, mut body) = channel();
            let mut context = Context::from_waker(waker);
            let is_pending = |chunk: &Poll<Result<Option<Bytes>, BodyError>>| chunk.is_pending();
            assert!(is_pending(&pin!(body.chunk()).poll(&mut context)));
            pump.push(Bytes::from_static(b"one"), &handing_on);
            assert_eq!(reader.0.swap(0, Ordering::Relaxed), wakes);
            assert!(!is_pending(&pin!(body.chunk()).poll(&mut context)));
            assert!(is_pending(&pin!(body.chunk()).poll(&mut context)));
            pump.complete(Instant::now(), &handing_on);
            assert_eq!(reader.0.swap(0, Ordering::Relaxed), wakes);
        }
        assert_eq!(session.0.load(Ordering::Relaxed), 0);
    }
}
