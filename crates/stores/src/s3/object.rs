//! One object of a message.

use std::collections::VecDeque;

use bytes::Bytes;
use mailchute::Refusal;
use object_store::multipart::PartId;
use object_store::path::Path;
use object_store::{Attributes, PutPayload};

use super::remains::Remains;

/// An object, and what of it has not been sent yet.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) location: Path,
    pub(super) attributes: Attributes,
    /// The places of its recipients in the envelope.
    pub(super) places: Vec<usize>,
    pub(super) remains: Remains,
    /// The parts that the server has.
    pub(super) parts: Vec<PartId>,
    pub(super) refused: Option<Refusal>,
    waiting: VecDeque<Bytes>,
    len: usize,
}

impl Object {
    /// An object without content.
    pub(super) fn new(location: Path, attributes: Attributes, places: Vec<usize>, remains: Remains) -> Self {
        Self {
            location,
            attributes,
            places,
            remains,
            parts: Vec::new(),
            refused: None,
            waiting: VecDeque::new(),
            len: 0,
        }
    }

    /// Adds content, which shares its memory with the other objects.
    pub(super) fn add(&mut self, content: Bytes) {
        if !content.is_empty() {
            self.len += content.len();
            self.waiting.push_back(content);
        }
    }

    /// Returns how many bytes wait to be sent.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Takes the next `bytes` of the content, or all that is left.
    pub(super) fn take(&mut self, bytes: usize) -> PutPayload {
        let mut left = bytes.min(self.len);
        self.len -= left;
        let mut taken = Vec::new();
        while left > 0
            && let Some(mut piece) = self.waiting.pop_front()
        {
            if piece.len() > left {
                self.waiting.push_front(piece.split_off(left));
            }
            left -= piece.len();
            taken.push(piece);
        }
        taken.into_iter().collect()
    }
}
