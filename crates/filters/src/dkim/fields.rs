//! The header fields of a message, found by their names.

use std::collections::HashMap;

use memchr::memchr;

use super::canonicalization::{Canonicalization, trim_end};
use super::hash::Hash;

/// The header fields of a message, from the top down.
///
/// # Examples
///
/// A [`mailchute::Header`](mailchute::message::Header) has them:
///
/// ```
/// use mailchute::Message;
/// use mailchute::message::BodyError;
/// use mailchute_filters::dkim::Fields;
///
/// async fn count_signatures(message: &mut Message) -> Result<usize, BodyError> {
///     let header = message.header().await?;
///     let fields = Fields::new(header.fields().iter().map(|field| field.raw()));
///     Ok(fields.count("DKIM-Signature"))
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Fields<'h> {
    fields: Vec<&'h [u8]>,
    /// The places of the fields of each name, which is in lower case.
    places: HashMap<Vec<u8>, Vec<usize>>,
}

impl<'h> Fields<'h> {
    /// Takes fields as they were received, without the CRLF at the end of each. Lines within a field end with CRLF. A
    /// field without a colon is ignored.
    #[must_use]
    pub fn new(fields: impl IntoIterator<Item = &'h [u8]>) -> Self {
        let mut all = Self::default();
        for field in fields {
            if let Some(colon) = memchr(b':', field) {
                let name = trim_end(&field[..colon]).to_ascii_lowercase();
                all.places.entry(name).or_default().push(all.fields.len());
                all.fields.push(field);
            }
        }
        all
    }

    /// Returns how many fields have this name, in any case.
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        self.places_of(name).len()
    }

    /// Returns the places of the fields of a name, from the top down.
    pub(crate) fn places_of(&self, name: &str) -> &[usize] {
        self.places.get(&*name.to_ascii_lowercase().into_bytes()).map_or(&[], |places| places)
    }

    /// Returns the field at a place, which is one of [`places_of`](Self::places_of).
    pub(crate) fn at(&self, place: usize) -> &'h [u8] {
        self.fields.get(place).copied().unwrap_or_default()
    }

    /// Returns the name of the field at a place with its colon, and the value.
    pub(crate) fn split_at(&self, place: usize) -> (&'h [u8], &'h [u8]) {
        let field = self.at(place);
        field.split_at(memchr(b':', field).map_or(0, |colon| colon + 1))
    }

    /// Hashes the fields that a signature names, and the signature without its value (RFC 6376 §3.7). The lowest
    /// field of a name that has not been taken is next (§5.4.2). A name without a field is skipped. The
    /// signature itself is not taken by its name.
    pub(crate) fn hash<'n>(
        &self,
        names: impl IntoIterator<Item = &'n str>,
        canonicalization: Canonicalization,
        signature: usize,
        unsigned: &[u8],
    ) -> aws_lc_rs::digest::Digest {
        let mut hash = Hash::default();
        // How many fields of each name are left.
        let mut left: HashMap<&[u8], usize> = HashMap::new();
        for name in names {
            let name = name.to_ascii_lowercase();
            let Some((name, places)) = self.places.get_key_value(name.as_bytes()) else { continue };
            let left = left.entry(name).or_insert(places.len());
            while let Some(next) = left.checked_sub(1) {
                *left = next;
                if places[next] != signature {
                    hash.add_field(canonicalization, self.at(places[next]));
                    break;
                }
            }
        }
        hash.finish(canonicalization, unsigned)
    }
}
