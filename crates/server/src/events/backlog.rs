//! The events that wait for one subscriber, and those that it has lost.

use std::mem::take;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::event::Event;
use crate::session::{Session, SessionId};

/// Events that may wait for one subscriber before it loses some.
pub(super) const EVENTS: usize = 1_024;

/// Bytes of memory that may wait for one subscriber before it loses events.
const OCTETS: usize = 4 * 1024 * 1024;

/// The part of these bytes that message data may fill. The rest is for the other events.
const OCTETS_WITH_DATA: usize = 3 * 1024 * 1024;

/// Sessions that `Missed` names if the subscriber has missed their end.
const ENDED: usize = 4_096;

/// The events of a session in one turn.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) events: Vec<Event>,
    /// Bytes of memory that the batch holds.
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

/// Returns the bytes that a batch holds of its session, which may be over.
fn session_weight(events: &[Event]) -> usize {
    events.first().and_then(Event::session).map_or(0, Session::held_bytes)
}

/// The bounds of a queue. A bounded channel would take the lock of its semaphore at each read.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    events: AtomicUsize,
    octets: AtomicUsize,
    /// Whether `lost` holds anything. If not, its lock need not be taken.
    has_lost: AtomicBool,
    lost: Mutex<Lost>,
}

/// Lost events that the subscriber has not been told of.
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

    /// Makes a batch of the events that fit, and counts it as waiting. Returns it with the number of events that are lost.
    pub(super) fn admit(&self, told: Vec<Event>) -> (Option<Batch>, u64) {
        let batch = Batch::of(told);
        let (count, weight) = (batch.events.len(), batch.weight);
        let octets_waiting = self.octets.fetch_add(weight, Ordering::Relaxed);
        let events_waiting = self.events.fetch_add(count, Ordering::Relaxed);
        let fits = events_waiting + count <= EVENTS && octets_waiting + weight <= OCTETS_WITH_DATA;
        if fits && !self.has_lost.load(Ordering::Relaxed) {
            return (Some(batch), 0);
        }
        let (batch, lost) = self.what_fits(batch.events, events_waiting, octets_waiting);
        self.octets.fetch_add(batch.weight, Ordering::Relaxed);
        self.octets.fetch_sub(weight, Ordering::Relaxed);
        (Some(batch).filter(|batch| !batch.events.is_empty()), lost)
    }

    /// Removes the events that do not fit, and returns their number. The next event that fits gets a `Missed` before it.
    #[cold]
    fn what_fits(&self, told: Vec<Event>, mut events_waiting: usize, octets_waiting: usize) -> (Batch, u64) {
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
        let missed = dropped.len() as u64;
        // After the lock is released, since the last event of a session may drop the state of the
        // application.
        drop(dropped);
        let batch = if kept.is_empty() { Batch { events: kept, weight: 0 } } else { Batch::of(kept) };
        (batch, missed)
    }

    /// Counts a batch as taken from the queue.
    pub(super) fn release(&self, batch: &Batch) {
        self.events.fetch_sub(batch.events.len(), Ordering::Relaxed);
        self.octets.fetch_sub(batch.weight, Ordering::Relaxed);
    }

    /// Returns the `Missed` of lost events, if no event has come since to carry it.
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
