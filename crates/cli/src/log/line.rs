//! A line of the log: for people, or a JSON object.

use std::cell::Cell;
use std::fmt::Debug;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata};

use super::format::LogFormat;
use super::keys::{Keys, write_key};
use super::spans::Spans;
use super::time;
use super::values::{write_bare, write_debug, write_json, write_number, write_seconds, write_text};
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
                Text::Plain("lines of the log were dropped: nobody read them in time"),
            );
            row.key("lines");
            row.number(lines);
        })
    }

    /// Formats the failure that ends the program.
    pub(super) fn failure(self, failure: &Failure) -> String {
        let failure = failure.to_string();
        let lines = failure.lines().filter(|text| !text.is_empty()).map(|text| match self.0 {
            LogFormat::Text => format!("mailchute: {text}\n"),
            LogFormat::Json => self.line(Level::ERROR, |row| {
                row.begin("failed", Text::None);
                row.key("error");
                row.string(text);
            }),
        });
        lines.collect()
    }

    /// Formats the line of an event and hands it to `take`. `spans` has the fields of the span that it is in.
    pub(super) fn event(self, event: &Event<'_>, spans: &Spans, has_colors: bool, take: impl FnOnce(&str)) {
        let metadata = event.metadata();
        // Taken and not borrowed, because formatting a value may log another line.
        let Memory { line, mut keys } = LAST.take();
        let mut row = Row { format: self.0, line };
        row.whole(*metadata.level(), has_colors, |row| {
            let beginning = Some(Beginning { event: event_name(metadata), spans });
            let mut fields = Fields { row, keys: keys.of(metadata, self.0), beginning };
            event.record(&mut fields);
            fields.begin(Text::None);
        });
        take(&row.line);
        let line = if row.line.capacity() <= KEPT { row.line } else { String::new() };
        LAST.set(Memory { line, keys });
    }

    /// Formats the fields of a span for the lines of its events.
    pub(super) fn context(self, record: impl FnOnce(&mut dyn Visit)) -> String {
        let mut row = Row { format: self.0, line: String::new() };
        record(&mut Fields { row: &mut row, keys: &[], beginning: None });
        row.line
    }

    fn line(self, level: Level, write: impl FnOnce(&mut Row)) -> String {
        let mut row = Row { format: self.0, line: String::new() };
        row.whole(level, false, write);
        row.line
    }
}

thread_local! {
    /// The memory of the last line of this thread, for reuse.
    static LAST: Cell<Memory> = const { Cell::new(Memory { line: String::new(), keys: Keys::new() }) };
}

#[derive(Default)]
struct Memory {
    line: String,
    keys: Keys,
}

/// The capacity that a buffer keeps for the next line. Most lines are much shorter.
const KEPT: usize = 4096;

/// Returns the name of an event. Those of other crates have none but their place in the code, so their target stands for it.
fn event_name(metadata: &'static Metadata<'static>) -> &'static str {
    if metadata.name().starts_with("event ") { metadata.target() } else { metadata.name() }
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
    line: String,
}

impl Row {
    /// Formats a line from its time to its end; `write` adds the part in between.
    fn whole(&mut self, level: Level, has_colors: bool, write: impl FnOnce(&mut Self)) {
        self.line.clear();
        self.before(level, has_colors);
        write(self);
        self.line.push_str(if self.format == LogFormat::Json { "}\n" } else { "\n" });
    }

    fn before(&mut self, level: Level, has_colors: bool) {
        let line = &mut self.line;
        match self.format {
            LogFormat::Text if has_colors => {
                line.push_str("\x1b[2m");
                time::write(line);
                line.push_str("\x1b[0m ");
                line.push_str(color(level));
                line.push_str(padded(level));
                line.push_str("\x1b[0m ");
            }
            LogFormat::Text => {
                time::write(line);
                line.push(' ');
                line.push_str(padded(level));
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

    /// Begins a line with the event: its name for programs, its text for people.
    fn begin(&mut self, event: &str, text: Text<'_>) {
        let line = &mut self.line;
        match self.format {
            LogFormat::Text => {
                let start = line.len();
                match text {
                    Text::None => {}
                    Text::Plain(text) => write_bare(line, text),
                    Text::Formatted(text) => write_debug(line, text, false, write_bare),
                }
                if line.len() == start {
                    write_bare(line, event);
                }
            }
            LogFormat::Json => {
                line.push_str(",\"event\":");
                let start = line.len();
                write_json(line, event);
                let end = line.len();
                line.push_str(",\"text\":");
                let text_start = line.len();
                match text {
                    Text::None => {}
                    Text::Plain(text) => write_json(line, text),
                    Text::Formatted(text) => write_debug(line, text, true, write_json),
                }
                let text = &line[text_start..];
                if text.is_empty() || text == "\"\"" || text == &line[start..end] {
                    line.truncate(end);
                }
            }
        }
    }

    fn key(&mut self, key: &str) {
        write_key(&mut self.line, self.format, key);
    }

    fn string(&mut self, value: &str) {
        match self.format {
            LogFormat::Text => write_text(&mut self.line, value),
            LogFormat::Json => write_json(&mut self.line, value),
        }
    }

    /// Writes the findings of checks, `spf=pass dkim=none`, as keys with values.
    fn findings(&mut self, words: &str) {
        let line = &mut self.line;
        match self.format {
            LogFormat::Text => {
                line.push(' ');
                write_bare(line, words);
            }
            LogFormat::Json => {
                line.push_str(",\"checks\":{");
                for (index, (check, result)) in
                    words.split(' ').filter_map(|word| word.split_once('=')).enumerate()
                {
                    line.push_str(if index == 0 { "" } else { "," });
                    write_json(line, check);
                    line.push(':');
                    write_json(line, result);
                }
                line.push('}');
            }
        }
    }

    fn debug(&mut self, value: &dyn Debug) {
        match self.format {
            LogFormat::Text => write_debug(&mut self.line, value, false, write_text),
            LogFormat::Json => write_debug(&mut self.line, value, true, write_json),
        }
    }

    fn signed(&mut self, value: i64) {
        write_number(&mut self.line, value);
    }

    fn truth(&mut self, value: bool) {
        self.line.push_str(if value { "true" } else { "false" });
    }

    fn number(&mut self, value: u64) {
        write_number(&mut self.line, value);
    }

    /// A time in seconds with six decimals. That is much cheaper than the shortest form.
    fn seconds(&mut self, value: f64) {
        write_seconds(&mut self.line, value);
    }
}

/// The field with the text of an event, as `tracing` calls it.
const MESSAGE: &str = "message";

/// The field with the findings of checks.
const CHECKS: &str = "checks";

/// The text of an event for people.
#[derive(Clone, Copy)]
enum Text<'a> {
    None,
    Plain(&'a str),
    Formatted(&'a dyn Debug),
}

/// Writes the fields of an event or a span.
struct Fields<'a> {
    row: &'a mut Row,
    /// The keys of an event. Those of a span are not remembered.
    keys: &'a [Box<str>],
    /// The beginning of an event's line, until it is written.
    beginning: Option<Beginning<'a>>,
}

/// The start of an event's line.
#[derive(Clone, Copy)]
struct Beginning<'a> {
    event: &'static str,
    spans: &'a Spans,
}

impl Fields<'_> {
    fn begin(&mut self, text: Text<'_>) {
        if let Some(Beginning { event, spans }) = self.beginning.take() {
            self.row.begin(event, text);
            spans.write_fields(&mut self.row.line);
        }
    }

    #[inline]
    fn key(&mut self, field: &Field) {
        if self.beginning.is_some() {
            self.begin(Text::None);
        }
        match (self.keys.get(field.index()), field.name()) {
            (Some(key), _) => self.row.line.push_str(key),
            (None, "id") => self.row.key("session"),
            (None, name) => self.row.key(name),
        }
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == MESSAGE {
            return self.begin(Text::Formatted(value));
        }
        self.key(field);
        self.row.debug(value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            MESSAGE => return self.begin(Text::Plain(value)),
            CHECKS if self.beginning.is_none() => return self.row.findings(value),
            _ => {}
        }
        self.key(field);
        self.row.string(value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.key(field);
        self.row.seconds(value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.key(field);
        self.row.signed(value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.key(field);
        self.row.number(value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.key(field);
        self.row.truth(value);
    }
}

#[cfg(test)]
mod tests;
