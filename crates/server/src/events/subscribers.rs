//! Those who watch, and how events come to them.
//!
//! # Why
//!
//! The events of one turn of a session are collected on its thread, and passed on together when it waits. One at a
//! time, the queue, its bounds and the wake of the reader cost more than the events. A few bytes of a message are
//! copied: a slice would keep a whole read buffer.

use std::cell::RefCell;
use std::mem::take;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::vec;

use tokio::sync::mpsc;

use crate::events::event::Event;
use crate::session::Session;

/// Events that one subscriber may be behind before it loses some.
const BACKLOG: usize = 1_024;

/// Octets of memory that one subscriber may be behind before it loses events.
const BACKLOG_OCTETS: usize = 4 * 1024 * 1024;

/// Of these, how many may be taken when message data is to be added, so that it leaves room for the other events.
const BACKLOG_WITH_DATA: usize = 3 * 1024 * 1024;

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
    /// So that without a subscriber an event costs one look at this number.
    count: AtomicUsize,
    list: RwLock<Vec<Subscriber>>,
}

#[derive(Debug)]
struct Subscriber {
    queue: mpsc::UnboundedSender<Batch>,
    backlog: Arc<Backlog>,
}

/// What a session has told in one turn.
#[derive(Debug)]
struct Batch {
    events: Vec<Event>,
    /// Octets of memory that it keeps.
    weight: usize,
}

impl Batch {
    fn of(events: Vec<Event>) -> Self {
        let held: usize = events.iter().map(Event::weight).sum();
        let spare = (events.capacity() - events.len()) * size_of::<Event>();
        let weight = held + spare + session_weight(&events);
        Self { events, weight }
    }
}

/// Octets of memory that a batch keeps of its session, which may be over.
fn session_weight(events: &[Event]) -> usize {
    events.first().and_then(Event::session).map_or(0, Session::held_octets)
}

/// What bounds a queue. A bounded channel's semaphore would take a lock for whatever is read.
#[derive(Debug, Default)]
struct Backlog {
    events: AtomicUsize,
    octets: AtomicUsize,
    missed: AtomicU64,
}

/// A subscription to the events of a server, made by [`Server::events`](crate::Server::events).
///
/// A subscriber that is more than 1,024 events or 4 MiB of memory behind, 3 MiB for message data, loses events and is told how many by
/// [`Event::Missed`]; no session waits for it. Events of one session come in their order, and at the latest when the
/// session next waits: for its client, for a hook, for its turn. A hook that blocks its thread holds them back meanwhile.
#[derive(Debug)]
pub struct Events {
    queue: mpsc::UnboundedReceiver<Batch>,
    /// Taken from the queue, and not read yet.
    at_hand: vec::IntoIter<Event>,
    backlog: Arc<Backlog>,
    /// Weak, so that the end of the server ends the subscription.
    subscribers: Weak<Subscribers>,
}

/// One turn of a session: what it tells meanwhile is handed over when this is dropped.
pub(crate) struct Turn<'a> {
    subscribers: &'a Subscribers,
    /// Of the session in whose hook this one has its turn.
    outer: Option<Told>,
}

impl Subscribers {
    pub(crate) fn subscribe(self: &Arc<Self>) -> Events {
        let (sender, queue) = mpsc::unbounded_channel();
        let backlog = Arc::new(Backlog::default());
        self.list
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Subscriber { queue: sender, backlog: Arc::clone(&backlog) });
        self.count.fetch_add(1, Ordering::Release);
        Events { queue, at_hand: Vec::new().into_iter(), backlog, subscribers: Arc::downgrade(self) }
    }

    /// Whether anybody watches.
    pub(crate) fn any(&self) -> bool {
        self.count.load(Ordering::Acquire) > 0
    }

    /// A session has its turn on this thread.
    pub(crate) fn turn(&self) -> Option<Turn<'_>> {
        self.any().then(|| {
            let told = Told { to: self.address(), events: Vec::with_capacity(ROUND) };
            Turn { subscribers: self, outer: TOLD.replace(Some(told)) }
        })
    }

    /// Tells everybody who watches, at the end of the session's turn if it has one; the event is made only if there is
    /// somebody.
    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        if !self.any() {
            return;
        }
        let event = event();
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
        others.iter().for_each(|subscriber| subscriber.take(told.clone()));
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
    fn take(&self, told: Vec<Event>) {
        let Backlog { events, octets, missed } = &*self.backlog;
        let batch = Batch::of(told);
        let (count, weight) = (batch.events.len(), batch.weight);
        let octets_waiting = octets.fetch_add(weight, Ordering::Relaxed);
        let events_waiting = events.fetch_add(count, Ordering::Relaxed);
        let fits = events_waiting + count <= BACKLOG && octets_waiting + weight <= BACKLOG_WITH_DATA;
        let batch = if fits && missed.load(Ordering::Relaxed) == 0 {
            batch
        } else {
            let batch = self.what_fits(batch.events, events_waiting, octets_waiting);
            octets.fetch_add(batch.weight, Ordering::Relaxed);
            octets.fetch_sub(weight, Ordering::Relaxed);
            batch
        };
        if batch.events.is_empty() {
            return;
        }
        // Whoever has left is taken off the list.
        let _ = self.queue.send(batch);
    }

    /// Drops what does not fit. Where events are missing, the word of it stands before the next one.
    #[cold]
    fn what_fits(&self, told: Vec<Event>, mut events_waiting: usize, octets_waiting: usize) -> Batch {
        let mut kept = Vec::new();
        let mut missed = self.backlog.missed.swap(0, Ordering::Relaxed);
        let mut octets_waiting = octets_waiting + session_weight(&told);
        for event in told {
            let weight = event.weight();
            let bound = match event {
                Event::DataChunk { .. } => BACKLOG_WITH_DATA,
                _ => BACKLOG_OCTETS,
            };
            // A single event may be heavier than the bound, so one always fits an empty backlog.
            let is_first = events_waiting == 0;
            if events_waiting >= BACKLOG || !is_first && octets_waiting + weight > bound {
                self.backlog.events.fetch_sub(1, Ordering::Relaxed);
                missed += 1;
                continue;
            }
            if missed > 0 {
                self.backlog.events.fetch_add(1, Ordering::Relaxed);
                kept.push(Event::Missed(take(&mut missed)));
            }
            events_waiting += 1;
            octets_waiting += weight;
            kept.push(event);
        }
        self.backlog.missed.fetch_add(missed, Ordering::Relaxed);
        if kept.is_empty() { Batch { events: kept, weight: 0 } } else { Batch::of(kept) }
    }
}

impl Events {
    /// The next event; `None` when the server and all its sessions are gone and all events were read.
    ///
    /// # Cancel safety
    /// Safe: no event is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.at_hand.next() {
                return Some(event);
            }
            let Batch { events, weight } = match self.queue.try_recv() {
                Ok(told) => told,
                // Others were missed, and none has come since that could bring the word.
                Err(_) => match self.backlog.missed.swap(0, Ordering::Relaxed) {
                    0 => self.queue.recv().await?,
                    missed => return Some(Event::Missed(missed)),
                },
            };
            self.backlog.events.fetch_sub(events.len(), Ordering::Relaxed);
            self.backlog.octets.fetch_sub(weight, Ordering::Relaxed);
            self.at_hand = events.into_iter();
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        let Some(subscribers) = self.subscribers.upgrade() else { return };
        subscribers.count.fetch_sub(1, Ordering::Release);
        let mut list = subscribers.list.write().unwrap_or_else(PoisonError::into_inner);
        list.retain(|subscriber| !Arc::ptr_eq(&subscriber.backlog, &self.backlog));
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn event() -> Event {
        Event::TurnedAway { client: IpAddr::V4(Ipv4Addr::LOCALHOST) }
    }

    fn is_told(events: &mut Events) -> bool {
        let next = pin!(events.next());
        matches!(next.poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(Some(_)))
    }

    #[test]
    fn nothing_is_queued_for_a_subscriber_that_is_too_far_behind() {
        let subscribers = Arc::new(Subscribers::default());
        let events = subscribers.subscribe();
        for _ in 0..10 * BACKLOG {
            let _turn = subscribers.turn();
            subscribers.tell(event);
        }
        assert_eq!(events.queue.len(), BACKLOG);
        assert_eq!(events.backlog.missed.load(Ordering::Relaxed), 9 * BACKLOG as u64);
    }

    #[test]
    fn what_is_told_within_the_turn_of_another_servers_session_goes_to_its_own_subscribers() {
        let [outer, inner] = [(); 2].map(|()| Arc::new(Subscribers::default()));
        let mut of_outer = outer.subscribe();
        let turn = outer.turn();
        let mut of_inner = inner.subscribe();
        inner.tell(event);
        assert!(is_told(&mut of_inner), "it has no turn that could be waited for");
        drop(turn);
        assert!(!is_told(&mut of_outer));
    }
}
