//! The hash of header fields, which a signature signs (RFC 6376 §3.7).

use aws_lc_rs::digest::{Context, Digest, SHA256};

use super::canonicalization::Canonicalization;
use super::tag_list::TagList;

/// A hash of header fields.
#[derive(Clone)]
pub(crate) struct Hash {
    context: Context,
    /// The canonical form of one field.
    text: Vec<u8>,
}

impl Default for Hash {
    fn default() -> Self {
        Self { context: Context::new(&SHA256), text: Vec::new() }
    }
}

impl Hash {
    /// Adds a field and its line end.
    pub(crate) fn add_field(&mut self, canonicalization: Canonicalization, field: &[u8]) {
        self.add(canonicalization, field);
        self.context.update(b"\r\n");
    }

    /// Adds the signature itself [without its value](without_value), and ends the hash.
    pub(crate) fn finish(mut self, canonicalization: Canonicalization, unsigned: &[u8]) -> Digest {
        self.add(canonicalization, unsigned);
        self.context.finish()
    }

    fn add(&mut self, canonicalization: Canonicalization, field: &[u8]) {
        self.text.clear();
        canonicalization.append_field(field, &mut self.text);
        self.context.update(&self.text);
    }
}

/// Returns the field of a signature with an empty tag `b=`, from its name, colon and tags. The white space around the
/// value goes too.
pub(crate) fn without_value(name: &[u8], tags: &TagList<'_>) -> Vec<u8> {
    let (before, after) = tags.around("b");
    [name, before.as_bytes(), after.as_bytes()].concat()
}
