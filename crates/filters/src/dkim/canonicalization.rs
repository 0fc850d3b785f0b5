//! Canonicalization: which changes on the way a signature bears (RFC 6376 §3.4).

use memchr::memchr;

/// How a header or a body is prepared before it is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Canonicalization {
    /// Almost no change is allowed.
    Simple,
    /// White space may change.
    Relaxed,
}

impl Canonicalization {
    /// Parses `c=`: that of the header, and that of the body.
    pub(super) fn parse_pair(text: &str) -> Option<(Self, Self)> {
        let (header, body) = text.split_once('/').unwrap_or((text, "simple"));
        Some((Self::parse(header)?, Self::parse(body)?))
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "simple" => Some(Self::Simple),
            "relaxed" => Some(Self::Relaxed),
            _ => None,
        }
    }

    /// Appends a field without the CRLF at its end (RFC 6376 §3.4.1 and §3.4.2).
    pub(crate) fn append_field(self, field: &[u8], output: &mut Vec<u8>) {
        match self {
            Self::Simple => output.extend_from_slice(field),
            Self::Relaxed => append_relaxed(field, output),
        }
    }
}

fn append_relaxed(field: &[u8], output: &mut Vec<u8>) {
    let colon = memchr(b':', field).unwrap_or(field.len());
    let (name, value) = field.split_at(colon);
    output.extend(trim_end(name).iter().map(u8::to_ascii_lowercase));
    output.push(b':');
    let mut rest = value.get(1..).unwrap_or_default();
    let mut has_space = false;
    let begin = output.len();
    while let Some(&byte) = rest.first() {
        match byte {
            b' ' | b'\t' => has_space = true,
            b'\r' if rest.get(1) == Some(&b'\n') => rest = &rest[1..],
            byte => {
                if has_space && output.len() > begin {
                    output.push(b' ');
                }
                has_space = false;
                output.push(byte);
            }
        }
        rest = &rest[1..];
    }
}

/// Removes the white space at the end of a name.
pub(super) fn trim_end(name: &[u8]) -> &[u8] {
    let end = name.iter().rposition(|byte| !matches!(byte, b' ' | b'\t'));
    &name[..end.map_or(0, |last| last + 1)]
}
