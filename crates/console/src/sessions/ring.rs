//! All sessions that are kept, in bounded memory.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::ops::Bound;
use std::time::SystemTime;

use mailchute::events::{Event, Events};
use mailchute::session::SessionId;

use super::kept::Kept;
use super::record::USUAL;

/// Connections that were closed before they became sessions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TurnedAway {
    pub(crate) count: u64,
    /// The last of them.
    pub(crate) client: IpAddr,
    pub(crate) time: SystemTime,
}

/// The sessions, by their identifiers, which rise with time.
#[derive(Debug)]
pub(super) struct Ring {
    pub(super) events: Events,
    /// In boxes, as a tree moves its values.
    sessions: BTreeMap<SessionId, Box<Kept>>,
    /// Sessions that have ended, in that order.
    over: VecDeque<SessionId>,
    /// Bytes that the sessions hold.
    held: usize,
    /// Bytes that they may hold.
    most: usize,
    /// Events that were missed.
    pub(super) missed: u64,
    /// When events were missed last.
    pub(super) missed_at: Option<SystemTime>,
    /// Sessions that had to make room for later ones.
    pub(super) evicted: u64,
    pub(super) turned_away: Option<TurnedAway>,
    /// Empty buffers for the records of sessions to come. Memory that was just used is fast.
    buffers: Vec<Vec<u8>>,
    scratch: Vec<u8>,
}

/// The most buffers that wait for a session.
const BUFFERS: usize = 64;

/// Bytes of the tables for one session.
const ENTRY: usize = 2 * size_of::<SessionId>() + size_of::<usize>();

impl Ring {
    pub(super) fn new(events: Events, most: usize) -> Self {
        Self {
            events,
            sessions: BTreeMap::new(),
            over: VecDeque::new(),
            held: 0,
            most,
            missed: 0,
            missed_at: None,
            evicted: 0,
            turned_away: None,
            buffers: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Adds the events that have already come, so that readers see the latest state.
    pub(super) fn catch_up(&mut self) {
        if let Some(event) = self.events.try_next() {
            self.add(event);
        }
    }

    /// Adds an event, and those that have come after it.
    pub(super) fn add(&mut self, first: Event) {
        let mut next = Some(first);
        while let Some(event) = next {
            next = match event {
                Event::Missed { time, count, ended, more_ended, .. } => {
                    self.miss(time, count, &ended, more_ended);
                    self.events.try_next()
                }
                Event::TurnedAway { time, client, .. } => {
                    let count = self.turned_away.map_or(0, |turned_away| turned_away.count) + 1;
                    self.turned_away = Some(TurnedAway { count, client: client.to_canonical(), time });
                    self.events.try_next()
                }
                event => self.add_to_session(event),
            };
            self.make_room();
        }
    }

    fn make_room(&mut self) {
        while self.held > self.most {
            let oldest = self.over.pop_front().or_else(|| self.sessions.keys().next().copied());
            let Some(dropped) = oldest.and_then(|id| self.sessions.remove(&id)) else { break };
            self.held -= ENTRY + dropped.counted_bytes();
            self.evicted += 1;
        }
    }

    /// Adds an event of a session with those of the same session that follow, as they come in turns. Returns the first event
    /// of another.
    fn add_to_session(&mut self, first: Event) -> Option<Event> {
        let Some(session) = first.session() else { return self.events.try_next() };
        let (id, missed) = (session.id(), self.missed);
        let kept = self.sessions.entry(id).or_insert_with(|| {
            let buffer = self.buffers.pop().unwrap_or_else(|| Vec::with_capacity(USUAL));
            let kept = Box::new(Kept::new(session, &first, missed, buffer));
            self.held += ENTRY + kept.counted_bytes();
            kept
        });
        let (was_over, before) = (kept.is_over, kept.counted_bytes());
        let mut event = first;
        let next = loop {
            if let Some(session) = event.session() {
                kept.add(&event, session, missed, &mut self.scratch);
            }
            match self.events.try_next() {
                Some(next) if next.session().is_some_and(|session| session.id() == id) => event = next,
                other => break other,
            }
        };
        if kept.is_over && !was_over {
            let buffer = kept.compact();
            if self.buffers.len() < BUFFERS && buffer.capacity() == USUAL {
                self.buffers.push(buffer);
            }
            self.over.push_back(id);
        }
        self.held = self.held + kept.counted_bytes() - before;
        next
    }

    fn miss(&mut self, time: SystemTime, count: u64, ended: &[SessionId], more_ended: u64) {
        self.missed += count;
        self.missed_at = Some(time);
        let all: Vec<SessionId>;
        let ended = if more_ended == 0 {
            ended
        } else {
            all = self.sessions.values().filter(|kept| !kept.is_over).map(|kept| kept.id).collect();
            &all
        };
        for id in ended {
            let Some(kept) = self.sessions.get_mut(id).filter(|kept| !kept.is_over) else { continue };
            let before = kept.counted_bytes();
            kept.end_unseen(time, self.missed);
            kept.compact();
            self.held = self.held + kept.counted_bytes() - before;
            self.over.push_back(*id);
        }
    }

    pub(super) fn get(&self, id: SessionId) -> Option<&Kept> {
        self.sessions.get(&id).map(|kept| &**kept)
    }

    /// Returns the sessions before this one, the newest first.
    pub(super) fn before(&self, id: Option<SessionId>) -> impl Iterator<Item = &Kept> {
        let end = id.map_or(Bound::Unbounded, Bound::Excluded);
        self.sessions.range((Bound::Unbounded, end)).rev().map(|(_, kept)| &**kept)
    }

    /// Returns how many sessions are kept, and how many of them are open.
    pub(super) fn count(&self) -> (usize, usize) {
        (self.sessions.len(), self.sessions.len() - self.over.len())
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.held
    }
}
