//! Catches the panics of hooks and stores. Each hook is asked by `asked!`, so a panic names its hook.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use crate::events::stage::Stage;

/// The outcome of asking a hook: its answer, or its panic.
pub(crate) type Outcome<T> = Result<T, Box<dyn Any + Send>>;

/// Runs `future`. A panic in it becomes an error here, and the rest of the program goes on.
pub(crate) async fn guarded<F: Future>(future: F) -> Outcome<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| poll_guarded(future.as_mut(), context)).await
}

/// Polls `future` as [`guarded`] does. After a panic it must not be polled again.
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

/// Drops a future that was not polled to its end. A panic of what it holds goes to the log.
pub(crate) fn drop_guarded<F>(future: F) {
    // The future is gone, so nothing sees what it left half-done.
    if catch_unwind(AssertUnwindSafe(|| drop(future))).is_err() {
        tracing::error!(name: "hook-panicked", "a hook or store panicked when its future was dropped");
    }
}

/// Asks a hook and catches its panic. Returns the [`Outcome`], and when the hook was asked. This is a macro
/// because an async function would hold the future twice.
macro_rules! asked {
    ($asking:expr) => {{
        let began = tokio::time::Instant::now();
        // The code that makes the future is guarded as well.
        let mut asking = std::pin::pin!(async move { $asking.await });
        let outcome = std::future::poll_fn(|context| {
            $crate::hooks::catch_panic::poll_guarded(asking.as_mut(), context)
        })
        .await;
        (outcome, began)
    }};
}

pub(super) use asked;

/// Writes the panic of a hook to the log.
pub(super) fn report_panic(stage: Stage, hook: &str, panic: &(dyn Any + Send)) {
    let (stage, panic) = (stage.name(), panic_text(panic));
    tracing::error!(name: "hook-panicked", stage, hook, panic, "a hook or store panicked");
}
