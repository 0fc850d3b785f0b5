//! A message whose header is edited as it comes: the header is gathered, the body streams.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::body_error::BodyError;
use super::edits::{EditedHeader, Edits};
use super::field;
use super::header_parser::{HeaderEnd, HeaderParser, ParsedHeader};
use super::trace_fields::TraceFields;

/// Takes the client's content in pieces and returns the edited message in pieces.
///
/// # Why
/// No text of the client may continue a field of the server, and no field of the client may escape a filter
/// that removes it. So an empty line ends the edited header if the client's has none. A lax reader after this
/// server could take what follows for more fields.
#[derive(Debug)]
pub(crate) struct Rewritten {
    /// `None` once the header is whole.
    header: Option<HeaderParser>,
    /// `None` if the added fields are written elsewhere.
    trace: Option<TraceFields>,
    edits: Arc<Edits>,
    due: VecDeque<Bytes>,
    added: u64,
}

impl Rewritten {
    pub(crate) fn new(trace: Option<TraceFields>, edits: Arc<Edits>, limit: u64) -> Self {
        let header = Some(HeaderParser::new(limit));
        Self { header, trace, edits, due: VecDeque::new(), added: 0 }
    }

    /// Returns the number of returned bytes that the client did not send. Those of a new body do not count.
    pub(crate) fn added(&self) -> u64 {
        self.added
    }

    pub(crate) fn knows_header(&self) -> bool {
        self.header.is_none()
    }

    /// Returns whether the rest of the client's content passes unchanged.
    pub(crate) fn passes_rest(&self) -> bool {
        self.header.is_none() && self.due.is_empty() && self.edits.body.is_none()
    }

    /// Takes the next bytes of the client's content, or its end.
    pub(crate) fn push(&mut self, chunk: Option<Bytes>) -> Result<(), BodyError> {
        match &mut self.header {
            Some(parser) => {
                if let Some(parsed) = parser.push(chunk)? {
                    self.header = None;
                    self.finish_header(parsed);
                }
            }
            None if self.edits.body.is_none() => self.due.extend(chunk),
            None => {}
        }
        Ok(())
    }

    /// Returns the next bytes of the edited message, if they are known.
    pub(crate) fn pop(&mut self) -> Option<Bytes> {
        self.due.pop_front()
    }

    fn finish_header(&mut self, ParsedHeader { fields, end, rest }: ParsedHeader) {
        let EditedHeader { above_trace, below_trace, received } = self.edits.apply(fields);
        let mut text = BytesMut::new();
        if let Some(trace) = &self.trace {
            text.extend_from_slice(&trace.with(&above_trace, &below_trace));
        }
        self.added = text.len() as u64;
        field::write(&mut text, received.iter().map(|of_client| &of_client.field));
        match end {
            HeaderEnd::EmptyLine => text.extend_from_slice(b"\r\n"),
            HeaderEnd::Text => {
                text.extend_from_slice(b"\r\n");
                self.added += 2;
            }
            HeaderEnd::Message if self.edits.body.is_some() => text.extend_from_slice(b"\r\n"),
            HeaderEnd::Message => {}
        }
        self.due.push_back(text.freeze());
        if self.edits.body.is_none() {
            self.due.push_back(rest);
        }
        self.due.retain(|bytes| !bytes.is_empty());
    }
}
