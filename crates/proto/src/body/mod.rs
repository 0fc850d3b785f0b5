//! Decodes the content of a message and checks it on the way.

mod bare;
mod chunk;
mod dot;
mod header;
mod line_ends;
mod line_forms;
mod lone_dot;

use bytes::Bytes;

pub(crate) use bare::Treatment;
pub(crate) use chunk::{ChunkDecoder, ContentKind};
pub(crate) use dot::DotDecoder;
pub(crate) use header::{HeaderLimit, HeaderScan};

/// The result of one call of a decoder.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    /// Content of the message, possibly empty.
    pub(crate) content: Bytes,
    /// Whether the final dot, or the last byte of the chunk, was removed from the input.
    pub(crate) is_end: bool,
}
