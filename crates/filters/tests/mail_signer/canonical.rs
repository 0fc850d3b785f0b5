//! Canonicalization of a whole header or body (RFC 6376 §3.4), as the RFC says it, step by step.

/// Canonicalizes a field, with its CRLF.
pub(crate) fn field(kind: &str, field: &[u8]) -> Vec<u8> {
    if kind == "simple" {
        return [field, b"\r\n"].concat();
    }
    let colon = field.iter().position(|byte| *byte == b':').unwrap();
    let (name, value) = (&field[..colon], &field[colon + 1..]);
    // "Convert all header field names to lowercase."
    let name = name.to_ascii_lowercase();
    // "Unfold all header field continuation lines."
    let value = replace(value, b"\r\n", b"");
    // "Convert all sequences of one or more WSP characters to a single SP character."
    let (name, value) = (reduce(&name), reduce(&value));
    // "Delete all WSP characters at the end of each unfolded header field value", and around the colon.
    let value = trim_start(trim_end(&value));
    [trim_end(&name), b":", value, b"\r\n"].concat()
}

/// Canonicalizes a body.
pub(crate) fn body(kind: &str, body: &[u8]) -> Vec<u8> {
    let mut lines = split(body);
    if kind == "relaxed" {
        for line in &mut lines {
            *line = trim_end(&reduce(line)).to_vec();
        }
    }
    // A text after the last CRLF is a line only if it is not empty.
    while lines.last().is_some_and(Vec::is_empty) {
        lines.pop();
    }
    let text: Vec<u8> = lines.iter().flat_map(|line| [line, &b"\r\n"[..]].concat()).collect();
    if text.is_empty() && kind == "simple" { b"\r\n".to_vec() } else { text }
}

fn split(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut lines = vec![Vec::new()];
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"\r\n") {
            lines.push(Vec::new());
            at += 2;
        } else {
            lines.last_mut().unwrap().push(bytes[at]);
            at += 1;
        }
    }
    lines
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at..].starts_with(from) {
            replaced.extend_from_slice(to);
            at += from.len();
        } else {
            replaced.push(bytes[at]);
            at += 1;
        }
    }
    replaced
}

fn reduce(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = replace(bytes, b"\t", b" ");
    while bytes.windows(2).any(|pair| pair == b"  ") {
        bytes = replace(&bytes, b"  ", b" ");
    }
    bytes
}

fn trim_end(bytes: &[u8]) -> &[u8] {
    let kept = bytes.iter().rposition(|byte| !matches!(byte, b' ' | b'\t'));
    &bytes[..kept.map_or(0, |last| last + 1)]
}

fn trim_start(bytes: &[u8]) -> &[u8] {
    let first = bytes.iter().position(|byte| !matches!(byte, b' ' | b'\t'));
    &bytes[first.unwrap_or(bytes.len())..]
}
