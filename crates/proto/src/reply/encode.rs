//! The wire form of a reply (RFC 5321 §4.2.1, RFC 2034 §4).

use memchr::memchr;

use super::{Code, Enhanced, Reply};
use crate::characters::is_control;

/// Bytes of text in a line without an enhanced code.
pub(crate) const LINE_BYTES: usize = 512 - "250-".len() - LINE_END.len();

/// Bytes of text in a line. RFC 5321 §4.5.3.1.5 allows 512 with the code, a separator, the longest enhanced code
/// (`5.999.999 `) and CRLF.
pub(crate) const TEXT_BYTES: usize = 512 - LONGEST_HEAD - LINE_END.len();

const LONGEST_HEAD: usize = "250-5.999.999 ".len();

const LINE_END: &[u8] = b"\r\n";

pub(super) fn encode(reply: &Reply, output: &mut Vec<u8>) {
    if encode_plain(reply, output) {
        return;
    }
    let lines = reply.text().lines().flat_map(|line| break_line(line, reply.is_utf8)).collect::<Vec<_>>();
    encode_lines(reply.code, reply.enhanced, &lines.join("\n"), output);
}

/// Appends the reply if its text is one line of printable ASCII, as almost all are, and returns whether it is.
pub(super) fn encode_plain(reply: &Reply, output: &mut Vec<u8>) -> bool {
    let text = reply.text();
    let is_plain = reply.is_one_line || text.len() <= TEXT_BYTES && is_printable(text);
    if is_plain {
        encode_line(reply.code, reply.enhanced, text.as_bytes(), output);
    }
    is_plain
}

/// Returns whether a text fits into one line of a reply unchanged. For texts known at compile time.
pub(super) const fn is_one_line(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() && matches!(bytes[at], b' '..=b'~') {
        at += 1;
    }
    at == bytes.len() && at <= TEXT_BYTES
}

/// Returns whether a text fits into a reply unchanged.
pub(crate) fn is_printable(text: &str) -> bool {
    // All bytes are checked, also after an unfit one, so that the compiler emits vector code.
    text.bytes().fold(true, |so_far, byte| so_far & matches!(byte, b' '..=b'~'))
}

/// Writes each line of `text`, which must be printable ASCII and short enough, as a line of the reply.
pub(super) fn encode_lines(code: Code, enhanced: Option<Enhanced>, text: &str, output: &mut Vec<u8>) {
    let mut head = Head::new(code, enhanced);
    let mut rest = text.as_bytes();
    while let Some(at) = memchr(b'\n', rest) {
        head.put_line(b'-', &rest[..at], output);
        rest = &rest[at + 1..];
    }
    head.put_line(b' ', rest, output);
}

fn encode_line(code: Code, enhanced: Option<Enhanced>, text: &[u8], output: &mut Vec<u8>) {
    Head::new(code, enhanced).put_line(b' ', text, output);
}

/// The beginning of each line of a reply, up to its text.
struct Head {
    bytes: [u8; LONGEST_HEAD],
    length: usize,
}

impl Head {
    #[inline(always)]
    fn new(code: Code, enhanced: Option<Enhanced>) -> Self {
        let mut bytes = [b' '; LONGEST_HEAD];
        bytes[..3].copy_from_slice(&code.digits());
        let mut length = 4;
        if let Some(enhanced) = enhanced {
            bytes[4] = b'0' + enhanced.class();
            bytes[5] = b'.';
            length = put_decimal(enhanced.subject(), &mut bytes, 6);
            bytes[length] = b'.';
            length = put_decimal(enhanced.detail(), &mut bytes, length + 1) + 1;
        }
        Self { bytes, length }
    }

    /// Appends a line with this text. `separator` tells whether another line follows.
    #[inline(always)]
    fn put_line(&mut self, separator: u8, text: &[u8], output: &mut Vec<u8>) {
        self.bytes[3] = separator;
        output.reserve(LONGEST_HEAD + text.len() + LINE_END.len());
        // A copy of fixed length is cheaper than one of the exact length.
        let end = output.len() + self.length;
        output.extend_from_slice(&self.bytes);
        output.truncate(end);
        output.extend_from_slice(text);
        output.extend_from_slice(LINE_END);
    }
}

/// Writes a number of at most three digits and returns where it ends.
fn put_decimal(number: u16, head: &mut [u8; LONGEST_HEAD], at: usize) -> usize {
    #[allow(clippy::cast_possible_truncation, reason = "a decimal digit fits a byte")]
    let digit = |divisor: u16| b'0' + (number / divisor % 10) as u8;
    if number < 10 {
        // Almost all numbers have three digits.
        head[at] = digit(1);
        return at + 1;
    }
    let mut end = at;
    for divisor in [100, 10] {
        if number >= divisor {
            head[end] = digit(divisor);
            end += 1;
        }
    }
    head[end] = digit(1);
    end + 1
}

/// Splits one line of a hook's text into lines that fit the wire, of printable ASCII or of UTF-8.
fn break_line(line: &str, is_utf8: bool) -> Vec<String> {
    let mut pieces = vec![];
    let mut piece = String::new();
    for c in line.chars() {
        let c = if is_utf8 && !is_control(c) { c } else { printable(c) };
        if piece.len() + c.len_utf8() > TEXT_BYTES {
            pieces.push(std::mem::take(&mut piece));
        }
        piece.push(c);
    }
    pieces.push(piece);
    pieces
}

/// Returns a character as a reply shows it.
pub(crate) fn printable(c: char) -> char {
    if matches!(c, ' '..='~') { c } else { '?' }
}
