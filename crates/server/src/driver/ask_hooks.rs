//! Asks the hooks, which may wait, fail, panic or never answer.
//!
//! # Why
//!
//! Input is read while a hook is awaited, up to one buffer, so that a lost client is noticed. Replies to
//! earlier commands are sent meanwhile.

use std::any::Any;
use std::future::poll_fn;
use std::io;
use std::task::Poll;

use mailchute_proto::catalog;
use mailchute_proto::{Answer, Refusal, Verdict};

use crate::connection::read_outcome::ReadOutcome;
use crate::connection::wire::Wire;
use crate::driver::shared::Shared;
use crate::hooks::{Decision, HookFuture, RefusedBy, interrupt, poll_guarded, report_late, report_panic_of};
use crate::message::BodyError;
use crate::session::Session;

/// Asks the hooks of a stage, if there are any, and waits for their answer up to the hook timeout. Meanwhile
/// replies in `unsent` go out, and the client's next commands come in. If the application closes the session
/// meanwhile, its refusal is the answer. `refused_by` gets the origin of a refusal. `session` is the one that the
/// hooks see.
///
/// # Errors
/// [`ReadOutcome::Gone`] if the client disconnects meanwhile, and [`ReadOutcome::Shutdown`] if the server
/// does not wait any longer. The hooks' future is dropped then.
pub(crate) async fn ask_hooks(
    shared: &Shared,
    wire: &mut Wire,
    unsent: &mut Vec<u8>,
    session: &Session,
    hooks: HookFuture<'_>,
    refused_by: &mut Option<Box<RefusedBy>>,
) -> Result<Answer, ReadOutcome> {
    let Some(mut hooks) = hooks else { return Ok(Ok(Verdict::Accept)) };
    let mut is_first = true;
    let decision = poll_fn(|context| {
        if let Poll::Ready(outcome) = poll_guarded(hooks.as_mut(), context) {
            return Poll::Ready(Ok(Some(outcome_of(outcome, session))));
        }
        if std::mem::take(&mut is_first) {
            wire.set_timer(shared.timeouts.hook);
        }
        if let Poll::Ready(outcome) = wire.poll_background(context, unsent) {
            return Poll::Ready(Err(outcome));
        }
        wire.poll_timer(context).map(|()| Ok(None))
    })
    .await;
    let decision = match decision {
        Ok(Some(decision)) => Ok(decision),
        Ok(None) => Ok(too_late(hooks, session)),
        Err(outcome) => {
            interrupt(hooks, session);
            Err(outcome)
        }
    };
    match (farewell(wire), decision) {
        (Some(refusal), Ok(_) | Err(ReadOutcome::Closed)) => Ok(Err(refusal)),
        (_, decision) => {
            let decision = decision?;
            *refused_by = decision.refused_by;
            Ok(decision.answer)
        }
    }
}

/// Returns the refusal with which the application closes the session, as the client gets it.
pub(crate) fn farewell(wire: &Wire) -> Option<Refusal> {
    let refusal = wire.stop().farewell()?;
    sanitize(Err(refusal), None).err().map(Refusal::hang_up)
}

/// Drops hooks that did not answer in time, and returns the decision instead of theirs.
pub(super) fn too_late<F>(hooks: F, session: &Session) -> Decision {
    let interrupted = interrupt(hooks, session);
    report_late(interrupted.as_deref());
    Decision::failed(interrupted)
}

/// Returns the decision of hooks that have ended. A panic goes to the log.
pub(super) fn outcome_of(outcome: Result<Decision, Box<dyn Any + Send>>, session: &Session) -> Decision {
    match outcome {
        Ok(Decision { answer, refused_by }) => {
            Decision { answer: sanitize(answer, refused_by.as_deref()), refused_by }
        }
        // Each hook catches its own panic. This one came from what its future held.
        Err(panic) => {
            let interrupted = session.take_interrupted();
            report_panic_of(interrupted.as_deref(), &*panic);
            Decision::failed(interrupted)
        }
    }
}

/// Returns the answer as the client gets it. A hidden cause goes to the log.
pub(crate) fn sanitize(answer: Answer, by: Option<&RefusedBy>) -> Answer {
    let refusal = match answer {
        Ok(Verdict::AcceptWith(reply)) if !reply.is_positive() => {
            Refusal::internal(format!("a hook accepted with the reply {reply}; to refuse, return a Refusal"))
        }
        Ok(verdict) => return Ok(verdict),
        Err(refusal) => refusal,
    };
    let Some(cause) = refusal.cause() else { return Err(refusal) };
    let is_hidden = refusal.is_internal();
    if is_hidden && is_too_long(&**cause) {
        return Err(Refusal::from_reply(catalog::MESSAGE_TOO_LARGE));
    }
    let (stage, hook) = (by.map(|by| by.stage), by.map(|by| by.hook));
    tracing::error!(name: "hook-failed", stage, hook, error = %chain_of(&**cause), "a hook or store failed");
    if is_hidden && is_disk_full(&**cause) {
        return Err(Refusal::from_reply(catalog::INSUFFICIENT_STORAGE));
    }
    Err(refusal)
}

fn is_too_long(cause: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    let within = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    let error = cause.downcast_ref().or_else(|| within?.downcast_ref());
    matches!(error, Some(BodyError::TooLong { .. }))
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
pub(super) fn chain_of(error: &dyn std::error::Error) -> String {
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
    fn tells_a_full_disk_from_other_failures_and_hides_its_words() {
        for (errno, expected) in [(28, 452), (122, 452), (5, 451), (13, 451)] {
            let error = || io::Error::from_raw_os_error(errno);
            for cause in [Refusal::internal(error()), Refusal::internal(BodyError::Spool(error().into()))] {
                let refusal = sanitize(Err(cause), None).expect_err("a refusal is due");
                assert_eq!(refusal.code().get(), expected, "errno {errno}");
                assert!(!refusal.to_string().contains("os error"), "{refusal}");
            }
        }
    }

    #[test]
    fn keeps_the_text_of_a_refusal_with_a_cause() {
        let refusal = Refusal::new(451, (4, 4, 3), "Directory unavailable");
        let full = io::Error::from_raw_os_error(28);
        assert_eq!(sanitize(Err(refusal.clone().with_cause(full)), None), Err(refusal));
    }
}
