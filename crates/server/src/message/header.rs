//! The header of a message, parsed.

use std::borrow::Cow;
use std::sync::Arc;

use super::field::{Field, FieldName};

/// The header section of a message: its fields in order.
///
/// Lines of mbox files (`From …`) above the fields are fields named `X-Mailbox-Line`. The section ends at the first
/// empty line, or at a line that is neither a field nor the continuation of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Shared: the message keeps it too.
    fields: Arc<[Field]>,
}

impl Header {
    pub(crate) fn new(fields: Arc<[Field]>) -> Self {
        Self { fields }
    }

    /// Returns the fields from the top down.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Returns the [value](Field::value) of the first field of this name, regardless of case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.all(name).next().map(Field::value)
    }

    /// Returns all fields of this name from the top down.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(move |field| field.name() == FieldName::from(name))
    }

    /// Returns whether there is a field of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }
}

impl<'h> IntoIterator for &'h Header {
    type Item = &'h Field;
    type IntoIter = std::slice::Iter<'h, Field>;

    fn into_iter(self) -> Self::IntoIter {
        self.fields.iter()
    }
}
