//! One worker: takes a message, has it delivered, and says what became of it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_nats::jetstream::Message;
use mailchute::{Receipt, Server};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::builder::Options;
use super::content::Content;
use super::entry::{Entry, Retry};
use super::fate::Fate;
use super::queue::{Queue, finish, keep_alive, put_off};
use super::{content, letters, report};
use crate::forward::transfer::Answer;
use crate::handover::{hand_over, unreadable};

/// How long a worker waits after an error of the queue.
const PAUSE: Duration = Duration::from_secs(1);

/// The orders of the workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(super) enum Phase {
    Working,
    /// Finish what has begun.
    Stopping,
    /// Give up what has not ended.
    CutOff,
}

/// The state that workers share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) server: Server,
    pub(super) queue: Queue,
    pub(super) options: Arc<Options>,
}

pub(super) struct Worker {
    pub(super) shared: Arc<Shared>,
    pub(super) phase: watch::Receiver<Phase>,
}

impl Worker {
    /// Works until it is told to stop.
    pub(super) async fn run(mut self) {
        while !self.is(Phase::Stopping) {
            // Not interrupted by a stop, as the message would be lost for a while.
            match self.shared.queue.next().await {
                Ok(Some(message)) if self.is(Phase::Stopping) => put_off(&message, Duration::ZERO).await,
                Ok(Some(message)) => self.work(&message).await,
                Ok(None) => {}
                Err(error) => {
                    tracing::debug!(name: "queue-failed", %error, "the queue does not hand out messages");
                    let mut phase = self.phase.clone();
                    tokio::select! {
                        () = sleep(PAUSE) => {}
                        () = reached(&mut phase, Phase::Stopping) => {}
                    }
                }
            }
        }
    }

    fn is(&self, phase: Phase) -> bool {
        *self.phase.borrow() >= phase
    }

    async fn work(&mut self, message: &Message) {
        let mut phase = self.phase.clone();
        let settled = tokio::select! {
            () = self.shared.settle(message) => true,
            never = keep_alive(message) => never,
            () = reached(&mut phase, Phase::CutOff) => false,
        };
        if !settled {
            put_off(message, Duration::ZERO).await;
        }
    }
}

/// Waits until the workers are in this phase.
async fn reached(receiver: &mut watch::Receiver<Phase>, phase: Phase) {
    // Without a sender there is nobody who could wait for the workers.
    let _ = receiver.wait_for(|now| *now >= phase).await;
}

impl Shared {
    /// Delivers a message, and tells the queue.
    async fn settle(&self, message: &Message) {
        let entry = match Entry::read(message, self.queue.connected_since().await) {
            Ok(entry) => entry,
            Err(reason) => return self.bury_malformed(message, &reason).await,
        };
        if let Some(wait) = entry.wait(SystemTime::now()) {
            return put_off(message, wait).await;
        }
        let began = Instant::now();
        let answers = self.deliver(&entry, message).await;
        let took = began.elapsed();
        let mut fate = Fate::of(answers, entry.tries >= self.options.tries);
        report::delivered(&entry, &fate, took);
        let wait = self.options.backoff.after(entry.tries);
        if !self.bury(&entry, message, &fate).await {
            fate.keep_dead();
        }
        report::deferred(&entry, &fate, wait);
        if fate.is_put_off() {
            return put_off(message, wait).await;
        }
        if !self.keep_rest(&entry, message, &fate, wait).await {
            // Those who have it may get it again, unless their store knows it by its name.
            return put_off(message, wait).await;
        }
        match finish(message).await {
            Ok(()) if fate.is_delivered() && !entry.shares_content => self.remove_content(&entry).await,
            Ok(()) => {}
            Err(error) => report::not_confirmed(&entry, &*error),
        }
    }

    async fn deliver(&self, entry: &Entry, message: &Message) -> Vec<Answer> {
        let envelope = &entry.envelope.envelope;
        let (bodies, body) = (self.options.bodies.as_ref(), entry.envelope.body.as_deref());
        match content::open(&self.queue, bodies, body, &message.payload).await {
            Ok(Content::Here(content)) => {
                hand_over(&self.server, entry.queued(), &entry.origin(), envelope, content).await
            }
            Ok(Content::Removed) => {
                vec![Ok(Receipt::new("An earlier try has delivered it")); envelope.recipients.len()]
            }
            Err(error) => vec![Err(unreadable(&*error)); envelope.recipients.len()],
        }
    }

    /// Puts the recipients who never get the message into a dead letter. Returns whether it is safe.
    async fn bury(&self, entry: &Entry, message: &Message, fate: &Fate) -> bool {
        if fate.dead.is_empty() {
            return true;
        }
        let subject = self.options.dead_letters.subject(&message.subject);
        let headers = letters::dead(entry, message, &fate.dead);
        let buried = match headers {
            Ok(headers) => self.queue.publish(subject.clone(), headers, message.payload.clone()).await,
            Err(error) => Err(error.into()),
        };
        report::dead(entry, &fate.dead, &subject, buried)
    }

    async fn bury_malformed(&self, message: &Message, reason: &str) {
        let subject = self.options.dead_letters.subject(&message.subject);
        let headers = letters::malformed(message, reason);
        let buried = self.queue.publish(subject.clone(), headers, message.payload.clone()).await;
        if report::malformed(message, reason, &subject, buried) {
            // If it is not confirmed, the dead letter comes twice at most.
            let _ = finish(message).await;
        } else {
            put_off(message, self.options.backoff.after(u32::MAX)).await;
        }
    }

    /// Puts those who may have the message later into a message of their own. Returns whether it is safe.
    async fn keep_rest(&self, entry: &Entry, message: &Message, fate: &Fate, wait: Duration) -> bool {
        if fate.later.is_empty() {
            return true;
        }
        let places: Vec<_> = fate.later.iter().map(|(place, _)| *place).collect();
        let retry = Retry {
            tries: entry.tries,
            not_before: SystemTime::now() + wait,
            name: entry.name.clone(),
            shares_content: entry.shares_content || !fate.dead.is_empty(),
        };
        let kept = match letters::rest(entry, message, &places, &retry) {
            Ok(headers) => {
                self.queue.publish(message.subject.to_string(), headers, message.payload.clone()).await
            }
            Err(error) => Err(error.into()),
        };
        report::rest(entry, kept)
    }

    /// Removes content that is not in the stream itself.
    async fn remove_content(&self, entry: &Entry) {
        if let Some(body) = &entry.envelope.body
            && let Err(error) = content::remove(&self.queue, self.options.bodies.as_ref(), body).await
        {
            report::content_left(entry, body, &*error);
        }
    }
}
