//! The message in a request: its header and contents as text, and as base64 if a text cannot be exact.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use futures_util::stream::try_unfold;
use mailchute::Message;
use mailchute::message::{BodyError, Header};
use reqwest::Body;

use super::json_text::JsonText;

/// How long the parts of a message are that are sent.
///
/// # Why
/// Requests wait for each other, and a header may have 1 MiB. So a request that waits holds nothing of its message.
#[derive(Debug)]
pub(super) struct Measured {
    /// Bytes of the header as JSON, with the opening of `contents`.
    opening: u64,
    /// The bytes of the message above its contents.
    above: u64,
    /// Bytes of the message.
    size: u64,
    /// Bytes of the contents as JSON.
    escaped: u64,
    /// The text does not have all bytes of the message, so that they follow as base64.
    is_inexact: bool,
}

/// Readers of one message that are needed to wait for its end, to measure it, and to send it twice.
pub(super) const READERS: usize = 8;

impl Measured {
    /// Reads the whole message once. It has come, and has this many bytes.
    pub(super) async fn new(size: u64, mut reader: Message) -> Result<Self, BodyError> {
        let header = reader.header().await?;
        let (opening, is_inexact) = opening(&header);
        let mut top = BytesMut::new();
        for field in &header {
            top.extend_from_slice(field.raw());
            top.extend_from_slice(b"\r\n");
        }
        top.extend_from_slice(b"\r\n");

        let mut measured = Self { opening: opening.len() as u64, above: 0, size, escaped: 0, is_inexact };
        let mut begin = BytesMut::new();
        while begin.len() < top.len() {
            let Some(chunk) = reader.chunk().await? else { break };
            begin.extend_from_slice(&chunk);
        }
        let above = if begin.starts_with(&top) {
            top.len()
        } else {
            // The header has line ends of its own, or no empty line ends it.
            measured.is_inexact = true;
            memchr::memmem::find(&begin, b"\r\n\r\n").map_or(begin.len(), |at| at + 4)
        };
        measured.above = above as u64;
        let (mut text, mut escaped) = (JsonText::default(), Vec::new());
        text.push(&begin[above..], &mut escaped);
        while let Some(chunk) = reader.chunk().await? {
            measured.escaped += escaped.len() as u64;
            escaped.clear();
            text.push(&chunk, &mut escaped);
        }
        text.finish(&mut escaped);
        measured.escaped += escaped.len() as u64;
        measured.is_inexact |= text.is_lossy();
        Ok(measured)
    }

    fn closing(&self) -> String {
        let raw = if self.is_inexact { ",\"raw\":\"" } else { "" };
        format!("\",\"size\":{}{raw}", self.size)
    }

    fn end(&self) -> &'static [u8] {
        if self.is_inexact { b"\"}}" } else { b"}}" }
    }

    /// Returns the bytes of a body that begins with `head`.
    pub(super) fn length(&self, head: &Bytes) -> u64 {
        let raw = if self.is_inexact { self.size.div_ceil(3) * 4 } else { 0 };
        let fixed = head.len() + self.closing().len() + self.end().len();
        fixed as u64 + self.opening + self.escaped + raw
    }

    /// Returns a body that begins with `head` and streams the message.
    pub(super) fn body(&self, head: Bytes, [header, contents, raw]: [Message; 3]) -> Body {
        let mut parts = VecDeque::from([
            Part::Bytes(head),
            Part::Header(Some(header)),
            Part::Contents { reader: contents, text: JsonText::default(), skip: self.above },
            Part::Bytes(self.closing().into()),
        ]);
        if self.is_inexact {
            parts.push_back(Part::Raw { reader: raw, rest: Vec::new() });
        }
        parts.push_back(Part::Bytes(Bytes::from_static(self.end())));
        Body::wrap_stream(try_unfold(parts, async |mut parts| {
            while let Some(part) = parts.front_mut() {
                match part.next().await? {
                    Some(bytes) => return Ok::<_, BodyError>(Some((bytes, parts))),
                    None => drop(parts.pop_front()),
                }
            }
            Ok(None)
        }))
    }
}

/// Returns the header as JSON, with the opening of `contents`, and whether the text does not have all its bytes.
fn opening(header: &Header) -> (Vec<u8>, bool) {
    let mut is_inexact = false;
    let mut opening = b"\"message\":{\"headers\":[".to_vec();
    for (number, field) in header.fields().iter().enumerate() {
        // A name with white space before its colon is not as it was sent.
        is_inexact |= field.raw().get(field.name().as_str().len()) != Some(&b':');
        let mut value = JsonText::default();
        opening.extend_from_slice(if number == 0 { b"[\"" } else { b",[\"" });
        value.push(field.name().as_str().as_bytes(), &mut opening);
        opening.extend_from_slice(b"\",\"");
        value.push(field.raw_value(), &mut opening);
        value.finish(&mut opening);
        opening.extend_from_slice(b"\\r\\n\"]");
        is_inexact |= value.is_lossy();
    }
    opening.extend_from_slice(b"],\"contents\":\"");
    (opening, is_inexact)
}

/// A part of a body.
#[derive(Debug)]
enum Part {
    Bytes(Bytes),
    /// The header, until it is sent.
    Header(Option<Message>),
    Contents {
        reader: Message,
        text: JsonText,
        skip: u64,
    },
    Raw {
        reader: Message,
        rest: Vec<u8>,
    },
}

impl Part {
    /// Returns the next bytes, or `None` at the end of the part.
    async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        match self {
            Self::Bytes(bytes) => Ok(Some(std::mem::take(bytes)).filter(|bytes| !bytes.is_empty())),
            Self::Header(reader) => {
                let Some(mut reader) = reader.take() else { return Ok(None) };
                Ok(Some(opening(&reader.header().await?).0.into()))
            }
            Self::Contents { reader, text, skip } => {
                let mut escaped = Vec::new();
                while escaped.is_empty()
                    && let Some(chunk) = reader.chunk().await?
                {
                    let skipped = (*skip).min(chunk.len() as u64);
                    *skip -= skipped;
                    text.push(&chunk[usize::try_from(skipped).unwrap_or(chunk.len())..], &mut escaped);
                }
                if escaped.is_empty() {
                    text.finish(&mut escaped);
                }
                Ok(Some(Bytes::from(escaped)).filter(|bytes| !bytes.is_empty()))
            }
            Self::Raw { reader, rest } => {
                let mut encoded = String::new();
                while encoded.is_empty()
                    && let Some(chunk) = reader.chunk().await?
                {
                    rest.extend_from_slice(&chunk);
                    let whole = rest.len() / 3 * 3;
                    STANDARD.encode_string(&rest[..whole], &mut encoded);
                    rest.drain(..whole);
                }
                if encoded.is_empty() {
                    STANDARD.encode_string(std::mem::take(rest), &mut encoded);
                }
                Ok(Some(Bytes::from(encoded)).filter(|bytes| !bytes.is_empty()))
            }
        }
    }
}
