//! Puts a question to the hooks, and bears with what they do: wait, fail, panic, never answer.

use std::any::Any;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use mailchute_proto::Verdict;
use mailchute_proto::reply::catalog;
use tokio::time::Instant;

use crate::connection::read_outcome::{Interruptible, ReadOutcome};
use crate::connection::wire::Wire;
use crate::driver::shared::Shared;
use crate::hooks::{BoxFuture, drop_guarded, poll_guarded};
use crate::message::Message;
use crate::message::body::{BodyError, Pump};
use crate::session::Session;

/// Awaits the hooks of a stage for at most `limit`, while replies in `unsent` go out and the client's next
/// commands come in.
///
/// # Errors
/// [`ReadOutcome::Gone`] when the client has gone meanwhile and [`ReadOutcome::Shutdown`] when the server waits no longer; the
/// hooks' future is dropped then.
pub(crate) async fn ask_hooks(
    wire: &mut Wire,
    unsent: &mut Vec<u8>,
    limit: Duration,
    mut hooks: BoxFuture<'_, Verdict>,
) -> Result<Verdict, ReadOutcome> {
    let mut is_first = true;
    let verdict = poll_fn(|context| {
        if let Poll::Ready(outcome) = poll_guarded(hooks.as_mut(), context) {
            return Poll::Ready(Ok(outcome_of(outcome)));
        }
        if std::mem::take(&mut is_first) {
            wire.set_timer(limit);
        }
        if let Poll::Ready(wake) = wire.poll_background(context, unsent) {
            return Poll::Ready(Err(wake));
        }
        wire.poll_timer(context).map(|()| Ok(too_late()))
    })
    .await;
    drop_guarded(hooks);
    verdict
}

/// The data hooks and the store at work on a message while it comes in.
pub(crate) struct Hearing {
    work: Option<BoxFuture<'static, Verdict>>,
    verdict: Option<Verdict>,
}

impl Hearing {
    pub(crate) fn new(shared: Arc<Shared>, message: Message, session: Session) -> Self {
        let work = async move { shared.chain.data(message, &session).await };
        Self { work: Some(Box::pin(work)), verdict: None }
    }

    /// Lets the hooks go on; ready when they have decided.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(work) = &mut self.work else { return Poll::Ready(()) };
        match poll_guarded(work.as_mut(), context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(outcome) => {
                self.work = None;
                self.verdict = Some(outcome_of(outcome));
                Poll::Ready(())
            }
        }
    }

    fn give_up(&mut self) {
        drop_guarded(self.work.take());
        self.verdict = Some(too_late());
    }

    pub(crate) fn has_decided(&self) -> bool {
        self.verdict.is_some()
    }

    /// The verdict, if there is one and it says no.
    pub(crate) fn take_refusal(&mut self) -> Option<Verdict> {
        self.verdict.take_if(|verdict| !verdict.is_positive())
    }

    /// As [`take_refusal`](Self::take_refusal), once the hooks have gone on with what they have got.
    pub(crate) async fn refusal_so_far(&mut self) -> Option<Verdict> {
        poll_fn(|context| {
            let _ = self.poll(context);
            Poll::Ready(())
        })
        .await;
        self.take_refusal()
    }

    pub(crate) fn take_verdict(&mut self) -> Verdict {
        self.verdict.take().unwrap_or(Verdict::Reply(catalog::INTERNAL_ERROR))
    }

    /// Waits for more of the message, while the hooks work on what there is.
    pub(crate) async fn fill(&mut self, wire: &mut Wire, at_most: usize, deadline: Instant) -> ReadOutcome {
        wire.set_alarm(deadline);
        poll_fn(|context| {
            // Their verdict may come before the end, of the message or of a chunk; it is given there.
            let _ = self.poll(context);
            wire.poll_fill(context, at_most, Interruptible::UntilTimeout)
        })
        .await
    }

    /// Waits until the hooks ask for the content or decide without it.
    pub(crate) async fn until_wanted(
        &mut self,
        pump: &Pump,
        wire: &mut Wire,
        unsent: &mut Vec<u8>,
        limit: Duration,
    ) -> Result<(), ReadOutcome> {
        let mut is_first = true;
        poll_fn(|context| {
            if self.poll(context).is_ready() || pump.poll_wanted(context).is_ready() {
                return Poll::Ready(Ok(()));
            }
            if std::mem::take(&mut is_first) {
                wire.set_timer(limit);
            }
            if let Poll::Ready(wake) = wire.poll_background(context, unsent) {
                return Poll::Ready(Err(wake));
            }
            wire.poll_timer(context).map(|()| {
                self.give_up();
                Ok(())
            })
        })
        .await
    }

    /// Hands a chunk on as soon as there is room for it, or drops it where nobody wants any more.
    pub(crate) async fn hand_on(
        &mut self,
        chunk: Bytes,
        pump: &Pump,
        wire: &mut Wire,
        limit: Duration,
    ) -> Result<(), ReadOutcome> {
        let mut chunk = Some(chunk);
        let mut is_first = true;
        poll_fn(|context| {
            // Who reads within the hooks takes what is in the slot before anybody waits for that.
            let is_due = pump.poll_room(context).is_ready()
                || self.poll(context).is_ready()
                || pump.poll_room(context).is_ready();
            if !is_due {
                if std::mem::take(&mut is_first) {
                    wire.set_timer(limit);
                }
                ready!(self.poll_interruptible(wire, context))?;
            }
            if self.has_decided() {
                // Whoever still holds the message must not take what it has for the whole.
                pump.finish(Err(BodyError::Gone));
            } else if let Some(chunk) = chunk.take() {
                pump.push(chunk, context);
            }
            Poll::Ready(Ok(()))
        })
        .await
    }

    /// Waits for the verdict on a message that is there as a whole. It does not matter any more whether the client
    /// is still there: what is accepted is accepted.
    pub(crate) async fn until_decided(
        &mut self,
        pump: &Pump,
        wire: &mut Wire,
        limit: Duration,
    ) -> Result<(), ReadOutcome> {
        let mut is_first = true;
        poll_fn(|context| {
            if is_first {
                pump.complete(context);
            }
            if self.poll(context).is_ready() {
                return Poll::Ready(Ok(()));
            }
            if std::mem::take(&mut is_first) {
                wire.set_timer(limit);
                wire.shrink();
            }
            self.poll_interruptible(wire, context)
        })
        .await
    }

    fn poll_interruptible(
        &mut self,
        wire: &mut Wire,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), ReadOutcome>> {
        if wire.must_stop(context) {
            return Poll::Ready(Err(ReadOutcome::Shutdown));
        }
        wire.poll_timer(context).map(|()| {
            self.give_up();
            Ok(())
        })
    }
}

impl Drop for Hearing {
    /// The client has gone, or the server waits no longer.
    fn drop(&mut self) {
        drop_guarded(self.work.take());
    }
}

fn too_late() -> Verdict {
    tracing::error!(name: "hook-late", "the hooks did not answer in time");
    Verdict::Reply(catalog::INTERNAL_ERROR)
}

/// What the hooks' outcome means for the conversation; a panic goes to the log.
fn outcome_of(outcome: Result<Verdict, Box<dyn Any + Send>>) -> Verdict {
    outcome.map_or_else(
        |panic| {
            let text = panic
                .downcast_ref::<&str>()
                .map(ToString::to_string)
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            tracing::error!(name: "hook-panicked", panic = text, "a hook or store panicked");
            Verdict::Reply(catalog::INTERNAL_ERROR)
        },
        sanitize,
    )
}

/// A verdict as the client gets it; what it hides from the client goes to the log.
pub(crate) fn sanitize(verdict: Verdict) -> Verdict {
    let Verdict::Reply(reply) = verdict else { return verdict };
    Verdict::Reply(match reply.cause() {
        Some(cause) if is_too_long(cause) => catalog::MESSAGE_TOO_LARGE,
        Some(cause) => {
            tracing::error!(name: "hook-failed", error = %chain_of(cause), "a hook or store failed");
            if is_disk_full(cause) { catalog::INSUFFICIENT_STORAGE } else { reply }
        }
        None => reply,
    })
}

fn is_too_long(cause: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    matches!(cause.downcast_ref(), Some(BodyError::TooLong { .. }))
}

/// Whether there is no room where mail is kept, or where it waits for its next reader.
fn is_disk_full(cause: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    let error = match cause.downcast_ref() {
        Some(BodyError::Spool(error)) => Some(&**error),
        _ => cause.downcast_ref::<io::Error>(),
    };
    error.is_some_and(|error| matches!(error.kind(), StorageFull | QuotaExceeded))
}

/// An error with all its causes in one line.
fn chain_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use mailchute_proto::Reply;

    use super::*;

    #[test]
    fn a_full_disk_or_quota_is_told_from_other_failures_and_never_in_its_own_words() {
        for (errno, expected) in [(28, 452), (122, 452), (5, 451), (13, 451)] {
            let error = || io::Error::from_raw_os_error(errno);
            for cause in [Reply::internal(error()), Reply::internal(BodyError::Spool(error().into()))] {
                let Verdict::Reply(reply) = sanitize(Verdict::Reply(cause)) else { panic!("a reply is due") };
                assert_eq!(reply.code().get(), expected, "errno {errno}");
                assert!(!reply.to_string().contains("os error"), "{reply}");
            }
        }
    }
}
