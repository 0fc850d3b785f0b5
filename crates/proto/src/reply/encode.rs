//! The wire form of a reply (RFC 5321 §4.2.1, RFC 2034 §4).

use super::{Code, Enhanced, Reply};

/// Bytes of text in a line. RFC 5321 §4.5.3.1.5 allows 512 with the code, a separator, the longest enhanced code
/// (`5.999.999 `) and CRLF.
const TEXT_OCTETS: usize = 512 - LONGEST_HEAD - LINE_END.len();

const LONGEST_HEAD: usize = "250-5.999.999 ".len();

const LINE_END: &[u8] = b"\r\n";

pub(super) fn encode(reply: &Reply, output: &mut Vec<u8>) {
    let text = reply.text();
    if text.len() <= TEXT_OCTETS && is_printable(text) {
        return encode_line(reply.code, reply.enhanced, b' ', text.as_bytes(), output);
    }
    let lines = text.lines().flat_map(break_line).collect::<Vec<_>>();
    encode_lines(reply.code, reply.enhanced, &lines, output);
}

/// Returns whether a text can go into a reply unchanged.
pub(crate) fn is_printable(text: &str) -> bool {
    // All bytes are checked, also after an unfit one, so that the compiler emits vector code.
    text.bytes().fold(true, |so_far, octet| so_far & matches!(octet, b' '..=b'~'))
}

/// Writes `lines`, which must be printable ASCII, as one reply.
pub(crate) fn encode_lines(
    code: Code,
    enhanced: Option<Enhanced>,
    lines: &[impl AsRef<str>],
    output: &mut Vec<u8>,
) {
    let last = lines.len().saturating_sub(1);
    for (index, line) in lines.iter().enumerate() {
        encode_line(
            code,
            enhanced,
            if index == last { b' ' } else { b'-' },
            line.as_ref().as_bytes(),
            output,
        );
    }
    if lines.is_empty() {
        encode_line(code, enhanced, b' ', b"", output);
    }
}

fn encode_line(code: Code, enhanced: Option<Enhanced>, separator: u8, text: &[u8], output: &mut Vec<u8>) {
    // The head is built first, so that the output reserves memory once.
    let mut head = [b' '; LONGEST_HEAD];
    head[..3].copy_from_slice(&code.digits());
    head[3] = separator;
    let mut length = 4;
    if let Some(enhanced) = enhanced {
        head[4] = b'0' + enhanced.class();
        head[5] = b'.';
        length = put_decimal(enhanced.subject(), &mut head, 6);
        head[length] = b'.';
        length = put_decimal(enhanced.detail(), &mut head, length + 1) + 1;
    }
    output.reserve(length + text.len() + LINE_END.len());
    output.extend_from_slice(&head[..length]);
    output.extend_from_slice(text);
    output.extend_from_slice(LINE_END);
}

/// Writes a number of at most three digits and returns where it ends.
fn put_decimal(number: u16, head: &mut [u8; LONGEST_HEAD], at: usize) -> usize {
    let mut end = at;
    for divisor in [100, 10, 1] {
        if number >= divisor || divisor == 1 {
            #[allow(clippy::cast_possible_truncation, reason = "a decimal digit fits a byte")]
            let digit = (number / divisor % 10) as u8;
            head[end] = b'0' + digit;
            end += 1;
        }
    }
    end
}

/// Splits one line of a hook's text into lines of printable ASCII that fit the wire.
fn break_line(line: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for (index, c) in line.chars().enumerate() {
        if index > 0 && index % TEXT_OCTETS == 0 {
            pieces.push(String::new());
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(printable(c));
        }
    }
    pieces
}

/// Returns a character as a reply shows it.
pub(crate) fn printable(c: char) -> char {
    if matches!(c, ' '..='~') { c } else { '?' }
}
