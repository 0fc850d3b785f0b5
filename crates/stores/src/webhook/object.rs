//! An object of JSON that is written member by member, so that no content stands in memory twice.

use std::io::{self, Write};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

/// Bytes that are encoded at a time: whole groups of base64.
const GROUPS: usize = 48 * 1024;

pub(super) struct Object<'w, W> {
    out: &'w mut W,
    is_empty: bool,
}

impl<'w, W: Write> Object<'w, W> {
    pub(super) fn begin(out: &'w mut W) -> io::Result<Self> {
        out.write_all(b"{")?;
        Ok(Self { out, is_empty: true })
    }

    pub(super) fn end(self) -> io::Result<()> {
        self.out.write_all(b"}")
    }

    fn name(&mut self, name: &str) -> io::Result<()> {
        if !std::mem::replace(&mut self.is_empty, false) {
            self.out.write_all(b",")?;
        }
        serde_json::to_writer(&mut *self.out, name)?;
        self.out.write_all(b":")
    }

    pub(super) fn value(&mut self, name: &str, value: &Value) -> io::Result<()> {
        self.name(name)?;
        Ok(serde_json::to_writer(&mut *self.out, value)?)
    }

    /// `None` is `null`.
    pub(super) fn text(&mut self, name: &str, text: Option<&str>) -> io::Result<()> {
        self.name(name)?;
        match text {
            Some(text) => Ok(serde_json::to_writer(&mut *self.out, text)?),
            None => self.out.write_all(b"null"),
        }
    }

    pub(super) fn base64(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.name(name)?;
        self.out.write_all(b"\"")?;
        for bytes in bytes.chunks(GROUPS) {
            self.out.write_all(BASE64_STANDARD.encode(bytes).as_bytes())?;
        }
        self.out.write_all(b"\"")
    }

    /// Writes an array of objects.
    pub(super) fn objects<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Object<'_, W>, T) -> io::Result<()>,
    ) -> io::Result<()> {
        self.name(name)?;
        self.out.write_all(b"[")?;
        for (number, item) in items.into_iter().enumerate() {
            if number > 0 {
                self.out.write_all(b",")?;
            }
            let mut object = Object::begin(&mut *self.out)?;
            write(&mut object, item)?;
            object.end()?;
        }
        self.out.write_all(b"]")
    }
}
