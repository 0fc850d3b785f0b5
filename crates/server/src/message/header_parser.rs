//! Finds the fields of a header as the content comes, and the end of the header.
//!
//! # Why
//! CRLF, CR CR LF, LF, CR and LF CR each end a line here, as they do for clients that may send bare line
//! ends. A parser after this server may take any of them for a line end. So a field after a bare CR must not
//! escape a filter.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Bytes, BytesMut};

use super::body_error::BodyError;
use super::field::{Field, LONGEST_NAME, MAILBOX_LINE, is_of_name};

/// Bytes that the headers of all messages may take while they come in. Beyond them a long header gets a
/// temporary error. So clients that stop within a header cannot make the server hold more.
const OF_ALL_HEADERS: usize = 64 * 1024 * 1024;

/// Bytes that each header may take in any case.
const SHORT: usize = 64 * 1024;

/// Bytes of headers that are coming in now.
static HELD: AtomicUsize = AtomicUsize::new(0);

/// A header that comes in.
#[derive(Debug)]
pub(crate) struct HeaderParser {
    content: BytesMut,
    /// Where the current line begins.
    line: usize,
    /// Bytes that were scanned.
    looked_at: usize,
    /// Whether the previous line ends with a plain CRLF.
    is_after_crlf: bool,
    spans: Vec<Span>,
    /// Whether a field has come, other than lines of an mbox file.
    has_field: bool,
    limit: usize,
}

/// The place of a field in the content.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: usize,
    end: usize,
    name: usize,
    /// `None` for a line of an mbox file.
    colon: Option<usize>,
    /// Whether all its lines end with CRLF.
    has_crlf: bool,
}

/// The end of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeaderEnd {
    /// An empty line, which is not part of the rest.
    EmptyLine,
    /// A line that is not a field.
    Text,
    /// The end of the message.
    Message,
}

/// A whole header, and the content after it that has come so far.
#[derive(Debug)]
pub(crate) struct ParsedHeader {
    pub(crate) fields: Vec<Field>,
    pub(crate) end: HeaderEnd,
    pub(crate) rest: Bytes,
}

enum Line {
    Empty,
    Continuation,
    Field { name: usize, colon: usize },
    Mailbox,
    Text,
}

impl HeaderParser {
    /// Returns a parser for a header of at most this many bytes.
    pub(crate) fn new(limit: u64) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Self {
            content: BytesMut::new(),
            line: 0,
            looked_at: 0,
            is_after_crlf: true,
            spans: Vec::new(),
            has_field: false,
            limit,
        }
    }

    /// Takes the next bytes, or the end of the content. Returns the header once it is complete.
    pub(crate) fn push(&mut self, chunk: Option<Bytes>) -> Result<Option<ParsedHeader>, BodyError> {
        let is_end = chunk.is_none();
        let chunk = chunk.unwrap_or_default();
        let held = HELD.fetch_add(chunk.len(), Ordering::Relaxed) + chunk.len();
        self.content.extend_from_slice(&chunk);
        if held > OF_ALL_HEADERS && self.content.len() > SHORT {
            let error =
                std::io::Error::new(std::io::ErrorKind::OutOfMemory, "too many long headers at a time");
            return Err(BodyError::Spool(Arc::new(error)));
        }
        while let Some((end, next)) = self.next_line_end(is_end) {
            match self.classify(&self.content[self.line..end]) {
                Line::Empty => return Ok(Some(self.finish(HeaderEnd::EmptyLine, next))),
                Line::Text => return Ok(Some(self.finish(HeaderEnd::Text, self.line))),
                Line::Continuation => {
                    if let Some(span) = self.spans.last_mut() {
                        span.end = end;
                        span.has_crlf &= self.is_after_crlf;
                    }
                }
                Line::Field { name, colon } => self.begin_field(end, name, Some(colon)),
                Line::Mailbox => self.begin_field(end, MAILBOX_LINE.len(), None),
            }
            self.is_after_crlf = self.content[end..next] == *b"\r\n";
            self.line = next;
            self.looked_at = next;
        }
        if is_end {
            return Ok(Some(self.finish(HeaderEnd::Message, self.content.len())));
        }
        if self.content.len() > self.limit {
            return Err(BodyError::TooLong { limit: self.limit as u64 });
        }
        Ok(None)
    }

    fn begin_field(&mut self, end: usize, name: usize, colon: Option<usize>) {
        self.has_field |= colon.is_some();
        self.spans.push(Span { start: self.line, end, name, colon, has_crlf: true });
    }

    /// Returns the end of the current line and the begin of the next, if they are known.
    fn next_line_end(&mut self, is_end: bool) -> Option<(usize, usize)> {
        let rest = &self.content[self.looked_at..];
        let Some(length) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
            self.looked_at = self.content.len();
            return (is_end && self.line < self.looked_at).then_some((self.looked_at, self.looked_at));
        };
        let end = self.looked_at + length;
        self.looked_at = end;
        let length = match self.content[end..] {
            [b'\r', b'\r', b'\n', ..] => 3,
            [b'\r'] | [b'\r', b'\r'] | [b'\n'] | [b'\n', b'\r'] if !is_end => return None,
            [b'\n', b'\r', b'\n', ..] => 1,
            [b'\r', b'\n', ..] | [b'\n', b'\r', ..] => 2,
            _ => 1,
        };
        Some((end, end + length))
    }

    fn classify(&self, line: &[u8]) -> Line {
        match line.first() {
            None => return Line::Empty,
            Some(b' ' | b'\t') if !self.spans.is_empty() => return Line::Continuation,
            Some(_) => {}
        }
        let name = line.iter().position(|byte| !is_of_name(*byte)).unwrap_or(line.len());
        let blanks = line[name..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let colon = name + blanks;
        if name > 0 && colon <= LONGEST_NAME && line.get(colon) == Some(&b':') {
            return Line::Field { name, colon };
        }
        let angles = line.iter().take_while(|byte| **byte == b'>').count();
        if !self.has_field && line[angles..].starts_with(b"From ") { Line::Mailbox } else { Line::Text }
    }

    fn finish(&mut self, end: HeaderEnd, rest: usize) -> ParsedHeader {
        HELD.fetch_sub(self.content.len(), Ordering::Relaxed);
        let content = std::mem::take(&mut self.content).freeze();
        let fields = self.spans.iter().map(|span| span.field(&content)).collect();
        ParsedHeader { fields, end, rest: content.slice(rest..) }
    }
}

impl Span {
    fn field(self, content: &Bytes) -> Field {
        let as_received = content.slice(self.start..self.end);
        let text = if self.has_crlf { as_received } else { with_crlf(&as_received) };
        match self.colon {
            Some(colon) => Field::received(text, self.name, colon),
            None => {
                let text = [MAILBOX_LINE.as_bytes(), b": ", &text].concat().into();
                Field::received(text, MAILBOX_LINE.len(), MAILBOX_LINE.len())
            }
        }
    }
}

/// Returns the lines of a field, each ended by CRLF. None of them is empty, so several line ends in a row
/// count as one.
fn with_crlf(text: &[u8]) -> Bytes {
    let lines = text.split(|byte| matches!(byte, b'\r' | b'\n')).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(&b"\r\n"[..]).into()
}

impl Drop for HeaderParser {
    fn drop(&mut self) {
        HELD.fetch_sub(self.content.len(), Ordering::Relaxed);
    }
}
