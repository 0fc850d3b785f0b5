//! A subscription: the events as a subscriber reads them.

use std::future::poll_fn;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};
use std::vec;

use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::backlog::{Backlog, Batch};
use super::event::Event;
use super::kind::Kind;
use super::subscribers::{Choice, Subscriber, Subscribers};
use crate::session::SessionId;

/// A subscription to the events of a server. Made by [`Server::events`](crate::Server::events).
///
/// Sessions never wait for a subscriber. A subscriber loses events when more than 1,024 of them, or 4 MiB of
/// memory, wait for it; for message data it is 3 MiB. [`Event::Missed`] then stands where they are missing.
/// It has their number and the sessions that have ended meanwhile. So a subscriber that keeps something for
/// each session can always forget it.
///
/// Events of one session come in order. They arrive no later than when the session next waits: for its
/// client, for a hook, or for its turn. A hook that blocks its thread delays them.
///
/// A kind that no subscriber wants costs the server nothing. Choose what you need with [`only`](Self::only).
///
/// # Examples
/// ```
/// use mailchute::Server;
/// use mailchute::events::{Event, Kind};
///
/// async fn count(server: &Server) -> u64 {
///     let mut events = server.events().only([Kind::Message]);
///     let mut bytes = 0;
///     while let Some(event) = events.next().await {
///         match event {
///             Event::Message { size, .. } => bytes += size,
///             Event::Missed { count, .. } => eprintln!("{count} messages were missed"),
///             _ => {}
///         }
///     }
///     bytes
/// }
/// ```
#[derive(Debug)]
pub struct Events {
    queue: UnboundedReceiver<Batch>,
    /// Events taken from the queue and not read yet.
    at_hand: vec::IntoIter<Event>,
    backlog: Arc<Backlog>,
    choice: Choice,
    /// Weak, so that the end of the server ends the subscription.
    subscribers: Weak<Subscribers>,
}

impl Events {
    pub(crate) fn of(subscribers: &Arc<Subscribers>) -> Self {
        let (sender, queue) = mpsc::unbounded_channel();
        let (backlog, choice) = (Arc::<Backlog>::default(), Choice::ALL);
        subscribers.add(Subscriber { queue: sender, backlog: Arc::clone(&backlog), choice });
        Self {
            queue,
            at_hand: Vec::new().into_iter(),
            backlog,
            choice,
            subscribers: Arc::downgrade(subscribers),
        }
    }

    /// Keeps only events of these kinds. [`Missed`](Kind::Missed) comes in any case, and counts only events
    /// of these kinds. Each call replaces the choice of the last one.
    #[must_use]
    pub fn only(mut self, kinds: impl IntoIterator<Item = Kind>) -> Self {
        self.choice.kinds = kinds.into_iter().collect();
        self.choose()
    }

    /// Keeps only events of one session.
    ///
    /// ```
    /// use mailchute::Server;
    /// # async fn watch(server: Server, session: mailchute::Session) {
    /// let mut events = server.events().of_session(session.id());
    /// while let Some(event) = events.next().await {
    ///     println!("{event}");
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn of_session(mut self, session: SessionId) -> Self {
        self.choice.session = Some(session);
        self.choose()
    }

    fn choose(self) -> Self {
        if let Some(subscribers) = self.subscribers.upgrade() {
            subscribers.choose(&self.backlog, self.choice);
        }
        self
    }

    /// Waits for the next event. Returns `None` when the server and all its sessions have ended and all
    /// events were read.
    ///
    /// # Cancel safety
    /// Safe: no event is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Event> {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// Polls for the next event, as [`next`](Self::next) does.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Event>> {
        loop {
            if let Some(event) = self.try_next() {
                return Poll::Ready(Some(event));
            }
            match ready!(self.queue.poll_recv(context)) {
                Some(batch) => self.open(batch),
                None => return Poll::Ready(None),
            }
        }
    }

    /// Returns the next event if it has already come.
    pub fn try_next(&mut self) -> Option<Event> {
        loop {
            // Events from before the choice may be of other kinds.
            let is_chosen = |event: &Event| matches!(event, Event::Missed { .. }) || self.choice.has(event);
            if let Some(event) = self.at_hand.find(is_chosen) {
                return Some(event);
            }
            match self.queue.try_recv() {
                Ok(batch) => self.open(batch),
                Err(_) => return self.backlog.take_lost(),
            }
        }
    }

    fn open(&mut self, batch: Batch) {
        self.backlog.release(&batch);
        self.at_hand = batch.events.into_iter();
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        if let Some(subscribers) = self.subscribers.upgrade() {
            subscribers.remove(&self.backlog);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::super::backlog::EVENTS;
    use super::*;

    fn tell(subscribers: &Subscribers) {
        subscribers.tell(Kind::TurnedAway, || Event::turned_away(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    }

    #[test]
    fn queues_nothing_for_a_subscriber_that_is_too_slow() {
        let subscribers = Arc::new(Subscribers::default());
        let events = Events::of(&subscribers);
        for _ in 0..10 * EVENTS {
            let _turn = subscribers.turn();
            tell(&subscribers);
        }
        assert_eq!(events.queue.len(), EVENTS);
        assert_eq!(events.backlog.count_lost(), 9 * EVENTS as u64);
    }

    #[test]
    fn a_turn_holds_back_no_events_of_another_server() {
        let [outer, inner] = [(); 2].map(|()| Arc::new(Subscribers::default()));
        let mut of_outer = Events::of(&outer);
        let turn = outer.turn();
        let mut of_inner = Events::of(&inner);
        tell(&inner);
        assert!(of_inner.try_next().is_some(), "it has no turn that could be waited for");
        drop(turn);
        assert!(of_outer.try_next().is_none());
    }

    #[test]
    fn an_event_that_nobody_wants_is_not_made() {
        let subscribers = Arc::new(Subscribers::default());
        let mut messages = Events::of(&subscribers).only([Kind::Message]);
        subscribers.tell(Kind::TurnedAway, || unreachable!("nobody wants it"));
        let mut all = Events::of(&subscribers);
        tell(&subscribers);
        assert!(all.try_next().is_some());
        drop(all);
        subscribers.tell(Kind::TurnedAway, || unreachable!("nobody wants it any more"));
        assert!(messages.try_next().is_none());
    }
}
