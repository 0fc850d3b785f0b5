//! The content of a message as one reader sees it: the client's, with the edits of filters.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::body::Body;
use super::body_error::BodyError;
use super::edits::{EditedHeader, Edits};
use super::field::Field;
use super::header::Header;
use super::header_parser::HeaderParser;
use super::new_body::NewBody;
use super::prefix::Prefix;
use super::rewritten::Rewritten;
use super::trace_fields::TraceFields;

/// The longest header in bytes if the limit is disabled.
const LONGEST_HEADER: u64 = 16 * 1024 * 1024;

/// Reads the content once, with the edits made before its first read.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) body: Body,
    view: View,
    /// The trace fields that this reader wants on top.
    trace: Option<TraceFields>,
    /// Bytes that were read but not returned.
    rest: Bytes,
    header_limit: u64,
    /// Bytes returned that the client did not send.
    added: u64,
}

#[derive(Debug, Default)]
enum View {
    #[default]
    Unread,
    AsReceived,
    /// Below added fields.
    Below(Box<Prefix>),
    Rewritten(Box<Rewritten>, Option<NewBody>),
    NewBody(NewBody, u64),
}

impl Content {
    /// Headers of at most this many bytes are edited; 0 disables the limit.
    pub(crate) fn new(body: Body, header_limit: u64) -> Self {
        let header_limit = if header_limit == 0 { LONGEST_HEADER } else { header_limit };
        Self { body, view: View::Unread, trace: None, rest: Bytes::new(), header_limit, added: 0 }
    }

    /// Returns the same content for another reader, which begins at its first byte.
    pub(crate) fn for_reader(&self, keeps: bool) -> Self {
        Self::new(self.body.for_reader(keeps), self.header_limit)
    }

    /// Takes over the content where this reader stands. This reader does not read on.
    pub(crate) fn take(&mut self) -> Self {
        let rest = Self::new(self.body.clone(), self.header_limit);
        std::mem::replace(self, rest)
    }

    pub(crate) fn set_trace(&mut self, trace: TraceFields) {
        self.trace = Some(trace);
    }

    /// Gives back bytes that were read but not used.
    pub(crate) fn give_back(&mut self, rest: Bytes) {
        self.rest = rest;
    }

    /// Takes the bytes that were given back.
    pub(crate) fn take_back(&mut self) -> Bytes {
        std::mem::take(&mut self.rest)
    }

    fn begin(&mut self) {
        let edits = self.body.edits().so_far();
        let trace = self.trace.take();
        if edits.is_none() && trace.is_none() {
            self.view = View::AsReceived;
            return;
        }
        self.begin_below(edits.unwrap_or_default(), Some(trace.unwrap_or_default()));
    }

    /// Begins to read the content without the added fields, so that they can be written on top of it.
    pub(crate) fn begin_without_added(&mut self) {
        self.begin_below(self.body.edits().so_far().unwrap_or_default(), None);
    }

    fn begin_below(&mut self, edits: Arc<Edits>, trace: Option<TraceFields>) {
        self.view = if edits.only_add_fields() {
            let EditedHeader { above_trace, below_trace, .. } = edits.apply(Vec::new());
            let text = trace.map_or_else(Bytes::new, |trace| trace.with(&above_trace, &below_trace));
            View::Below(Prefix::new(text).into())
        } else {
            let body = edits.body.clone();
            View::Rewritten(Rewritten::new(trace, edits, self.header_limit).into(), body)
        };
    }

    /// Returns the next bytes, or `None` at the end of the message.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        if !self.rest.is_empty() {
            return Ok(Some(std::mem::take(&mut self.rest)));
        }
        loop {
            match &mut self.view {
                View::Unread => self.begin(),
                View::AsReceived => return self.body.chunk().await,
                View::Below(prefix) => {
                    let octets = prefix.pop();
                    self.added = prefix.added();
                    if octets.is_some() {
                        return Ok(octets);
                    }
                    if prefix.is_done() {
                        self.view = View::AsReceived;
                    } else {
                        prefix.push(self.body.chunk().await?);
                    }
                }
                View::Rewritten(rewritten, body) => {
                    let octets = rewritten.pop();
                    self.added = rewritten.added();
                    if octets.is_some() {
                        return Ok(octets);
                    }
                    if rewritten.passes_rest() {
                        self.view = View::AsReceived;
                        continue;
                    }
                    // The new body comes after the end of the old one: a message counts when it is whole.
                    let chunk = self.body.chunk().await?;
                    let is_over = chunk.is_none() && rewritten.knows_header();
                    if let Some(body) = body.take_if(|_| is_over) {
                        self.view = View::NewBody(body, 0);
                    } else {
                        rewritten.push(chunk)?;
                    }
                }
                View::NewBody(body, position) => {
                    let chunk = body.read(*position).await.map_err(|error| BodyError::Spool(error.into()))?;
                    *position += chunk.len() as u64;
                    return Ok(Some(chunk).filter(|chunk| !chunk.is_empty()));
                }
            }
        }
    }

    /// Returns the rest of the content in one piece.
    pub(crate) async fn bytes(&mut self, limit: u64) -> Result<Bytes, BodyError> {
        if matches!(self.view, View::Unread) {
            self.begin();
        }
        if matches!(self.view, View::AsReceived) && self.rest.is_empty() {
            return self.body.bytes(limit).await;
        }
        let before = self.added;
        let mut content = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            content.extend_from_slice(&chunk);
            if (content.len() as u64).saturating_sub(self.added - before) > limit {
                return Err(BodyError::TooLong { limit });
            }
        }
        Ok(content.freeze())
    }

    /// Returns the bytes up to which a header is edited.
    pub(crate) fn header_limit(&self) -> u64 {
        self.header_limit
    }

    /// Reads the header. The next chunk is the first of the body.
    pub(crate) async fn read_header(&mut self) -> Result<Header, BodyError> {
        // Fields that filters have added may exceed the limit for the client's.
        let mut parser = HeaderParser::new(self.header_limit.saturating_add(LONGEST_HEADER));
        loop {
            let chunk = self.chunk().await?;
            if let Some(parsed) = parser.push(chunk)? {
                self.give_back(parsed.rest);
                return Ok(Header::new(parsed.fields.into()));
            }
        }
    }

    async fn received_fields(&self) -> Result<Arc<[Field]>, BodyError> {
        received_fields(&self.body, self.header_limit).await
    }

    /// Returns the fields that are added above and below `Received:`. The header is read only if they depend
    /// on it.
    pub(crate) async fn added_fields(&self) -> Result<(Vec<Field>, Vec<Field>), BodyError> {
        let header = match self.body.edits().so_far() {
            Some(edits) if !edits.only_add_fields() => edits.apply(self.received_fields().await?.to_vec()),
            edits => edits.unwrap_or_default().apply(Vec::new()),
        };
        Ok((header.above_trace, header.below_trace))
    }

    /// Returns the header with all edits so far.
    pub(crate) async fn header(&self) -> Result<Header, BodyError> {
        match self.body.edits().header() {
            Some(header) => Ok(header),
            None => Ok(self.body.edits().edited_header(self.received_fields().await?)),
        }
    }
}

/// Returns the client's fields. Their bytes are kept for later readers of the message.
pub(crate) async fn received_fields(body: &Body, limit: u64) -> Result<Arc<[Field]>, BodyError> {
    match body.edits().received_fields() {
        Some(fields) => Ok(fields),
        None => read_fields(&mut body.for_reader(true), limit).await,
    }
}

/// Reads the client's fields with a reader that stands at the first byte and keeps what it reads. The reader then stands
/// at the body.
pub(crate) async fn read_fields(reader: &mut Body, limit: u64) -> Result<Arc<[Field]>, BodyError> {
    let mut parser = HeaderParser::new(limit);
    loop {
        let chunk = reader.chunk().await?;
        if let Some(parsed) = parser.push(chunk)? {
            reader.step_back(parsed.rest.len() as u64);
            let fields = Arc::from(parsed.fields);
            reader.edits().keep_received_fields(&fields);
            return Ok(fields);
        }
    }
}
