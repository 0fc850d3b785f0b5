//! Finds command lines by their CRLF, bounds their length, and refuses a bare CR or LF.

use bytes::{Buf, BytesMut};
use memchr::memchr;

use crate::limits::ENDLESS_LINE;

/// Bytes of an overlong line that stay in the input, to recognize what it began with.
pub(crate) const KEPT: usize = 5;

/// Finds lines in a growing input and reads no byte twice.
#[derive(Debug, Default)]
pub(crate) struct LineReader {
    /// Bytes at the front of the input that are known to hold no LF.
    scanned: usize,
    /// Bytes of an overlong line dropped so far, all after the first [`KEPT`]. It is 0 while no line is overlong.
    dropped: usize,
    /// The last byte dropped, to recognize a CRLF that is split.
    last_dropped: u8,
}

/// The content at the front of the input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// No complete line yet.
    Incomplete,
    /// A line of this many bytes, including CRLF.
    Complete(usize),
    /// A line over the limit. It was dropped.
    TooLong,
    /// A line that reaches [`ENDLESS_LINE`].
    Endless,
    /// A line with a bare CR or LF.
    BareLineEnd,
}

impl LineReader {
    /// Looks for a line of at most `limit` bytes. [`Line::Complete`] leaves the line in the input. The caller removes
    /// it before the next call.
    pub(crate) fn find(&mut self, input: &mut BytesMut, limit: usize) -> Line {
        let Some(feed) = self.feed(input) else {
            return self.without_end(input, limit);
        };
        let length = self.dropped + feed + 1;
        let before_feed = match feed.checked_sub(1) {
            _ if self.dropped > 0 && feed == KEPT => self.last_dropped,
            None => 0,
            Some(before) => input[before],
        };
        let line = if length >= ENDLESS_LINE {
            Line::Endless
        } else if before_feed != b'\r' {
            Line::BareLineEnd
        } else if length > limit {
            Line::TooLong
        } else if memchr(b'\r', &input[..feed - 1]).is_some() {
            Line::BareLineEnd
        } else {
            Line::Complete(length)
        };
        if line == Line::TooLong {
            input.advance(feed + 1);
        }
        *self = Self::default();
        line
    }

    /// Returns the position of the LF that ends the line at the front, if it is there. The search is not repeated.
    pub(crate) fn feed(&mut self, input: &[u8]) -> Option<usize> {
        if input.get(self.scanned) == Some(&b'\n') {
            return Some(self.scanned);
        }
        let found = memchr(b'\n', &input[self.scanned..]);
        self.scanned = found.map_or(input.len(), |at| self.scanned + at);
        found.map(|_| self.scanned)
    }

    fn without_end(&mut self, input: &mut BytesMut, limit: usize) -> Line {
        let length = self.dropped + input.len();
        if length >= ENDLESS_LINE {
            return Line::Endless;
        }
        if length > limit && input.len() > KEPT {
            self.dropped = length - KEPT;
            self.last_dropped = input[input.len() - 1];
            input.truncate(KEPT);
            self.scanned = KEPT;
        }
        Line::Incomplete
    }

    /// Returns whether the line at the front of the input is over its limit, with part of it dropped.
    pub(crate) fn is_overlong(&self) -> bool {
        self.dropped > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(pieces: &[&[u8]], limit: usize) -> Line {
        let (mut reader, mut input) = (LineReader::default(), BytesMut::new());
        for piece in pieces {
            input.extend_from_slice(piece);
            let line = reader.find(&mut input, limit);
            if line != Line::Incomplete {
                return line;
            }
        }
        Line::Incomplete
    }

    #[test]
    fn a_line_is_found_when_its_last_byte_arrives() {
        assert_eq!(find(&[b"NOOP", b"\r"], 512), Line::Incomplete);
        assert_eq!(find(&[b"NOOP", b"\r", b"\nQUIT"], 512), Line::Complete(6));
    }

    #[test]
    fn a_line_at_the_limit_is_whole_and_one_byte_more_is_too_long() {
        assert_eq!(find(&[b"12345678\r\n"], 10), Line::Complete(10));
        assert_eq!(find(&[b"123456789\r\n"], 10), Line::TooLong);
        assert_eq!(find(&[b"123456789\r", b"\n"], 10), Line::TooLong);
        assert_eq!(find(&[b"1234567890\r", b"\n"], 10), Line::TooLong);
    }

    #[test]
    fn a_lone_cr_or_lf_is_seen_wherever_the_input_is_cut() {
        for line in [&b"NO\nOP\r\n"[..], b"NO\rOP\r\n", b"NOOP\n", b"\n", b"123456789012\n"] {
            for cut in 0..line.len() {
                assert_eq!(
                    find(&[&line[..cut], &line[cut..]], 10),
                    Line::BareLineEnd,
                    "{line:?} cut at {cut}"
                );
            }
        }
    }

    #[test]
    fn a_line_without_end_is_given_up_at_64_kib_in_flat_memory() {
        let (mut reader, mut input) = (LineReader::default(), BytesMut::new());
        for _ in 0..65 {
            input.extend_from_slice(&[b'x'; 1000]);
            assert_eq!(reader.find(&mut input, 2048), Line::Incomplete);
            assert!(input.len() <= 2048);
        }
        input.extend_from_slice(&[b'x'; 1000]);
        assert_eq!(reader.find(&mut input, 2048), Line::Endless);
    }
}
