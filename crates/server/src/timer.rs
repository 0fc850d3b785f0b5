//! A timer that is set often and rings rarely.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::time::{Instant, Sleep, sleep_until};

/// Setting it stores a number; the runtime's timer is touched only when it rings, or rings too late. A session
/// sets its timeout anew with every read, and almost none of these ever runs out.
#[derive(Debug)]
pub(crate) struct Timer {
    deadline: Instant,
    sleep: Option<Pin<Box<Sleep>>>,
    /// Whom the runtime's timer wakes.
    waker: Option<Waker>,
}

impl Timer {
    pub(crate) fn new() -> Self {
        Self { deadline: Instant::now(), sleep: None, waker: None }
    }

    pub(crate) fn set(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    /// Ready when the deadline is over.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline;
        let knows = self.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker()));
        if !knows {
            self.waker = Some(context.waker().clone());
        } else if self.sleep.as_ref().is_some_and(|sleep| sleep.deadline() <= deadline && !sleep.is_elapsed())
        {
            // The runtime's own poll takes eight times as long.
            return Poll::Pending;
        }
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        while sleep.as_mut().poll(context).is_ready() {
            if sleep.deadline() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}
