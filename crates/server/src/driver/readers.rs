//! The readers of a message: the filters and the store.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use mailchute_proto::Refusal;
use tokio::time::Instant;

use crate::connection::read_outcome::{Interruptible, ReadOutcome};
use crate::connection::wire::Wire;
use crate::driver::ask_hooks::{farewell, outcome_of, too_late};
use crate::driver::shared::Shared;
use crate::hooks::{BoxFuture, Decision, interrupt, poll_guarded};
use crate::message::BodyError;
use crate::message::Message;
use crate::message::body::Pump;
use crate::message::refusals::Refusals;
use crate::session::Session;

/// The filters and the store, which work on a message while it comes in.
pub(super) struct Readers {
    /// Where the message is put for them.
    pump: Pump,
    work: Option<BoxFuture<'static, Decision>>,
    decision: Option<Decision>,
    session: Session,
}

impl Readers {
    /// `pump` is the other end of the body of `message`.
    pub(super) fn new(shared: Arc<Shared>, pump: Pump, message: Message, session: Session) -> Self {
        let of_work = session.clone();
        let work = async move { shared.chain.deliver(message, &of_work).await };
        Self { pump, work: Some(Box::pin(work)), decision: None, session }
    }

    /// Returns the recipients that the readers have refused by name.
    pub(super) fn refusals(&self) -> &Refusals {
        self.pump.refusals()
    }

    /// Tells the readers that no more of the message comes.
    pub(super) fn cut_off(&self) {
        self.pump.finish(Err(BodyError::Incomplete));
    }

    /// Lets the readers go on. It is ready when they have decided.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(work) = &mut self.work else { return Poll::Ready(()) };
        match poll_guarded(work.as_mut(), context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(outcome) => {
                self.work = None;
                self.decision = Some(outcome_of(outcome, &self.session));
                Poll::Ready(())
            }
        }
    }

    fn give_up(&mut self) {
        self.decision = Some(too_late(self.work.take(), &self.session));
    }

    /// Drops the work of readers that have not decided.
    fn stop(&mut self) {
        if let Some(work) = self.work.take() {
            interrupt(work, &self.session);
        }
    }

    /// Decides instead of the readers.
    fn decide(&mut self, decision: Decision) {
        self.stop();
        self.decision = Some(decision);
    }

    /// Takes the refusal of an application that has closed the session as the decision. Recipients that were
    /// refused by name get it as well.
    fn close(&mut self, refusal: Refusal) {
        self.decide(Decision::from(Err(refusal)));
        self.pump.refusals().clear();
    }

    /// Does the same as [`close`](Self::close), if the wait ended because of that.
    fn close_on(&mut self, wire: &Wire, outcome: ReadOutcome) -> Result<(), ReadOutcome> {
        if outcome != ReadOutcome::Closed {
            return Err(outcome);
        }
        self.close(farewell(wire).ok_or(outcome)?);
        Ok(())
    }

    /// Refuses the message, unless the readers have refused it.
    pub(super) fn refuse(&mut self, refusal: Refusal) {
        if self.decision.as_ref().is_none_or(Decision::is_yes) {
            self.decide(Decision { answer: Err(refusal), refused_by: None });
        }
    }

    fn has_decided(&self) -> bool {
        self.decision.is_some()
    }

    /// Returns the decision if it is a refusal.
    pub(super) fn take_refusal(&mut self) -> Option<Decision> {
        self.decision.take_if(|decision| !decision.is_yes())
    }

    /// Lets the readers work on what they have, and returns their verdict if it is a refusal.
    pub(super) async fn refusal_so_far(&mut self) -> Option<Decision> {
        poll_fn(|context| {
            let _ = self.poll(context);
            Poll::Ready(())
        })
        .await;
        self.take_refusal()
    }

    pub(super) fn take_decision(&mut self) -> Decision {
        self.decision.take().unwrap_or(Decision::FAILED)
    }

    /// Waits for more of the message, while the readers work on what there is.
    pub(super) async fn fill(&mut self, wire: &mut Wire, at_most: usize, deadline: Instant) -> ReadOutcome {
        wire.set_alarm(deadline);
        poll_fn(|context| {
            // A verdict may come before the end of the message or of a chunk. The client gets it there.
            let _ = self.poll(context);
            wire.poll_fill(context, at_most, Interruptible::UntilTimeout)
        })
        .await
    }

    /// Waits until the readers ask for the content or decide without it.
    pub(super) async fn until_wanted(
        &mut self,
        wire: &mut Wire,
        unsent: &mut Vec<u8>,
        limit: Duration,
    ) -> Result<(), ReadOutcome> {
        let mut is_first = true;
        poll_fn(|context| {
            if self.poll(context).is_ready() || self.pump.poll_wanted(context).is_ready() {
                return Poll::Ready(Ok(()));
            }
            if std::mem::take(&mut is_first) {
                wire.set_timer(limit);
            }
            if let Poll::Ready(outcome) = wire.poll_background(context, unsent) {
                return Poll::Ready(Err(outcome));
            }
            wire.poll_timer(context).map(|()| {
                self.give_up();
                Ok(())
            })
        })
        .await
        .or_else(|outcome| self.close_on(wire, outcome))?;
        // A hook that closes the session decides nothing else.
        if let Some(refusal) = farewell(wire) {
            self.close(refusal);
        }
        Ok(())
    }

    /// Passes a chunk on as soon as there is room for it, or drops it after the verdict.
    pub(super) async fn hand_on(
        &mut self,
        chunk: Bytes,
        wire: &mut Wire,
        limit: Duration,
    ) -> Result<(), ReadOutcome> {
        let mut chunk = Some(chunk);
        let mut is_first = true;
        poll_fn(|context| {
            // A reader in this task takes the chunk in the slot first, so that the driver need not wait for
            // that.
            let is_due = self.pump.poll_room(context).is_ready()
                || self.poll(context).is_ready()
                || self.pump.poll_room(context).is_ready();
            if !is_due {
                if std::mem::take(&mut is_first) {
                    wire.set_timer(limit);
                }
                ready!(self.poll_interruptible(wire, context))?;
            }
            if self.has_decided() {
                // A task that still holds the message must not take its part for the whole.
                self.pump.finish(Err(BodyError::Gone));
            } else if let Some(chunk) = chunk.take() {
                self.pump.push(chunk, context);
            }
            Poll::Ready(Ok(()))
        })
        .await
    }

    /// Waits for the verdict on a message that has ended then. The client may disconnect meanwhile; an accepted message stays
    /// accepted.
    pub(super) async fn until_decided(
        &mut self,
        wire: &mut Wire,
        limit: Duration,
        ended: Instant,
    ) -> Result<(), ReadOutcome> {
        let mut is_first = true;
        poll_fn(|context| {
            if is_first {
                self.pump.complete(ended, context);
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
        .or_else(|outcome| self.close_on(wire, outcome))
    }

    fn poll_interruptible(
        &mut self,
        wire: &mut Wire,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), ReadOutcome>> {
        if let Some(outcome) = wire.must_stop(context) {
            return Poll::Ready(Err(outcome));
        }
        wire.poll_timer(context).map(|()| {
            self.give_up();
            Ok(())
        })
    }
}

impl Drop for Readers {
    /// Also runs if the client disconnects, or the server does not wait any longer.
    fn drop(&mut self) {
        self.stop();
    }
}
