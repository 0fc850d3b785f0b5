//! Puts a question to the hooks, which may wait, fail, panic or never answer.
//!
//! # Why
//!
//! Input is read while a hook is awaited, up to one buffer, so that a client that has gone is noticed. Replies to
//! earlier commands are sent meanwhile.

use std::any::Any;
use std::future::poll_fn;
use std::io;
use std::task::Poll;

use mailchute_proto::reply::catalog;
use mailchute_proto::{Reply, Verdict};

use crate::connection::read_outcome::ReadOutcome;
use crate::connection::wire::Wire;
use crate::driver::shared::Shared;
use crate::hooks::{Asked, drop_guarded, poll_guarded};
use crate::message::body_error::BodyError;

/// Asks the hooks of a stage, if there are any, and waits for their verdict for at most the timeout of hooks. Meanwhile
/// replies in `unsent` go out and the client's next commands come in. If the application closes the session meanwhile,
/// its reply is the verdict.
///
/// # Errors
/// [`ReadOutcome::Gone`] if the client disconnects meanwhile, and [`ReadOutcome::Shutdown`] if the server waits no
/// longer. The hooks' future is dropped then.
pub(crate) async fn ask_hooks(
    shared: &Shared,
    wire: &mut Wire,
    unsent: &mut Vec<u8>,
    hooks: Asked<'_>,
) -> Result<Verdict, ReadOutcome> {
    let Some(mut hooks) = hooks else { return Ok(Verdict::Accept) };
    let mut is_first = true;
    let verdict = poll_fn(|context| {
        if let Poll::Ready(outcome) = poll_guarded(hooks.as_mut(), context) {
            return Poll::Ready(Ok(outcome_of(outcome)));
        }
        if std::mem::take(&mut is_first) {
            wire.set_timer(shared.timeouts.hook);
        }
        if let Poll::Ready(outcome) = wire.poll_background(context, unsent) {
            return Poll::Ready(Err(outcome));
        }
        wire.poll_timer(context).map(|()| Ok(too_late()))
    })
    .await;
    drop_guarded(hooks);
    match (farewell(wire), verdict) {
        (Some(reply), Ok(_) | Err(ReadOutcome::Closed)) => Ok(Verdict::Reply(reply)),
        (_, verdict) => verdict,
    }
}

/// What the application closes the session with, as the client gets it.
pub(crate) fn farewell(wire: &Wire) -> Option<Reply> {
    let reply = wire.stop().take_farewell()?;
    let Verdict::Reply(reply) = sanitize(Verdict::Reply(reply)) else { return None };
    Some(if reply.is_refusal() { reply.hang_up() } else { catalog::HUNG_UP })
}

pub(super) fn too_late() -> Verdict {
    tracing::error!(name: "hook-late", "the hooks did not answer in time");
    Verdict::Reply(catalog::INTERNAL_ERROR)
}

/// Turns what became of the hooks into a verdict. A panic goes to the log.
pub(super) fn outcome_of(outcome: Result<Verdict, Box<dyn Any + Send>>) -> Verdict {
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

/// Returns the verdict as the client gets it. What it hides from the client goes to the log.
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

/// Returns whether there is no room in a store, or in the spool for the next reader.
fn is_disk_full(cause: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    let error = match cause.downcast_ref() {
        Some(BodyError::Spool(error)) => Some(&**error),
        _ => cause.downcast_ref::<io::Error>(),
    };
    error.is_some_and(|error| matches!(error.kind(), StorageFull | QuotaExceeded))
}

/// Returns an error and all its causes on one line.
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
