//! Those who watch, and how events get to them.
//!
//! # Why
//!
//! The events of one turn of a session are collected on its thread, and passed on together when it waits. One at a
//! time, the queue, its bounds and the wake of the reader cost more than the events. A few bytes of a message are
//! copied: a slice would keep a whole read buffer.

use std::cell::RefCell;
use std::mem::take;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::mpsc::UnboundedSender;

use super::backlog::{Backlog, Batch};
use super::event::Event;
use super::kind::{Kind, Kinds};
use crate::session::SessionId;

/// Events that a session has in most of its turns.
const ROUND: usize = 16;

/// Events that a session hands over before its turn is over.
const FULL: usize = 64;

thread_local! {
    /// What the session that has its turn on this thread has told so far, if somebody watched when it began.
    static TOLD: RefCell<Option<Told>> = const { RefCell::new(None) };
}

struct Told {
    /// The address of the subscribers to whom it goes: a hook may run a session of another server.
    to: usize,
    events: Vec<Event>,
}

/// Everybody who watches.
///
/// What a session tells in one turn is handed over as a whole. Counted by callgrind, each of the eleven events of a pipelined
/// message takes 600 instructions this way, from its making to its reader's dropping it, where it took 1,270 by itself.
#[derive(Debug, Default)]
pub(crate) struct Subscribers {
    /// The kinds that somebody wants, so that an event that nobody wants costs one look at this number.
    wanted: AtomicU32,
    list: RwLock<Vec<Subscriber>>,
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
    /// `None` for those of all sessions, and of none.
    pub(super) session: Option<SessionId>,
}

impl Choice {
    pub(super) const ALL: Self = Self { kinds: Kinds::ALL, session: None };

    pub(super) fn has(&self, event: &Event) -> bool {
        self.kinds.has(event.kind())
            && self.session.is_none_or(|id| event.session().is_some_and(|session| session.id() == id))
    }
}

/// One turn of a session: what it tells meanwhile is handed over when this is dropped.
pub(crate) struct Turn<'a> {
    subscribers: &'a Subscribers,
    /// Of the session in whose hook this one has its turn.
    outer: Option<Told>,
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

    /// Whether anybody watches.
    fn any(&self) -> bool {
        self.wanted.load(Ordering::Acquire) != 0
    }

    /// Whether anybody watches for events of a kind.
    pub(crate) fn want(&self, kind: Kind) -> bool {
        Kinds::from_bits(self.wanted.load(Ordering::Acquire)).has(kind)
    }

    /// A session has its turn on this thread.
    pub(crate) fn turn(&self) -> Option<Turn<'_>> {
        self.any().then(|| {
            let told = Told { to: self.address(), events: Vec::with_capacity(ROUND) };
            Turn { subscribers: self, outer: TOLD.replace(Some(told)) }
        })
    }

    /// Tells everybody who watches for that kind, at the end of the session's turn if it has one. The event is made only
    /// if there is somebody.
    pub(crate) fn tell(&self, kind: Kind, event: impl FnOnce() -> Event) {
        if !self.want(kind) {
            return;
        }
        let event = event();
        debug_assert_eq!(event.kind(), kind);
        let told = TOLD.with_borrow_mut(|told| match told {
            Some(Told { to, events }) if *to == self.address() => {
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
        // Most have one, which gets the events themselves.
        let Some((last, others)) = list.split_last() else { return };
        others.iter().for_each(|subscriber| subscriber.copy(&told));
        last.take(told);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let told = TOLD.replace(self.outer.take()).map(|told| told.events);
        if let Some(told) = told.filter(|told| !told.is_empty()) {
            self.subscribers.hand_over(told);
        }
    }
}

impl Subscriber {
    fn copy(&self, told: &[Event]) {
        self.queue(told.iter().filter(|event| self.choice.has(event)).cloned().collect());
    }

    fn take(&self, mut told: Vec<Event>) {
        if self.choice != Choice::ALL {
            told.retain(|event| self.choice.has(event));
        }
        self.queue(told);
    }

    fn queue(&self, told: Vec<Event>) {
        if told.is_empty() {
            return;
        }
        if let Some(batch) = self.backlog.admit(told) {
            // A subscriber that has left is taken off the list.
            let _ = self.queue.send(batch);
        }
    }
}
