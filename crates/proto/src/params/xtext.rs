//! xtext, the encoding of parameter values (RFC 3461 §4), and its variant for UTF-8.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use crate::characters::breaks_lines;

/// The error for a text that is not xtext.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum XtextError {
    /// A `+` without two hexadecimal digits in upper case, or a `\x{…}` that names no character.
    BadEscape,
    /// An unencoded character that must be encoded: a space, `=`, or, in plain xtext, one outside ASCII.
    BadCharacter,
    /// The decoded text holds a control character or a line separator. Only attacks use them.
    ControlCharacter,
    /// The decoded text is not UTF-8.
    InvalidUtf8,
}

impl fmt::Display for XtextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadEscape => "an escape sequence is malformed",
            Self::BadCharacter => "a character should have been encoded",
            Self::ControlCharacter => "an encoded control character is not allowed",
            Self::InvalidUtf8 => "the decoded text is not valid UTF-8",
        })
    }
}

impl Error for XtextError {}

/// Decodes xtext (RFC 3461 §4): `+` and two hexadecimal digits encode a byte.
///
/// It allocates nothing if nothing is encoded.
///
/// # Errors
///
/// Returns the [`XtextError`] that tells the cause. A decoded text never holds a control character.
///
/// # Examples
///
/// ```
/// use mailchute_proto::{XtextError, decode_xtext};
///
/// assert_eq!(decode_xtext("e+3Dmc2@example.com")?, "e=mc2@example.com");
/// assert_eq!(decode_xtext("no+3d"), Err(XtextError::BadEscape));
/// assert_eq!(decode_xtext("two+0D+0Alines"), Err(XtextError::ControlCharacter));
/// # Ok::<(), XtextError>(())
/// ```
pub fn decode_xtext(text: &str) -> Result<Cow<'_, str>, XtextError> {
    if text.bytes().any(|byte| !byte.is_ascii_graphic() || byte == b'=') {
        let control = text.chars().any(breaks_lines);
        return Err(if control { XtextError::ControlCharacter } else { XtextError::BadCharacter });
    }
    if !text.contains('+') {
        return Ok(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => {
                let high = rest.next().and_then(hex_value).ok_or(XtextError::BadEscape)?;
                let low = rest.next().and_then(hex_value).ok_or(XtextError::BadEscape)?;
                high << 4 | low
            }
            byte => byte,
        });
    }
    if bytes.iter().any(u8::is_ascii_control) {
        return Err(XtextError::ControlCharacter);
    }
    let decoded = String::from_utf8(bytes).map_err(|_| XtextError::InvalidUtf8)?;
    refuse_controls(decoded).map(Cow::Owned)
}

/// Encodes a text as xtext (RFC 3461 §4). Each byte of a character outside ASCII is encoded.
///
/// It allocates nothing if nothing needs encoding.
///
/// # Examples
///
/// ```
/// use mailchute_proto::encode_xtext;
///
/// assert_eq!(encode_xtext("e=mc2@example.com"), "e+3Dmc2@example.com");
/// assert_eq!(encode_xtext("two words"), "two+20words");
/// ```
#[must_use]
pub fn encode_xtext(text: &str) -> Cow<'_, str> {
    let stands_for_itself = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'+' | b'=');
    if text.bytes().all(stands_for_itself) {
        return Cow::Borrowed(text);
    }
    let mut encoded = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        if stands_for_itself(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('+');
            encoded.push(hex_digit(byte >> 4));
            encoded.push(hex_digit(byte & 0xf));
        }
    }
    Cow::Owned(encoded)
}

/// Decodes `utf-8-enc-addr` (RFC 6533 §3): `\x{…}` encodes a character. Any other character except `=` stays as it
/// is.
pub(super) fn decode_utf8_address(text: &str) -> Result<String, XtextError> {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let (character, length) = match character {
            '\\' => decode_embedded(rest).ok_or(XtextError::BadEscape)?,
            '=' => return Err(XtextError::BadCharacter),
            character if character.is_whitespace() => return Err(XtextError::BadCharacter),
            character => (character, character.len_utf8()),
        };
        decoded.push(character);
        rest = &rest[length..];
    }
    refuse_controls(decoded)
}

/// Encodes an address as `utf-8-addr-xtext` (RFC 6533 §3), which is ASCII.
pub(super) fn encode_utf8_address(address: &str) -> Cow<'_, str> {
    let stands_for_itself = |c: char| c.is_ascii_graphic() && !matches!(c, '+' | '=' | '\\');
    if address.chars().all(stands_for_itself) {
        return Cow::Borrowed(address);
    }
    let mut encoded = String::with_capacity(address.len() * 2);
    for c in address.chars() {
        if stands_for_itself(c) {
            encoded.push(c);
        } else {
            encoded.push_str(&format!("\\x{{{:02X}}}", u32::from(c)));
        }
    }
    Cow::Owned(encoded)
}

/// Reads the `\x{…}` at the start of `text`: the character and the length of its encoding.
fn decode_embedded(text: &str) -> Option<(char, usize)> {
    let (digits, _) = text.strip_prefix("\\x{")?.split_once('}')?;
    if !matches!(digits.len(), 2..=6) {
        return None;
    }
    let number =
        digits.bytes().try_fold(0, |number, digit| Some(number << 4 | u32::from(hex_value(digit)?)))?;
    Some((char::from_u32(number)?, "\\x{}".len() + digits.len()))
}

fn refuse_controls(text: String) -> Result<String, XtextError> {
    if text.chars().any(breaks_lines) { Err(XtextError::ControlCharacter) } else { Ok(text) }
}

/// Reads a hexadecimal digit. The RFC allows only upper case, so that a byte has one encoding.
fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn hex_digit(value: u8) -> char {
    char::from(if value < 10 { b'0' + value } else { b'A' + value - 10 })
}
