//! The keys of events as they stand in a line: ` helo=`, or `,"helo":` in JSON.
//!
//! # Why
//!
//! A key in one piece takes half the instructions of a key in three, and a line has a dozen.

use tracing::Metadata;
use tracing_core::callsite::Identifier;

use super::format::LogFormat;

/// The events that a thread remembers. One that logs at the default level writes few.
const REMEMBERED: usize = 16;

/// The keys of the events that a thread logged last, the last one first.
#[derive(Debug, Default)]
pub(super) struct Keys(Vec<EventKeys>);

/// The keys of the events of one place in the code, by the index of the field.
#[derive(Debug)]
struct EventKeys {
    place: Identifier,
    format: LogFormat,
    keys: Box<[Box<str>]>,
}

impl Keys {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Returns the keys of an event, by the index of the field.
    pub(super) fn of(&mut self, metadata: &Metadata<'_>, format: LogFormat) -> &[Box<str>] {
        let place = metadata.callsite();
        match self.0.iter().position(|known| known.place == place && known.format == format) {
            Some(at) => self.0.swap(0, at),
            None => {
                self.0.truncate(REMEMBERED - 1);
                self.0.insert(0, EventKeys { place, format, keys: keys(metadata, format) });
            }
        }
        self.0.first().map_or(&[], |known| &known.keys)
    }
}

#[cold]
fn keys(metadata: &Metadata<'_>, format: LogFormat) -> Box<[Box<str>]> {
    let keys = metadata.fields().iter().map(|field| {
        let mut key = String::new();
        write_key(&mut key, format, if field.name() == "id" { "message" } else { field.name() });
        key.into()
    });
    keys.collect()
}

/// Writes a key and what stands around it.
pub(super) fn write_key(line: &mut String, format: LogFormat, key: &str) {
    let (before, after) = match format {
        LogFormat::Text => (" ", "="),
        LogFormat::Json => (",\"", "\":"),
    };
    line.push_str(before);
    line.push_str(key);
    line.push_str(after);
}
