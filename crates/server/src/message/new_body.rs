//! A body that replaces the client's body.

use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::sync::Mutex;

use super::body_error::BodyError;
use super::spool::Spool;

/// The text that replaces what the client sent below the header of a message. It is kept in memory up to 1
/// MiB, and then in a temporary file without a name.
///
/// A bare LF or CR becomes CRLF. The last line gets a CRLF if it has none, since a body is made of lines (RFC
/// 5322 §2.3). In a message of type BINARYMIME all bytes stay as they are.
///
/// [`Message::new_body`](crate::Message::new_body) returns an empty one.
#[derive(Debug)]
pub struct BodyWriter {
    spool: Spool,
    line_ends: Option<LineEnds>,
    limit: u64,
}

/// The kind of the last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineEnds {
    LineStart,
    AfterCr,
    InLine,
}

impl BodyWriter {
    pub(crate) fn new(is_binary: bool, limit: u64) -> Self {
        Self { spool: Spool::default(), line_ends: (!is_binary).then_some(LineEnds::LineStart), limit }
    }

    /// Adds bytes at the end.
    ///
    /// # Errors
    /// [`BodyError::TooLong`] past the server's [maximum message size](crate::Builder::max_message_size), and
    /// [`BodyError::Spool`] if the bytes cannot be kept. After an error or a dropped write,
    /// [`BodyError::Gone`].
    ///
    /// # Cancel safety
    /// If the future is dropped while the bytes are being kept, they are lost. Every later write and
    /// [`replace_body`](crate::Message::replace_body) then return [`BodyError::Gone`].
    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) -> Result<(), BodyError> {
        let bytes = bytes.as_ref();
        let mut line_ends = self.line_ends;
        let bytes = match &mut line_ends {
            Some(line_ends) => with_crlf(bytes, line_ends),
            None => Bytes::copy_from_slice(bytes),
        };
        self.pass(bytes).await?;
        self.line_ends = line_ends;
        Ok(())
    }

    /// Returns an error if a write was dropped or failed, so that bytes are missing.
    fn expect_whole(&self) -> Result<(), BodyError> {
        if self.spool.kept() == self.spool.passed() { Ok(()) } else { Err(BodyError::Gone) }
    }

    async fn pass(&mut self, bytes: Bytes) -> Result<(), BodyError> {
        self.expect_whole()?;
        if self.spool.kept() + bytes.len() as u64 > self.limit {
            return Err(BodyError::TooLong { limit: self.limit });
        }
        self.spool.pass(&bytes, true).await.map_err(|error| BodyError::Spool(Arc::new(error)))
    }

    /// Ends the body.
    pub(crate) async fn finish(mut self) -> Result<NewBody, BodyError> {
        self.expect_whole()?;
        let end: &[u8] = match self.line_ends {
            Some(LineEnds::InLine) => b"\r\n",
            Some(LineEnds::AfterCr) => b"\n",
            Some(LineEnds::LineStart) | None => b"",
        };
        if !end.is_empty() {
            self.pass(Bytes::from_static(end)).await?;
        }
        let length = self.spool.kept();
        Ok(NewBody { spool: Arc::new(Mutex::new(self.spool)), length })
    }
}

/// Returns these bytes with CRLF for each line end. The next call completes a CR at their end.
fn with_crlf(bytes: &[u8], line_ends: &mut LineEnds) -> Bytes {
    let mut lines = BytesMut::with_capacity(bytes.len() + bytes.len() / 32);
    for &byte in bytes {
        let is_after_cr = *line_ends == LineEnds::AfterCr;
        if is_after_cr && byte != b'\n' {
            lines.extend_from_slice(b"\n");
        }
        match byte {
            b'\n' if is_after_cr => lines.extend_from_slice(b"\n"),
            b'\n' => lines.extend_from_slice(b"\r\n"),
            _ => lines.extend_from_slice(&[byte]),
        }
        *line_ends = match byte {
            b'\n' => LineEnds::LineStart,
            b'\r' => LineEnds::AfterCr,
            _ => LineEnds::InLine,
        };
    }
    lines.freeze()
}

/// A whole body, which any number of readers can read.
#[derive(Debug, Clone)]
pub(crate) struct NewBody {
    spool: Arc<Mutex<Spool>>,
    length: u64,
}

impl NewBody {
    /// Returns some bytes from `position` on, and none at the end.
    pub(crate) async fn read(&self, position: u64) -> io::Result<Bytes> {
        if position >= self.length {
            return Ok(Bytes::new());
        }
        self.spool.lock().await.read(position).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn ends_each_line_with_crlf_at_every_cut() {
        for (written, expected) in [
            ("", ""),
            ("a", "a\r\n"),
            ("a\nb", "a\r\nb\r\n"),
            ("a\r\nb\r\n", "a\r\nb\r\n"),
            ("a\rb", "a\r\nb\r\n"),
            ("a\r", "a\r\n"),
            ("\n\n", "\r\n\r\n"),
            ("\r\r\n", "\r\n\r\n"),
        ] {
            for piece in 1..4 {
                let mut body = BodyWriter::new(false, 100);
                for bytes in written.as_bytes().chunks(piece) {
                    body.write(bytes).await.unwrap();
                }
                let body = body.finish().await.unwrap();
                assert_eq!(body.read(0).await.unwrap(), expected, "{written:?}");
            }
        }
    }

    #[tokio::test]
    async fn keeps_binary_bodies_and_refuses_long_ones() {
        let mut body = BodyWriter::new(true, 4);
        body.write("a\nb").await.unwrap();
        assert!(matches!(body.write("cd").await, Err(BodyError::TooLong { limit: 4 })));
        assert_eq!(body.finish().await.unwrap().read(0).await.unwrap(), "a\nb");
    }
}
