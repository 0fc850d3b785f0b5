//! The wire form of a reply (RFC 5321 §4.2.1, RFC 2034 §4).

use super::{Code, Enhanced, Reply};

/// RFC 5321 §4.5.3.1.5 allows 512 octets with code and CRLF; the code, a separator, the longest enhanced code
/// (`5.999.999 `) and CRLF leave this much for the text of a line.
const TEXT_OCTETS: usize = 512 - "250-5.999.999 \r\n".len();

pub(super) fn encode(reply: &Reply, output: &mut Vec<u8>) {
    let text = reply.text();
    if text.len() <= TEXT_OCTETS && text.bytes().all(|octet| matches!(octet, b' '..=b'~')) {
        return encode_line(reply.code, reply.enhanced, b' ', text.as_bytes(), output);
    }
    let lines = text.lines().flat_map(break_line).collect::<Vec<_>>();
    encode_lines(reply.code, reply.enhanced, &lines, output);
}

/// Writes `lines`, which must be printable ASCII, as one reply.
pub(crate) fn encode_lines(
    code: Code,
    enhanced: Option<Enhanced>,
    lines: &[impl AsRef<[u8]>],
    output: &mut Vec<u8>,
) {
    let last = lines.len().saturating_sub(1);
    for (index, line) in lines.iter().enumerate() {
        encode_line(code, enhanced, if index == last { b' ' } else { b'-' }, line.as_ref(), output);
    }
    if lines.is_empty() {
        encode_line(code, enhanced, b' ', b"", output);
    }
}

fn encode_line(code: Code, enhanced: Option<Enhanced>, separator: u8, text: &[u8], output: &mut Vec<u8>) {
    output.extend_from_slice(&code.digits());
    output.push(separator);
    if let Some(enhanced) = enhanced {
        for (number, end) in
            [(u16::from(enhanced.class()), b'.'), (enhanced.subject(), b'.'), (enhanced.detail(), b' ')]
        {
            push_decimal(number, output);
            output.push(end);
        }
    }
    output.extend_from_slice(text);
    output.extend_from_slice(b"\r\n");
}

/// `write!` costs more than the rest of a short reply together, so the digits are pushed by hand.
fn push_decimal(number: u16, output: &mut Vec<u8>) {
    if number >= 10 {
        push_decimal(number / 10, output);
    }
    #[allow(clippy::cast_possible_truncation, reason = "a decimal digit fits a byte")]
    output.push(b'0' + (number % 10) as u8);
}

/// One line of a hook's text as lines of printable ASCII that fit the wire.
fn break_line(line: &str) -> Vec<Vec<u8>> {
    let clean: Vec<u8> = line.chars().map(|c| if matches!(c, ' '..='~') { c as u8 } else { b'?' }).collect();
    if clean.is_empty() {
        return vec![clean];
    }
    clean.chunks(TEXT_OCTETS).map(<[u8]>::to_vec).collect()
}
