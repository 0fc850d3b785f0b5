//! The decoder of BDAT: so many octets, as they are (RFC 3030 §2).

use bytes::{Bytes, BytesMut};

use super::Decoded;
use super::line_ends::LineEnds;

/// A message that comes in chunks whose sizes are known; nothing in them is looked for but bare line ends.
#[derive(Debug)]
pub(crate) struct ChunkDecoder {
    /// Octets of this chunk that have not come yet.
    left: u64,
    /// `None` for BINARYMIME, where any octets go.
    line_ends: Option<LineEnds>,
}

/// What the octets of a message may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Octets {
    Lines,
    Binary,
}

impl ChunkDecoder {
    pub(crate) fn new(octets: Octets) -> Self {
        Self { left: 0, line_ends: (octets == Octets::Lines).then(LineEnds::default) }
    }

    /// A chunk of `size` octets begins.
    pub(crate) fn begin(&mut self, size: u64) {
        self.left = size;
    }

    /// The message has no further chunk.
    pub(crate) fn end(&mut self) {
        if let Some(line_ends) = &mut self.line_ends {
            line_ends.end();
        }
    }

    pub(crate) fn has_bare_line_end(&self) -> bool {
        self.line_ends.as_ref().is_some_and(|line_ends| line_ends.has_bare)
    }

    /// Takes the chunk's octets out of `input`, as far as they have come; the end is that of the chunk.
    pub(crate) fn decode(&mut self, input: &mut BytesMut) -> Decoded {
        let length = usize::try_from(self.left).map_or(input.len(), |left| left.min(input.len()));
        let content = if length == 0 { Bytes::new() } else { input.split_to(length).freeze() };
        self.left -= length as u64;
        if let Some(line_ends) = &mut self.line_ends {
            line_ends.look_at(&content);
        }
        Decoded { content, is_end: self.left == 0 }
    }
}
