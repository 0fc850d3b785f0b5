//! What waits for one subscriber, and what it has lost.

use std::mem::take;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::event::Event;
use crate::session::{Session, SessionId};

/// Events that one subscriber may be behind before it loses some.
pub(super) const EVENTS: usize = 1_024;

/// Bytes of memory that one subscriber may be behind before it loses events.
const OCTETS: usize = 4 * 1024 * 1024;

/// Of these, how many may be taken when message data is to be added, so that it leaves room for the other events.
const OCTETS_WITH_DATA: usize = 3 * 1024 * 1024;

/// Sessions that a subscriber gets by name if it has missed their end.
const ENDED: usize = 4_096;

/// What a session has told in one turn.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) events: Vec<Event>,
    /// Bytes of memory that it keeps.
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

/// Bytes of memory that a batch keeps of its session, which may be over.
fn session_weight(events: &[Event]) -> usize {
    events.first().and_then(Event::session).map_or(0, Session::held_octets)
}

/// What bounds a queue. A bounded channel's semaphore would take a lock for whatever is read.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    events: AtomicUsize,
    octets: AtomicUsize,
    /// Whether `lost` holds anything, so that nobody takes its lock for nothing.
    has_lost: AtomicBool,
    lost: Mutex<Lost>,
}

/// Events that the subscriber was too slow for, and has not been told of.
#[derive(Debug, Default)]
struct Lost {
    count: u64,
    ended: Vec<SessionId>,
    more_ended: u64,
}

impl Lost {
    fn add(&mut self, event: &Event) {
        self.count += 1;
        if let Event::Disconnect { session, .. } = event {
            if self.ended.len() < ENDED {
                self.ended.push(session.id());
            } else {
                self.more_ended += 1;
            }
        }
    }

    fn into_event(self) -> Event {
        let Self { count, ended, more_ended } = self;
        Event::Missed { time: SystemTime::now(), count, ended, more_ended }
    }
}

impl Backlog {
    fn lost(&self) -> MutexGuard<'_, Lost> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a batch of the events that there is room for, and counts it as waiting.
    pub(super) fn admit(&self, told: Vec<Event>) -> Option<Batch> {
        let batch = Batch::of(told);
        let (count, weight) = (batch.events.len(), batch.weight);
        let octets_waiting = self.octets.fetch_add(weight, Ordering::Relaxed);
        let events_waiting = self.events.fetch_add(count, Ordering::Relaxed);
        let fits = events_waiting + count <= EVENTS && octets_waiting + weight <= OCTETS_WITH_DATA;
        if fits && !self.has_lost.load(Ordering::Relaxed) {
            return Some(batch);
        }
        let batch = self.what_fits(batch.events, events_waiting, octets_waiting);
        self.octets.fetch_add(batch.weight, Ordering::Relaxed);
        self.octets.fetch_sub(weight, Ordering::Relaxed);
        Some(batch).filter(|batch| !batch.events.is_empty())
    }

    /// Takes out what does not fit. Where events are missing, the word of it stands before the next one.
    #[cold]
    fn what_fits(&self, told: Vec<Event>, mut events_waiting: usize, octets_waiting: usize) -> Batch {
        let (mut kept, mut dropped) = (Vec::new(), Vec::new());
        let mut octets_waiting = octets_waiting + session_weight(&told);
        let mut lost = self.lost();
        for event in told {
            let weight = event.weight();
            let bound = match event {
                Event::DataChunk { .. } => OCTETS_WITH_DATA,
                _ => OCTETS,
            };
            // A single event may be heavier than the bound, so one always fits an empty backlog.
            let is_first = events_waiting == 0;
            if events_waiting >= EVENTS || !is_first && octets_waiting + weight > bound {
                self.events.fetch_sub(1, Ordering::Relaxed);
                lost.add(&event);
                dropped.push(event);
                continue;
            }
            if lost.count > 0 {
                self.events.fetch_add(1, Ordering::Relaxed);
                kept.push(take(&mut *lost).into_event());
            }
            events_waiting += 1;
            octets_waiting += weight;
            kept.push(event);
        }
        self.has_lost.store(lost.count > 0, Ordering::Relaxed);
        drop(lost);
        // Only now, as the state of the application may be dropped with the last event of a session.
        drop(dropped);
        if kept.is_empty() { Batch { events: kept, weight: 0 } } else { Batch::of(kept) }
    }

    /// A batch has been taken from the queue.
    pub(super) fn release(&self, batch: &Batch) {
        self.events.fetch_sub(batch.events.len(), Ordering::Relaxed);
        self.octets.fetch_sub(batch.weight, Ordering::Relaxed);
    }

    /// The word of what was lost, if no event has come since that could bring it.
    pub(super) fn take_lost(&self) -> Option<Event> {
        if !self.has_lost.load(Ordering::Relaxed) {
            return None;
        }
        let mut lost = self.lost();
        self.has_lost.store(false, Ordering::Relaxed);
        (lost.count > 0).then(|| take(&mut *lost).into_event())
    }

    #[cfg(test)]
    pub(super) fn count_lost(&self) -> u64 {
        self.lost().count
    }
}
