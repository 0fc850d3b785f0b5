//! A line of the log: for people, or a JSON object.

use std::cell::Cell;
use std::fmt::{self, Debug, Write};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::span::Record;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

use super::format::LogFormat;
use super::time;
use super::values::{write_bare, write_json, write_number, write_text};
use crate::failure::Failure;

/// Makes lines of this format.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines(pub(super) LogFormat);

impl Lines {
    /// Formats the number of lines that were lost.
    pub(super) fn dropped(self, lines: u64) -> String {
        self.line(Level::WARN, |row| {
            row.begin(
                "lines-dropped",
                Some(&format_args!("lines of the log were dropped: nobody read them in time")),
            );
            row.number("lines", lines);
        })
    }

    /// Formats the failure that ends the program.
    pub(super) fn failure(self, failure: &Failure) -> String {
        let failure = failure.to_string();
        let lines = failure.lines().filter(|text| !text.is_empty()).map(|text| match self.0 {
            LogFormat::Text => format!("mailchute: {text}\n"),
            LogFormat::Json => self.line(Level::ERROR, |row| {
                row.begin("failed", None);
                row.string("error", text);
            }),
        });
        lines.collect()
    }

    fn line(self, level: Level, write: impl FnOnce(&mut Row)) -> String {
        let mut row = self.row(Buffers::default());
        row.whole(level, false, write);
        row.buffers.line
    }

    fn row(self, buffers: Buffers) -> Row {
        Row { format: self.0, buffers }
    }
}

/// The memory that lines are formatted in.
#[derive(Default)]
struct Buffers {
    line: String,
    /// A value that is being formatted.
    scratch: String,
}

impl Buffers {
    const fn new() -> Self {
        Self { line: String::new(), scratch: String::new() }
    }
}

thread_local! {
    /// The buffers of this thread's last line, for reuse.
    static LAST: Cell<Buffers> = const { Cell::new(Buffers::new()) };
}

/// The capacity that a buffer keeps for the next line. Most lines are much shorter.
const KEPT: usize = 4096;

fn name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

fn padded(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => " WARN",
        Level::INFO => " INFO",
        Level::DEBUG => "DEBUG",
        Level::TRACE => "TRACE",
    }
}

fn color(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        Level::DEBUG => "\x1b[34m",
        Level::TRACE => "\x1b[35m",
    }
}

/// The keys and values of a line. It is a string from the start, because each conversion costs time with a line a
/// message.
struct Row {
    format: LogFormat,
    buffers: Buffers,
}

impl Row {
    /// Formats a line from its time to its end; `write` adds the part in between.
    fn whole(&mut self, level: Level, has_colors: bool, write: impl FnOnce(&mut Self)) {
        self.buffers.line.clear();
        self.before(level, has_colors);
        write(self);
        self.buffers.line.push_str(if self.format == LogFormat::Json { "}\n" } else { "\n" });
    }

    fn before(&mut self, level: Level, has_colors: bool) {
        let line = &mut self.buffers.line;
        let (dim, color, plain) =
            if has_colors { ("\x1b[2m", color(level), "\x1b[0m") } else { ("", "", "") };
        match self.format {
            LogFormat::Text => {
                line.push_str(dim);
                time::write(line);
                line.push_str(plain);
                line.push(' ');
                line.push_str(color);
                line.push_str(padded(level));
                line.push_str(plain);
                line.push(' ');
            }
            LogFormat::Json => {
                line.push_str("{\"time\":\"");
                time::write(line);
                line.push_str("\",\"level\":\"");
                line.push_str(name(level));
                line.push('"');
            }
        }
    }

    /// Returns the memory to this thread for its next line.
    fn keep(self) {
        if self.buffers.line.capacity().max(self.buffers.scratch.capacity()) <= KEPT {
            LAST.set(self.buffers);
        }
    }

    /// Begins a line with the event: its name for programs, its text for people.
    fn begin(&mut self, event: &str, text: Option<&dyn Debug>) {
        let Buffers { line, scratch } = &mut self.buffers;
        scratch.clear();
        if let Some(text) = text {
            // Writing to a string does not fail.
            let _ = write!(scratch, "{text:?}");
        }
        let text = if scratch.is_empty() { event } else { scratch };
        match self.format {
            LogFormat::Text => write_bare(line, text),
            LogFormat::Json => {
                line.push_str(",\"event\":");
                write_json(line, event);
                if text != event {
                    line.push_str(",\"text\":");
                    write_json(line, text);
                }
            }
        }
    }

    fn key(&mut self, key: &str) {
        let line = &mut self.buffers.line;
        match self.format {
            LogFormat::Text => {
                line.push(' ');
                line.push_str(key);
                line.push('=');
            }
            LogFormat::Json => {
                line.push_str(",\"");
                line.push_str(key);
                line.push_str("\":");
            }
        }
    }

    fn string(&mut self, key: &str, value: &str) {
        self.key(key);
        match self.format {
            LogFormat::Text => write_text(&mut self.buffers.line, value),
            LogFormat::Json => write_json(&mut self.buffers.line, value),
        }
    }

    fn debug(&mut self, key: &str, value: &dyn Debug) {
        let mut scratch = std::mem::take(&mut self.buffers.scratch);
        scratch.clear();
        let _ = write!(scratch, "{value:?}");
        self.string(key, &scratch);
        self.buffers.scratch = scratch;
    }

    fn signed(&mut self, key: &str, value: i64) {
        self.key(key);
        if value < 0 {
            self.buffers.line.push('-');
        }
        write_number(&mut self.buffers.line, value.unsigned_abs());
    }

    fn truth(&mut self, key: &str, value: bool) {
        self.key(key);
        self.buffers.line.push_str(if value { "true" } else { "false" });
    }

    fn number(&mut self, key: &str, value: u64) {
        self.key(key);
        write_number(&mut self.buffers.line, value);
    }

    /// A time in seconds with six decimals. That is much cheaper than the shortest form.
    fn seconds(&mut self, key: &str, value: f64) {
        self.key(key);
        let time = Duration::try_from_secs_f64(value).unwrap_or_default();
        write_number(&mut self.buffers.line, time.as_secs());
        time::write_fraction(&mut self.buffers.line, time.subsec_micros());
    }
}

/// Writes the fields of an event or a span.
struct Fields<'a> {
    row: &'a mut Row,
    /// The key for the field `id`, which depends on what the field belongs to.
    id: &'static str,
    /// The beginning of an event's line, until it is written.
    beginning: Option<Beginning<'a>>,
}

/// The start of an event's line.
#[derive(Clone, Copy)]
struct Beginning<'a> {
    event: &'static str,
    /// The fields of the span that the event is in.
    context: &'a str,
}

impl Fields<'_> {
    fn begin(&mut self, text: Option<&dyn Debug>) {
        if let Some(Beginning { event, context }) = self.beginning.take() {
            self.row.begin(event, text);
            self.row.buffers.line.push_str(context);
        }
    }

    fn key(&mut self, field: &Field) -> &'static str {
        self.begin(None);
        if field.name() == "id" { self.id } else { field.name() }
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            return self.begin(Some(value));
        }
        let key = self.key(field);
        self.row.debug(key, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let key = self.key(field);
        self.row.string(key, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        let key = self.key(field);
        self.row.seconds(key, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        let key = self.key(field);
        self.row.signed(key, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        let key = self.key(field);
        self.row.number(key, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        let key = self.key(field);
        self.row.truth(key, value);
    }
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        let has_colors = out.has_ansi_escapes();
        // All spans are sessions.
        let span = context.lookup_current();
        let extensions = span.as_ref().map(tracing_subscriber::registry::SpanRef::extensions);
        let fields = extensions.as_ref().and_then(|extensions| extensions.get::<FormattedFields<N>>());
        let context = fields.map_or("", |fields| fields.as_str());
        // Taken and not borrowed, because formatting a value may log another line.
        let mut row = self.row(LAST.take());
        row.whole(*metadata.level(), has_colors, |row| {
            let beginning = Some(Beginning { event: metadata.name(), context });
            let mut fields = Fields { row, id: "message", beginning };
            event.record(&mut fields);
            fields.begin(None);
        });
        let written = out.write_str(&row.buffers.line);
        row.keep();
        written
    }
}

impl<'w> FormatFields<'w> for Lines {
    fn format_fields<R: RecordFields>(&self, mut out: Writer<'w>, fields: R) -> fmt::Result {
        let mut row = self.row(Buffers::default());
        fields.record(&mut Fields { row: &mut row, id: "session", beginning: None });
        out.write_str(&row.buffers.line)
    }

    /// A later value replaces an earlier one of the same key. So a proxy cannot grow the line with XCLIENT.
    fn add_fields(&self, fields: &'w mut FormattedFields<Self>, record: &Record<'_>) -> fmt::Result {
        let mut added = String::new();
        self.format_fields(Writer::new(&mut added), record)?;
        let key = &added[..added.find(['=', ':']).map_or(0, |end| end + 1)];
        let before = Some(key).filter(|key| !key.is_empty()).and_then(|key| fields.fields.find(key));
        fields.fields.truncate(before.unwrap_or(fields.fields.len()));
        fields.fields.push_str(&added);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
