//! Keeps a panic where it happened.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

/// Runs `future`; a panic in it becomes an error here, and the rest of the program goes on.
pub(crate) async fn guarded<F: Future>(future: F) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    poll_fn(|context| poll_guarded(future.as_mut(), context)).await
}

/// Polls `future` as [`guarded`] does; behind a panic it must not be polled again.
pub(crate) fn poll_guarded<F: Future + ?Sized>(
    future: Pin<&mut F>,
    context: &mut Context<'_>,
) -> Poll<Result<F::Output, Box<dyn Any + Send>>> {
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

/// Drops a future that was not polled to its end; a panic of what it holds goes to the log.
pub(crate) fn drop_guarded<F>(future: F) {
    // Nothing sees what it left half-done: it is gone.
    if catch_unwind(AssertUnwindSafe(|| drop(future))).is_err() {
        tracing::error!(name: "hook-panicked", "a hook or store panicked when it was given up");
    }
}
