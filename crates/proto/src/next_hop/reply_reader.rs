//! Replies out of the bytes that a server sends (RFC 5321 §4.2).

use std::error::Error;
use std::fmt;

use bytes::BytesMut;
use memchr::memchr;

use super::ServerReply;

/// Maximum bytes of a line of a reply. RFC 5321 §4.5.3.1.5 allows 512; servers send more.
const LONGEST_LINE: usize = 4_096;

/// Maximum bytes of the text of a reply.
const LONGEST_TEXT: usize = 65_536;

/// Why a server's bytes are not a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadReply {
    /// A line does not begin with a code of 200 to 599, followed by a space or a hyphen.
    NoCode,
    /// A line has more than 4,096 bytes, or a reply more than 65,536.
    TooLong,
}

impl fmt::Display for BadReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoCode => "the server sent a line without a reply code",
            Self::TooLong => "the server sent an endless reply",
        })
    }
}

impl Error for BadReply {}

/// Takes the bytes of a server, in pieces of any length, and returns its replies.
///
/// It takes what servers send: lines that end with LF alone, a code without a text, and bytes outside ASCII, which
/// become U+FFFD if they are not UTF-8. If the codes of a reply's lines differ, the last one holds.
#[derive(Debug, Default)]
pub struct ReplyReader {
    bytes: BytesMut,
    /// The texts of the lines of a reply that is not complete.
    lines: Vec<String>,
    length: usize,
}

impl ReplyReader {
    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Returns whether there are no bytes that were not returned as a reply.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.lines.is_empty()
    }

    /// Returns the next reply, or `None` until all of it has come.
    ///
    /// # Errors
    /// [`BadReply`]: the bytes are not a reply. The connection is of no use any more.
    pub fn next_reply(&mut self) -> Result<Option<ServerReply>, BadReply> {
        while let Some(end) = memchr(b'\n', &self.bytes) {
            if end > LONGEST_LINE {
                return Err(BadReply::TooLong);
            }
            let line = self.bytes.split_to(end + 1);
            let line = line.strip_suffix(b"\r\n").unwrap_or(&line[..end]);
            self.length += line.len();
            if self.length > LONGEST_TEXT {
                return Err(BadReply::TooLong);
            }
            let (code, is_last, text) = parts(line).ok_or(BadReply::NoCode)?;
            self.lines.push(String::from_utf8_lossy(text).into_owned());
            if is_last {
                self.length = 0;
                let lines = std::mem::take(&mut self.lines);
                return ServerReply::new(code, &lines).map(Some).ok_or(BadReply::NoCode);
            }
        }
        if self.bytes.len() > LONGEST_LINE { Err(BadReply::TooLong) } else { Ok(None) }
    }
}

/// The code of a line, whether it is the last of its reply, and its text.
fn parts(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (digits, rest) = line.split_at_checked(3)?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let code = digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    if !(200..600).contains(&code) {
        return None;
    }
    match rest.split_first() {
        None => Some((code, true, rest)),
        Some((b' ', text)) => Some((code, true, text)),
        Some((b'-', text)) => Some((code, false, text)),
        Some(_) => None,
    }
}
