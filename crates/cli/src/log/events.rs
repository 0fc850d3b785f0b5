//! The layer that turns the events of `tracing` into lines of the log.
//!
//! # Why
//!
//! `fmt::layer()` of `tracing-subscriber` copies each line once more and takes a third of the time of a line.

use std::sync::Arc;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::line::Lines;
use super::queue::Queue;

/// Puts the line of each event into the queue.
#[derive(Debug)]
pub(super) struct Events {
    pub(super) lines: Lines,
    pub(super) has_colors: bool,
    pub(super) queue: Arc<Queue>,
}

/// The formatted fields of a span. All spans are sessions.
struct Fields(String);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Events {
    fn on_new_span(&self, fields: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            span.extensions_mut().replace(Fields(self.lines.context(fields)));
        }
    }

    /// A later value replaces an earlier one of the same key. So a proxy cannot grow the line with XCLIENT.
    fn on_record(&self, id: &Id, record: &Record<'_>, context: Context<'_, S>) {
        let added = self.lines.context(record);
        let Some(span) = context.span(id) else { return };
        let mut extensions = span.extensions_mut();
        let Some(Fields(fields)) = extensions.get_mut() else { return };
        let key = &added[..added.find(['=', ':']).map_or(0, |end| end + 1)];
        let before = Some(key).filter(|key| !key.is_empty()).and_then(|key| fields.find(key));
        fields.truncate(before.unwrap_or(fields.len()));
        fields.push_str(&added);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let span = context.lookup_current();
        let extensions = span.as_ref().map(|span| span.extensions());
        let fields = extensions.as_ref().and_then(|extensions| extensions.get::<Fields>());
        let fields = fields.map_or("", |Fields(fields)| fields);
        self.lines.event(event, fields, self.has_colors, |line| self.queue.push(line.as_bytes()));
    }
}
