//! The syntax of a domain: letters, digits, hyphens and dots, and UTF-8 (RFC 5321 §4.1.2, RFC 6531 §3.3).

use super::AddressError;
use crate::characters::{breaks_lines, is_ignorable};

/// The longest domain, in characters (RFC 5321 §4.5.3.1.2).
pub(super) const MAX_DOMAIN: usize = 255;

/// The longest label, in characters (RFC 1035 §2.3.4).
const MAX_LABEL: usize = 63;

/// Checks that the whole of `text` is a domain.
pub(super) fn check(text: &str) -> Result<(), AddressError> {
    if text.is_empty() {
        return Err(AddressError::Empty);
    }
    let found = scan(text.as_bytes())?;
    if found.length != text.len() {
        return Err(AddressError::BadDomain);
    }
    check_unicode(text)
}

/// A domain at the start of a text.
pub(super) struct Found {
    /// Bytes of the name.
    pub(super) length: usize,
    /// Whether a dot follows. It names the DNS root and is not part of the name.
    pub(super) is_rooted: bool,
}

/// Measures the domain at the start of `bytes`, up to the first byte that cannot belong to it.
///
/// Bytes outside ASCII are accepted here. [`check_unicode`] checks them later, once the text is valid UTF-8.
pub(super) fn scan(bytes: &[u8]) -> Result<Found, AddressError> {
    let mut start = 0;
    loop {
        let rest = &bytes[start..];
        let length = rest.iter().position(|&byte| !IN_LABEL[usize::from(byte)]).unwrap_or(rest.len());
        let label = &rest[..length];
        if label.is_empty() && start > 0 && rest.first() != Some(&b'.') {
            return Ok(Found { length: start - 1, is_rooted: true });
        }
        if label.is_empty() || label.first() == Some(&b'-') || label.last() == Some(&b'-') {
            return Err(AddressError::BadDomain);
        }
        let end = start + length;
        if is_longer(&bytes[..end], MAX_DOMAIN) {
            return Err(AddressError::DomainTooLong);
        }
        if length > MAX_LABEL && label.is_ascii() {
            return Err(AddressError::LabelTooLong);
        }
        if bytes.get(end) != Some(&b'.') {
            return Ok(Found { length: end, is_rooted: false });
        }
        start = end + 1;
    }
}

/// Returns whether a text has more than `most` characters, each counted by its first byte.
fn is_longer(text: &[u8], most: usize) -> bool {
    text.len() > most && text.iter().filter(|&&byte| byte & 0b1100_0000 != 0b1000_0000).count() > most
}

/// Refuses characters outside ASCII that no registry allows and that could mislead a reader, and checks the labels
/// that [`scan`] could not see.
pub(super) fn check_unicode(domain: &str) -> Result<(), AddressError> {
    if domain.is_ascii() {
        return Ok(());
    }
    if domain.chars().any(breaks_lines) {
        return Err(AddressError::ControlCharacter);
    }
    // IDNA refuses ignorable characters (RFC 5892 §2.6), except the two joiners, which some scripts need.
    let is_misleading = |character| is_ignorable(character) && !matches!(character, '\u{200c}' | '\u{200d}');
    if domain.chars().any(|character| character.is_whitespace() || is_misleading(character)) {
        return Err(AddressError::BadDomain);
    }
    domain.split(is_full_stop).try_for_each(check_label)
}

/// Checks a label that may be in UTF-8 or end with a full stop outside ASCII.
fn check_label(label: &str) -> Result<(), AddressError> {
    if label.is_empty() || label.starts_with('-') || label.ends_with('-') {
        return Err(AddressError::BadDomain);
    }
    if is_longer(label.as_bytes(), MAX_LABEL) { Err(AddressError::LabelTooLong) } else { Ok(()) }
}

/// Returns whether a character is a dot or UTS #46 maps it to one.
fn is_full_stop(character: char) -> bool {
    matches!(character, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}')
}

/// The bytes allowed in a label, as a table, which is twice as fast as comparisons.
static IN_LABEL: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    loop {
        table[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | 0x80..);
        if byte == u8::MAX {
            break table;
        }
        byte += 1;
    }
};
