//! The subscribers, and how events get to them.
//!
//! # Why
//!
//! The events of one turn of a session are collected on its thread, and sent together when it waits. One at a
//! time, the queue, its bounds and waking the reader cost more than the events. Small pieces of a message are
//! copied, since a slice would keep a whole read buffer.

use std::cell::RefCell;
use std::mem::take;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::mpsc::UnboundedSender;

use super::backlog::{Backlog, Batch};
use super::event::Event;
use super::kind::{Kind, Kinds};
use crate::session::SessionId;

/// The events of a usual turn of a session: a command and its reply. More memory at once would take the slow path of the
/// allocator.
const ROUND: usize = 2;

/// The number of events that a session sends at once, before its turn is over.
const FULL: usize = 64;

thread_local! {
    /// The events of the session that has its turn on this thread. `None` if nobody subscribed when the turn
    /// began.
    static TURN_EVENTS: RefCell<Option<TurnEvents>> = const { RefCell::new(None) };
}

struct TurnEvents {
    /// The address of the subscribers that get the events, since a hook may run a session of another server.
    to: usize,
    events: Vec<Event>,
}

/// All subscribers of a server. They get the events of one turn of a session together.
#[derive(Debug, Default)]
pub(crate) struct Subscribers {
    /// The kinds that somebody wants. An event that nobody wants costs one read of this number.
    wanted: AtomicU32,
    list: RwLock<Vec<Subscriber>>,
    /// Events that subscribers have missed. It is written only where one is.
    missed: AtomicU64,
}

#[derive(Debug)]
pub(super) struct Subscriber {
    pub(super) queue: UnboundedSender<Batch>,
    pub(super) backlog: Arc<Backlog>,
    pub(super) choice: Choice,
}

/// The events that a subscriber wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) kinds: Kinds,
    /// `None` for the events of all sessions and of none.
    pub(super) session: Option<SessionId>,
}

impl Choice {
    pub(super) const ALL: Self = Self { kinds: Kinds::ALL, session: None };

    pub(super) fn has(&self, event: &Event) -> bool {
        self.kinds.has(event.kind())
            && self.session.is_none_or(|id| event.session().is_some_and(|session| session.id() == id))
    }
}

/// One turn of a session. When it is dropped, the events of the turn go to the subscribers.
pub(crate) struct Turn<'a> {
    subscribers: &'a Subscribers,
    /// The events of the outer session, if this one runs in a hook.
    outer: Option<TurnEvents>,
}

impl Subscribers {
    pub(super) fn add(&self, subscriber: Subscriber) {
        self.change(|list| list.push(subscriber));
    }

    pub(super) fn remove(&self, backlog: &Arc<Backlog>) {
        self.change(|list| list.retain(|subscriber| !Arc::ptr_eq(&subscriber.backlog, backlog)));
    }

    pub(super) fn choose(&self, backlog: &Arc<Backlog>, choice: Choice) {
        self.change(|list| {
            let mut subscribers = list.iter_mut();
            if let Some(found) = subscribers.find(|subscriber| Arc::ptr_eq(&subscriber.backlog, backlog)) {
                found.choice = choice;
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Subscriber>)) {
        let mut list = self.list.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut list);
        let wanted = list.iter().fold(Kinds::NONE, |kinds, subscriber| kinds.and(subscriber.choice.kinds));
        self.wanted.store(wanted.bits(), Ordering::Release);
    }

    /// Returns whether there are subscribers.
    fn any(&self) -> bool {
        self.wanted.load(Ordering::Acquire) != 0
    }

    /// Returns whether a subscriber wants events of a kind.
    pub(crate) fn want(&self, kind: Kind) -> bool {
        Kinds::from_bits(self.wanted.load(Ordering::Acquire)).has(kind)
    }

    /// Begins the turn of a session on this thread.
    pub(crate) fn turn(&self) -> Option<Turn<'_>> {
        self.any().then(|| {
            let told = TurnEvents { to: self.address(), events: Vec::with_capacity(ROUND) };
            Turn { subscribers: self, outer: TURN_EVENTS.replace(Some(told)) }
        })
    }

    /// Tells the subscribers that want this kind, at the end of the session's turn if it has one. The event
    /// is made only if somebody wants it.
    pub(crate) fn tell(&self, kind: Kind, event: impl FnOnce() -> Event) {
        if !self.want(kind) {
            return;
        }
        let event = event();
        debug_assert_eq!(event.kind(), kind);
        let told = TURN_EVENTS.with_borrow_mut(|told| match told {
            Some(TurnEvents { to, events }) if *to == self.address() => {
                events.push(event);
                (events.len() >= FULL).then(|| take(events))
            }
            _ => Some(vec![event]),
        });
        if let Some(told) = told {
            self.hand_over(told);
        }
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn hand_over(&self, told: Vec<Event>) {
        let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
        // Most servers have one subscriber, which gets the events themselves.
        let Some((last, others)) = list.split_last() else { return };
        let missed = others.iter().map(|subscriber| subscriber.copy(&told)).sum::<u64>();
        let missed = missed + last.take(told);
        if missed > 0 {
            self.missed.fetch_add(missed, Ordering::Relaxed);
        }
    }

    /// Returns how many events were missed: by each subscriber those that it wanted.
    pub(crate) fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let told = TURN_EVENTS.replace(self.outer.take()).map(|told| told.events);
        if let Some(told) = told.filter(|told| !told.is_empty()) {
            self.subscribers.hand_over(told);
        }
    }
}

/// Each returns how many events the subscriber has missed.
impl Subscriber {
    fn copy(&self, told: &[Event]) -> u64 {
        self.queue(told.iter().filter(|event| self.choice.has(event)).cloned().collect())
    }

    fn take(&self, mut told: Vec<Event>) -> u64 {
        if self.choice != Choice::ALL {
            told.retain(|event| self.choice.has(event));
        }
        self.queue(told)
    }

    fn queue(&self, told: Vec<Event>) -> u64 {
        if told.is_empty() {
            return 0;
        }
        let (batch, missed) = self.backlog.admit(told);
        if let Some(batch) = batch {
            // An error means that the subscriber has left. It is off the list then.
            let _ = self.queue.send(batch);
        }
        missed
    }
}
