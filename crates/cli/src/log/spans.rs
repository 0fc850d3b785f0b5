//! The open spans, each with its formatted fields. All spans are sessions.
//!
//! # Why
//!
//! The registry of `tracing-subscriber` counts references at each poll of a session, and looks a span up in several
//! steps. With it a line per message cost a quarter more.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::Metadata;
use tracing_core::span::{Current, Id};

/// Locks that share the spans, so that threads seldom wait for each other.
const SHELVES: usize = 16;

/// The open spans.
#[derive(Debug, Default)]
pub(super) struct Spans {
    shelves: [Mutex<Shelf>; SHELVES],
    /// Counts the spans, to spread them.
    opened: AtomicUsize,
}

#[derive(Debug, Default)]
struct Shelf {
    places: Vec<Option<Span>>,
    free: Vec<usize>,
}

#[derive(Debug)]
struct Span {
    metadata: &'static Metadata<'static>,
    holders: usize,
    fields: String,
}

thread_local! {
    /// The spans that this thread has entered, the innermost last.
    static ENTERED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

impl Spans {
    /// Keeps a new span with one holder.
    pub(super) fn open(&self, metadata: &'static Metadata<'static>, fields: String) -> Id {
        let number = self.opened.fetch_add(1, Ordering::Relaxed) % SHELVES;
        let span = Some(Span { metadata, holders: 1, fields });
        let mut shelf = lock(&self.shelves[number]);
        let place = match shelf.free.pop() {
            Some(place) => {
                shelf.places[place] = span;
                place
            }
            None => {
                shelf.places.push(span);
                shelf.places.len() - 1
            }
        };
        // Ids are not 0.
        Id::from_u64((place * SHELVES + number) as u64 + 1)
    }

    /// Adds a holder.
    pub(super) fn hold(&self, id: &Id) {
        self.with(id.into_u64(), |span| span.holders += 1);
    }

    /// Takes a holder away, and returns whether it was the last, so that the span is gone.
    pub(super) fn let_go(&self, id: &Id) -> bool {
        let (number, place) = position(id.into_u64());
        let mut shelf = lock(&self.shelves[number]);
        let Some(kept) = shelf.places.get_mut(place) else { return false };
        let Some(span) = kept else { return false };
        span.holders -= 1;
        if span.holders > 0 {
            return false;
        }
        let span = kept.take();
        shelf.free.push(place);
        drop(shelf);
        drop(span);
        true
    }

    /// Changes the fields of a span.
    pub(super) fn change(&self, id: &Id, change: impl FnOnce(&mut String)) {
        self.with(id.into_u64(), |span| change(&mut span.fields));
    }

    /// Adds the fields of the span that this thread is in. No lock is held longer, as formatting a value may log.
    pub(super) fn write_fields(&self, line: &mut String) {
        if let Some(id) = innermost() {
            self.with(id, |span| line.push_str(&span.fields));
        }
    }

    /// Returns the span that this thread is in.
    pub(super) fn current(&self) -> Current {
        let metadata = innermost().and_then(|id| Some((id, self.with(id, |span| span.metadata)?)));
        metadata.map_or_else(Current::none, |(id, metadata)| Current::new(Id::from_u64(id), metadata))
    }

    fn with<T>(&self, id: u64, take: impl FnOnce(&mut Span) -> T) -> Option<T> {
        let (number, place) = position(id);
        lock(&self.shelves[number]).places.get_mut(place)?.as_mut().map(take)
    }
}

/// Notes that this thread is in a span.
pub(super) fn enter(id: &Id) {
    // A thread that ends has no list any more.
    let _ = ENTERED.try_with(|entered| entered.borrow_mut().push(id.into_u64()));
}

/// Notes that this thread has left a span. Spans can be left out of order.
pub(super) fn exit(id: &Id) {
    let _ = ENTERED.try_with(|entered| {
        let mut entered = entered.borrow_mut();
        let id = id.into_u64();
        if entered.last() == Some(&id) {
            entered.pop();
        } else if let Some(at) = entered.iter().rposition(|&other| other == id) {
            entered.remove(at);
        }
    });
}

fn innermost() -> Option<u64> {
    ENTERED.try_with(|entered| entered.borrow().last().copied()).ok().flatten()
}

fn lock(shelf: &Mutex<Shelf>) -> MutexGuard<'_, Shelf> {
    // No change is half-done when a panic occurs.
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the shelf of a span, and its place there.
fn position(id: u64) -> (usize, usize) {
    let index = usize::try_from(id - 1).unwrap_or(usize::MAX);
    (index % SHELVES, index / SHELVES)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use tracing_core::metadata;

    use super::*;

    struct Place;

    static PLACE: Place = Place;
    static METADATA: Metadata<'static> = metadata! {
        name: "session",
        target: "test",
        level: tracing::Level::ERROR,
        fields: &[],
        callsite: &PLACE,
        kind: metadata::Kind::SPAN,
    };

    impl tracing_core::Callsite for Place {
        fn set_interest(&self, _interest: tracing_core::Interest) {}

        fn metadata(&self) -> &Metadata<'_> {
            &METADATA
        }
    }

    fn open(spans: &Spans, fields: &str) -> Id {
        spans.open(&METADATA, fields.to_owned())
    }

    fn fields_here(spans: &Spans) -> String {
        let mut line = String::new();
        spans.write_fields(&mut line);
        line
    }

    #[test]
    fn a_line_has_the_innermost_span_of_its_own_thread() {
        let spans = Spans::default();
        let (outer, inner) = (open(&spans, "outer"), open(&spans, "inner"));
        assert_eq!(fields_here(&spans), "");
        enter(&outer);
        enter(&inner);
        thread::scope(|scope| {
            scope.spawn(|| assert_eq!(fields_here(&spans), ""));
        });
        assert_eq!(fields_here(&spans), "inner");
        assert_eq!(spans.current().id(), Some(&inner));
        exit(&outer);
        assert_eq!(fields_here(&spans), "inner");
        exit(&inner);
        assert_eq!(fields_here(&spans), "");
        assert!(spans.current().id().is_none());
    }

    #[test]
    fn a_span_is_kept_until_its_last_holder_is_gone() {
        let spans = Spans::default();
        let many: Vec<_> = (0..6 * SHELVES).map(|number| open(&spans, &number.to_string())).collect();
        for id in &many {
            spans.hold(id);
            assert!(!spans.let_go(id));
        }
        for (number, id) in many.iter().enumerate() {
            enter(id);
            assert_eq!(fields_here(&spans), number.to_string());
            assert!(spans.let_go(id));
            assert_eq!(fields_here(&spans), "");
            exit(id);
            assert!(!spans.let_go(id));
        }
        let again: Vec<_> = (0..6 * SHELVES).map(|_| open(&spans, "again")).collect();
        assert!(again.iter().all(|id| many.contains(id)), "the places are used again");
    }
}
