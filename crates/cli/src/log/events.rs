//! The subscriber of `tracing` that turns events into lines of the log.
//!
//! # Why
//!
//! Layers of `tracing-subscriber` over its registry took more instructions than the formatting of the line. The program
//! has one log, and spans of one kind.

use std::sync::Arc;

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_core::span::Current;

use super::in_force::InForce;
use super::line::Lines;
use super::queue::Queue;
use super::spans::{self, Spans};

/// Puts the line of each event into the queue.
#[derive(Debug)]
pub(super) struct Events {
    pub(super) level: Arc<InForce>,
    pub(super) lines: Lines,
    pub(super) has_colors: bool,
    pub(super) queue: Arc<Queue>,
    pub(super) spans: Spans,
}

impl Subscriber for Events {
    /// Decides for good, so that nothing asks again at each event.
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.level.passes(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.level.passes(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level.most())
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.spans.open(span.metadata(), self.lines.context(|visit| span.record(visit)))
    }

    /// A later value replaces an earlier one of the same key. So a proxy cannot grow the line with XCLIENT.
    fn record(&self, id: &Id, values: &Record<'_>) {
        let added = self.lines.context(|visit| values.record(visit));
        self.spans.change(id, |fields| {
            let key = &added[..added.find(['=', ':']).map_or(0, |end| end + 1)];
            let before = Some(key).filter(|key| !key.is_empty()).and_then(|key| fields.find(key));
            fields.truncate(before.unwrap_or(fields.len()));
            fields.push_str(&added);
        });
    }

    /// Does nothing: no line tells which span follows which.
    fn record_follows_from(&self, _id: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.lines.event(event, &self.spans, self.has_colors, |line| self.queue.push(line.as_bytes()));
    }

    fn enter(&self, id: &Id) {
        spans::enter(id);
    }

    fn exit(&self, id: &Id) {
        spans::exit(id);
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.spans.hold(id);
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        self.spans.let_go(&id)
    }

    fn current_span(&self) -> Current {
        self.spans.current()
    }
}
