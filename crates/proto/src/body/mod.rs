//! The octets of a message: how they are taken out of the stream and what is counted on the way.

mod bare;
mod chunk;
mod dot;
mod header;
mod line_ends;
mod line_forms;
mod lone_dot;

use bytes::Bytes;

pub(crate) use bare::Treatment;
pub(crate) use chunk::{ChunkDecoder, Octets};
pub(crate) use dot::DotDecoder;
pub(crate) use header::{HeaderLimit, HeaderScan};

/// What one look at the input gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    /// Octets of the message, possibly none.
    pub(crate) content: Bytes,
    /// Whether the final dot, or the last octet of the chunk, was taken out of the input.
    pub(crate) is_end: bool,
}
