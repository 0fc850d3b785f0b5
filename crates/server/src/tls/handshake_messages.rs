//! The bytes of a `ClientHello`: its records, and its extensions (RFC 8446 §4.1.2 and §5.1).

use std::ops::Range;

/// The type of a record.
pub(super) const HANDSHAKE: u8 = 22;

/// The type of a handshake message.
pub(super) const CLIENT_HELLO: u8 = 1;

/// Returns the parts of the first handshake messages in these records (RFC 8446 §5.1).
pub(super) fn payloads(records: &[u8]) -> Vec<Range<usize>> {
    let mut payloads = Vec::new();
    let mut begin = 0;
    while let Some(&[HANDSHAKE, _, _, high, low]) = records.get(begin..begin + 5) {
        let payload = begin + 5..begin + 5 + usize::from(u16::from_be_bytes([high, low]));
        begin = payload.end;
        payloads.push(payload.start..payload.end.min(records.len()));
    }
    payloads
}

pub(super) fn message(records: &[u8], payloads: &[Range<usize>]) -> Vec<u8> {
    payloads.iter().flat_map(|payload| &records[payload.clone()]).copied().collect()
}

/// Returns where in the records a byte of the message stands.
pub(super) fn at(payloads: &[Range<usize>], mut position: usize) -> Option<usize> {
    for payload in payloads {
        if position < payload.len() {
            return Some(payload.start + position);
        }
        position -= payload.len();
    }
    None
}

/// An extension of a `ClientHello`.
pub(super) struct Extension<'m> {
    /// Where in the message it begins, with its type.
    pub(super) position: usize,
    pub(super) kind: u16,
    /// The data, cut off where the message is.
    pub(super) data: &'m [u8],
}

/// Returns the extensions of a `ClientHello` (RFC 8446 §4.1.2), up to the end of the message. Other messages have none.
pub(super) fn extensions(message: &[u8]) -> impl Iterator<Item = Extension<'_>> {
    let bounds = bounds(message).unwrap_or(0..0);
    let mut position = bounds.start;
    std::iter::from_fn(move || {
        let rest = message.get(position..bounds.end)?;
        let kind = u16::from_be_bytes(*rest.first_chunk()?);
        let length = usize::from(u16::from_be_bytes(*rest.get(2..)?.first_chunk()?));
        let data = rest.get(4..4 + length).unwrap_or(&rest[4..]);
        let extension = Extension { position, kind, data };
        position += 4 + length;
        Some(extension)
    })
}

fn bounds(message: &[u8]) -> Option<Range<usize>> {
    const HEADER_VERSION_AND_RANDOM: usize = 4 + 2 + 32;
    if message.first() != Some(&CLIENT_HELLO) {
        return None;
    }
    let behind = |begin: usize, width: usize| {
        let length = message.get(begin..begin + width)?;
        Some(begin + width + length.iter().fold(0, |number, &octet| number << 8 | usize::from(octet)))
    };
    let session_id = HEADER_VERSION_AND_RANDOM;
    let cipher_suites = behind(session_id, 1)?;
    let compression = behind(cipher_suites, 2)?;
    let extensions = behind(compression, 1)?;
    Some(extensions + 2..behind(extensions, 2)?.min(message.len()))
}
