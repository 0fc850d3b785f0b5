//! A timer that is set often and rings rarely.
//!
//! # Why
//!
//! A timeout is set with every read and almost never fires. So setting it only stores a number, and leaves
//! the runtime's timer alone.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

/// A timer whose setting stores a number. The runtime's timer is touched only when it rings, or would ring too late.
#[derive(Debug)]
pub(crate) struct Timer {
    deadline: Instant,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    pub(crate) fn new() -> Self {
        Self { deadline: Instant::now(), sleep: None }
    }

    pub(crate) fn set(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    /// Returns whether the timer will wake the task that polled it last, without another poll.
    pub(crate) fn is_armed(&self) -> bool {
        self.sleep.as_ref().is_some_and(|sleep| sleep.deadline() <= self.deadline && !sleep.is_elapsed())
    }

    /// Polls the timer, which is ready after the deadline.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline;
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
