//! The copies of one message, complete in `tmp/`.

use std::io;
use std::sync::{Arc, Weak};

use super::flushed::Flushed;
use super::intents::Intents;
use super::interest::{Interest, still_wanted};
use super::kept::Published;
use super::queued::QueuedFile;
use super::quota::Reserved;

/// The meaning of a failed copy for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// None is kept.
    OfAll,
    /// The others are kept.
    OfOne,
}

/// A copy that is ready to be shown, with its number.
type Ready = (usize, Flushed, Option<Reserved>);

/// The copies of one message, durable but not visible. Their files are removed when this is dropped.
#[must_use = "the files are removed when this is dropped"]
pub(super) struct Drafts {
    ready: Vec<Ready>,
    failures: Failures,
    intents: Option<Arc<Intents>>,
    /// The file of each copy, if the message comes from a queue.
    queued: Option<QueuedFile>,
}

/// The copies that failed, by their numbers.
struct Failures {
    failure: Failure,
    failed: Vec<(usize, io::Error)>,
}

impl Failures {
    /// Notes the failure of one copy, unless it is that of all.
    fn note(&mut self, number: usize, outcome: io::Result<()>) -> io::Result<()> {
        match outcome {
            Err(error) if self.failure == Failure::OfOne => {
                self.failed.push((number, error));
                Ok(())
            }
            outcome => outcome,
        }
    }
}

impl Drafts {
    pub(super) fn new(failure: Failure, intents: Option<Arc<Intents>>, queued: Option<QueuedFile>) -> Self {
        Self { ready: Vec::new(), failures: Failures { failure, failed: Vec::new() }, intents, queued }
    }

    pub(super) fn len(&self) -> usize {
        self.ready.len()
    }

    /// Adds a copy, or the error of one that cannot be made.
    ///
    /// # Errors
    /// That error, if it is one of all.
    pub(super) fn add(
        &mut self,
        number: usize,
        made: io::Result<(Flushed, Option<Reserved>)>,
    ) -> io::Result<()> {
        let made = made.map(|(flushed, reserved)| self.ready.push((number, flushed, reserved)));
        self.failures.note(number, made)
    }

    /// Removes the copies that are not wanted any more, by their numbers.
    pub(super) fn retain(&mut self, is_wanted: impl Fn(usize) -> bool) {
        self.ready.retain(|(number, ..)| is_wanted(*number));
    }

    /// Returns the copies that failed since the last call.
    pub(super) fn take_failed(&mut self) -> Vec<(usize, io::Error)> {
        std::mem::take(&mut self.failures.failed)
    }

    /// Makes each copy visible, then their names durable. The call blocks.
    pub(super) fn publish(self, interest: &Weak<Interest>) -> io::Result<Published> {
        let Self { ready, mut failures, intents, queued } = self;
        still_wanted(interest)?;
        if let Some(file) = queued {
            for (number, flushed, reserved) in ready {
                failures.note(number, flushed.rename_queued(&file, reserved))?;
            }
            return Ok(Published { kept: Vec::new(), failed: failures.failed });
        }
        // Dropped after the copies, so that a crash never leaves some of them without it.
        let intent = match &intents {
            Some(intents) if ready.len() > 1 => {
                Some(intents.write(ready.iter().map(|(_, flushed, _)| flushed.target()))?)
            }
            _ => None,
        };
        let mut shown = Vec::new();
        for (number, flushed, reserved) in ready {
            // Another name is not in the intent.
            let kept =
                if intent.is_some() { flushed.rename_once(reserved) } else { flushed.rename(reserved) };
            failures.note(number, kept.map(|kept| shown.push((number, kept))))?;
        }
        let mut kept = Vec::new();
        for (number, file) in shown {
            let flushed = file.flush();
            failures.note(number, flushed.map(|()| kept.push((number, file))))?;
        }
        let mut published = Published { kept, failed: Vec::new() };
        if let Some(intent) = intent {
            intent.end()?;
        }
        published.failed = failures.failed;
        Ok(published)
    }
}
