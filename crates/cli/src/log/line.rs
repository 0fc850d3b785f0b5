//! A line of the log: for people, or a JSON object.

use std::fmt::{self, Debug, Display, Write};

use tracing::field::{Field, Visit};
use tracing::span::Record;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

use super::values::{write_bare, write_json, write_text};
use crate::args::LogFormat;
use crate::failure::Failure;

/// Makes lines of this format.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines(pub(super) LogFormat);

impl Lines {
    /// That so many lines are not in the log.
    pub(super) fn dropped(self, lines: u64) -> String {
        let mut line = String::new();
        // Writing to a string does not fail.
        let _ = self.write_line(Writer::new(&mut line), Level::WARN, |row| {
            row.begin(
                "lines-dropped",
                Some(&format_args!("lines of the log were dropped: nobody read them in time")),
            )?;
            row.number("lines", &lines)
        });
        line
    }

    /// What the program ends with.
    pub(super) fn failure(self, failure: &Failure) -> String {
        let failure = failure.to_string();
        let mut lines = String::new();
        for text in failure.lines().filter(|text| !text.is_empty()) {
            // Writing to a string does not fail.
            let _ = match self.0 {
                LogFormat::Text => writeln!(lines, "mailchute: {text}"),
                LogFormat::Json => self.write_line(Writer::new(&mut lines), Level::ERROR, |row| {
                    row.begin("failed", None)?;
                    row.string("error", text)
                }),
            };
        }
        lines
    }

    fn write_line(
        self,
        mut out: Writer<'_>,
        level: Level,
        write: impl FnOnce(&mut Row<'_>) -> fmt::Result,
    ) -> fmt::Result {
        let Self(format) = self;
        let (dim, color, plain) =
            if out.has_ansi_escapes() { ("\x1b[2m", color(level), "\x1b[0m") } else { ("", "", "") };
        match format {
            LogFormat::Text => {
                out.write_str(dim)?;
                SystemTime.format_time(&mut out)?;
                write!(out, "{plain} {color}{level:>5}{plain} ")?;
            }
            LogFormat::Json => {
                out.write_str("{\"time\":\"")?;
                SystemTime.format_time(&mut out)?;
                write!(out, "\",\"level\":\"{}\"", name(level))?;
            }
        }
        write(&mut Row { format, out: &mut out, scratch: String::new() })?;
        out.write_str(if format == LogFormat::Json { "}\n" } else { "\n" })
    }
}

fn name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
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

/// The keys and values of a line.
struct Row<'a> {
    format: LogFormat,
    out: &'a mut dyn Write,
    /// A value on its way.
    scratch: String,
}

impl Row<'_> {
    /// What has happened: the name of the event for programs, a text for people.
    fn begin(&mut self, event: &str, text: Option<&dyn Debug>) -> fmt::Result {
        self.scratch.clear();
        if let Some(text) = text {
            write!(self.scratch, "{text:?}")?;
        }
        let text = if self.scratch.is_empty() { event } else { &self.scratch };
        match self.format {
            LogFormat::Text => write_bare(self.out, text),
            LogFormat::Json => {
                self.out.write_str(",\"event\":")?;
                write_json(self.out, event)?;
                if text != event {
                    self.out.write_str(",\"text\":")?;
                    write_json(self.out, text)?;
                }
                Ok(())
            }
        }
    }

    fn key(&mut self, key: &str) -> fmt::Result {
        match self.format {
            LogFormat::Text => write!(self.out, " {key}="),
            LogFormat::Json => write!(self.out, ",\"{key}\":"),
        }
    }

    fn string(&mut self, key: &str, value: &str) -> fmt::Result {
        self.key(key)?;
        match self.format {
            LogFormat::Text => write_text(self.out, value),
            LogFormat::Json => write_json(self.out, value),
        }
    }

    fn debug(&mut self, key: &str, value: &dyn Debug) -> fmt::Result {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        write!(scratch, "{value:?}")?;
        self.string(key, &scratch)?;
        self.scratch = scratch;
        Ok(())
    }

    /// A number, or a truth.
    fn number(&mut self, key: &str, value: &dyn Display) -> fmt::Result {
        self.key(key)?;
        write!(self.out, "{value}")
    }
}

/// Writes the fields of an event or a span as they are visited.
struct Fields<'a, 'r> {
    row: &'a mut Row<'r>,
    /// What the field `id` is called, so that it says of what.
    id: &'static str,
    /// Of an event, what stands before its fields, until it does.
    beginning: Option<Beginning<'a>>,
    outcome: fmt::Result,
}

/// How the line of an event begins.
#[derive(Clone, Copy)]
struct Beginning<'a> {
    event: &'static str,
    /// The fields of the spans that the event is in.
    context: &'a str,
}

impl Fields<'_, '_> {
    fn begin(&mut self, text: Option<&dyn Debug>) -> fmt::Result {
        let Some(Beginning { event, context }) = self.beginning.take() else { return Ok(()) };
        self.row.begin(event, text)?;
        self.row.out.write_str(context)
    }

    fn put(&mut self, field: &Field, write: impl FnOnce(&mut Row<'_>, &str) -> fmt::Result) {
        if self.outcome.is_ok() {
            let key = if field.name() == "id" { self.id } else { field.name() };
            self.outcome = self.begin(None).and_then(|()| write(self.row, key));
        }
    }
}

impl Visit for Fields<'_, '_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" && self.outcome.is_ok() {
            self.outcome = self.begin(Some(value));
        } else {
            self.put(field, |row, key| row.debug(key, value));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, |row, key| row.string(key, value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, |row, key| row.number(key, &value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, |row, key| row.number(key, &value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, |row, key| row.number(key, &value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, |row, key| row.number(key, &value));
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
        out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        let write = |spans: &str| {
            self.write_line(out, *metadata.level(), |row| {
                let beginning = Some(Beginning { event: metadata.name(), context: spans });
                let mut fields = Fields { row, id: "message", beginning, outcome: Ok(()) };
                event.record(&mut fields);
                fields.outcome.and_then(|()| fields.begin(None))
            })
        };
        // Sessions are the only spans there are.
        match context.lookup_current() {
            Some(span) => match span.extensions().get::<FormattedFields<N>>() {
                Some(fields) => write(fields),
                None => write(""),
            },
            None => write(""),
        }
    }
}

impl<'w> FormatFields<'w> for Lines {
    fn format_fields<R: RecordFields>(&self, mut out: Writer<'w>, fields: R) -> fmt::Result {
        let mut row = Row { format: self.0, out: &mut out, scratch: String::new() };
        let mut visitor = Fields { row: &mut row, id: "session", beginning: None, outcome: Ok(()) };
        fields.record(&mut visitor);
        visitor.outcome
    }

    /// What is recorded later takes the place of what was: no key stands twice, however often a proxy speaks for others.
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
