//! Catches the panics of hooks and stores.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::session::Session;
use crate::session::interrupted::InterruptedHook;

/// The outcome of asking a hook: its answer, or its panic.
pub(crate) type Outcome<T> = Result<T, Box<dyn Any + Send>>;

/// Polls `future`. A panic in it becomes an error here, and the rest of the program goes on. After a panic it must not
/// be polled again.
pub(crate) fn poll_guarded<F: Future + ?Sized>(
    future: Pin<&mut F>,
    context: &mut Context<'_>,
) -> Poll<Outcome<F::Output>> {
    // A future that panicked is never polled again, so nothing sees what it left half-done.
    match catch_unwind(AssertUnwindSafe(|| future.poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(panic) => Poll::Ready(Err(panic)),
    }
}

/// Returns what a panic says, for the log.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// Drops a future that was not polled to its end. Returns the hook that it was asking. A panic of what the
/// future holds goes to the log.
pub(crate) fn interrupt<F>(future: F, session: &Session) -> Option<Box<InterruptedHook>> {
    session.take_interrupted();
    // The future is gone, so nothing sees what it left half-done.
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(future)));
    let interrupted = session.take_interrupted();
    if let Err(panic) = dropped {
        report_panic_of(interrupted.as_deref(), &*panic);
    }
    interrupted
}

/// Writes a panic to the log that came when the future of a hook was dropped.
pub(crate) fn report_panic_of(interrupted: Option<&InterruptedHook>, panic: &(dyn Any + Send)) {
    let (stage, hook) = (interrupted.map(|by| by.stage), interrupted.map(|by| by.hook));
    report_panic(stage, hook, panic);
}

/// Writes the panic of a hook to the log.
pub(super) fn report_panic(stage: Option<&str>, hook: Option<&str>, panic: &(dyn Any + Send)) {
    let panic = panic_text(panic);
    tracing::error!(name: "hook-panicked", stage, hook, panic, "a hook or store panicked");
}
