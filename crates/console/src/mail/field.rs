//! The fields of a header, split by hand: each is shown, however malformed.

use std::ops::Range;

use mail_parser::MessageParser;
use memchr::memchr;

use super::about;

/// The bytes of a header that are split into fields.
const LONGEST_HEADER: usize = 1024 * 1024;
/// The fields that are kept.
const MOST_FIELDS: usize = 10_000;
/// The bytes of a value that are decoded.
const LONGEST_VALUE: usize = 64 * 1024;

/// One field of a header.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// The name as it was written. It is empty if the line has no colon.
    pub(crate) name: String,
    /// The value in one line, with its encoded words decoded.
    pub(crate) value: String,
    /// Where the field is in the message, with its line ends.
    pub(crate) range: Range<usize>,
    /// Whether the value is longer than what is shown of it.
    pub(crate) is_cut: bool,
}

impl Field {
    /// Returns what the field is for, in a sentence.
    pub(crate) fn about(&self) -> Option<&'static str> {
        about::about(&self.name)
    }
}

#[derive(Debug, Default)]
pub(super) struct Header {
    pub(super) fields: Vec<Field>,
    /// Whether there are fields beyond the limits.
    pub(super) has_more: bool,
    /// Where the part of the header ends that is read.
    pub(super) typed_end: usize,
}

impl Header {
    /// Splits the header of a message. It ends at the first empty line.
    pub(super) fn split(raw: &[u8]) -> Self {
        let mut header = Self::default();
        let mut at = 0;
        while let Some((end, is_empty)) = line(raw, at) {
            if is_empty {
                return header;
            }
            let mut end = end;
            // A line that begins with white space continues the field.
            while let Some((next, false)) = line(raw, end) {
                if !matches!(raw[end], b' ' | b'\t') {
                    break;
                }
                end = next;
            }
            if header.fields.len() == MOST_FIELDS || end > LONGEST_HEADER && at > 0 {
                header.has_more = true;
                return header;
            }
            header.fields.push(field(raw, at..end));
            header.typed_end = end.min(LONGEST_HEADER);
            at = end;
        }
        header
    }
}

/// Returns the end of the line at `at`, after its line end, and whether the line is empty; `None` at the end.
fn line(raw: &[u8], at: usize) -> Option<(usize, bool)> {
    let rest = raw.get(at..).filter(|rest| !rest.is_empty())?;
    let length = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
    Some((at + length, matches!(&rest[..length], b"\n" | b"\r\n")))
}

fn field(raw: &[u8], range: Range<usize>) -> Field {
    let whole = &raw[range.clone()];
    let (name, value) = match memchr(b':', whole) {
        Some(colon) if colon > 0 && colon <= 200 && !whole[..colon].contains(&b'\n') => {
            (&whole[..colon], &whole[colon + 1..])
        }
        _ => (&b""[..], whole),
    };
    let shown = &value[..value.len().min(LONGEST_VALUE)];
    Field {
        name: String::from_utf8_lossy(name).trim().to_owned(),
        value: decode(shown),
        is_cut: shown.len() < value.len(),
        range,
    }
}

/// Returns a value in one line, with its encoded words decoded.
fn decode(value: &[u8]) -> String {
    // The parser decodes text in the value of this field, and ends the field at a line that is not folded.
    let mut line = b"Subject:".to_vec();
    line.extend(value.iter().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte }));
    line.push(b'\n');
    let parsed = super::guarded(|| {
        let message = MessageParser::new().parse_headers(&line)?;
        message.subject().map(str::to_owned)
    });
    let text = parsed.flatten().unwrap_or_else(|| String::from_utf8_lossy(value).into_owned());
    text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}
