//! A header field that a client sent, or that is added to a message.

use std::borrow::Cow;
use std::fmt;

use bytes::{Bytes, BytesMut};

/// The longest line of a message, without its CRLF (RFC 5322 §2.1.1).
const LONGEST_LINE: usize = 998;

/// The longest name in bytes, with the white space before its colon. A line has no room for more.
pub(super) const LONGEST_NAME: usize = LONGEST_LINE;

/// The name of the field that a line of an mbox file becomes, as in Postfix.
pub(super) const MAILBOX_LINE: &str = "X-Mailbox-Line";

/// The name of a header field. It equals a text regardless of case (RFC 5322 §1.2.2).
///
/// ```
/// use mailchute::message::FieldName;
///
/// assert!(FieldName::from("SUBJECT") == "Subject");
/// assert!(FieldName::from("X-Spam").has_prefix("x-"));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct FieldName<'a>(&'a str);

impl<'a> FieldName<'a> {
    /// Returns the name as it is written.
    #[must_use]
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// Returns whether the name begins with `prefix`, regardless of case.
    #[must_use]
    pub fn has_prefix(self, prefix: &str) -> bool {
        self.0
            .as_bytes()
            .get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
    }
}

impl<'a> From<&'a str> for FieldName<'a> {
    fn from(name: &'a str) -> Self {
        Self(name)
    }
}

impl PartialEq for FieldName<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(other.0)
    }
}

impl Eq for FieldName<'_> {}

impl PartialEq<str> for FieldName<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl PartialEq<&str> for FieldName<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl fmt::Display for FieldName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// One field of a message's [header](super::Header).
#[derive(Clone, PartialEq, Eq)]
pub struct Field {
    /// The field without its final CRLF. Lines within it end with CRLF.
    text: Bytes,
    name: usize,
    colon: usize,
}

impl Field {
    /// Returns a field of the client. The parser has found its name and colon.
    pub(crate) fn received(text: Bytes, name: usize, colon: usize) -> Self {
        Self { text, name, colon }
    }

    /// Returns a field to be added to a message.
    pub(crate) fn new(name: &str, value: &str) -> Result<Self, EditError> {
        if name.is_empty() || name.len() >= LONGEST_LINE || !name.bytes().all(is_of_name) {
            return Err(EditError::Name { name: name.into() });
        }
        check(name, value)?;
        let space = if value.is_empty() || value.starts_with([' ', '\t', '\r']) { "" } else { " " };
        let text = folded(&format!("{name}:{space}{value}"));
        let text = text.ok_or_else(|| EditError::LineTooLong { name: name.into() })?;
        Ok(Self { text: text.into(), name: name.len(), colon: name.len() })
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> FieldName<'_> {
        // The name of a field is printable ASCII.
        FieldName(str::from_utf8(&self.text[..self.name]).unwrap_or_default())
    }

    /// Returns the value without the white space at both ends. Its lines are unfolded (RFC 5322 §2.2.3).
    /// Bytes that are not UTF-8 are shown as `U+FFFD`. Encoded words (RFC 2047) are not decoded.
    #[must_use]
    pub fn value(&self) -> Cow<'_, str> {
        let value = String::from_utf8_lossy(self.raw_value().trim_ascii());
        if value.contains("\r\n") { value.replace("\r\n", "").into() } else { value }
    }

    /// Returns the bytes between the colon and the CRLF that ends the field.
    #[must_use]
    pub fn raw_value(&self) -> &[u8] {
        &self.text[self.colon + 1..]
    }

    /// Returns the whole field without the CRLF that ends it. Its lines end with CRLF, whatever the client
    /// sent.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.text
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.text.escape_ascii())
    }
}

/// Writes fields, each ended by CRLF.
pub(crate) fn write<'f>(text: &mut BytesMut, fields: impl IntoIterator<Item = &'f Field>) {
    for field in fields {
        text.extend_from_slice(field.raw());
        text.extend_from_slice(b"\r\n");
    }
}

/// Returns whether a name may have this byte (RFC 5322 §2.2).
pub(crate) fn is_of_name(byte: u8) -> bool {
    matches!(byte, b'!'..=b'9' | b';'..=b'~')
}

/// Refuses a value that would end its field, or the header.
fn check(name: &str, value: &str) -> Result<(), EditError> {
    for (number, line) in value.split("\r\n").enumerate() {
        let is_continuation = line.starts_with([' ', '\t']) && !line.trim_ascii().is_empty();
        if number > 0 && !is_continuation {
            return Err(EditError::Fold { name: name.into() });
        }
        if let Some(character) = line.chars().find(|c| c.is_control() && *c != '\t') {
            return Err(EditError::Control { name: name.into(), character });
        }
    }
    Ok(())
}

/// Folds too long lines before white space. Returns `None` if a line cannot be folded.
fn folded(text: &str) -> Option<String> {
    let mut folded = String::with_capacity(text.len());
    for line in text.split_inclusive("\r\n") {
        let mut line = line;
        while line.trim_end_matches("\r\n").len() > LONGEST_LINE {
            let head = &line.as_bytes()[..=LONGEST_LINE];
            // A fold needs text before and after the white space, or it would make an empty line.
            let begins = head.iter().position(|byte| !byte.is_ascii_whitespace())?;
            let at = head.iter().rposition(|byte| matches!(byte, b' ' | b'\t')).filter(|at| *at > begins)?;
            if line[at..].trim_ascii().is_empty() {
                return None;
            }
            let (head, rest) = line.split_at(at);
            folded.push_str(head);
            folded.push_str("\r\n");
            line = rest;
        }
        folded.push_str(line);
    }
    Some(folded)
}

/// An error that keeps a field out of a message, or a message out of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EditError {
    /// The name of a field is not printable ASCII without spaces and colons (RFC 5322 §2.2).
    Name {
        /// The name.
        name: String,
    },
    /// A value has a control character: a bare CR or LF, or a NUL.
    Control {
        /// The name of the field.
        name: String,
        /// The character.
        character: char,
    },
    /// A line of a value after the first does not begin with white space, or has nothing else.
    Fold {
        /// The name of the field.
        name: String,
    },
    /// A line has more than 998 bytes (RFC 5322 §2.1.1) and no white space to fold it at.
    LineTooLong {
        /// The name of the field.
        name: String,
    },
    /// The name of a directory has characters other than letters, digits, spaces, `-`, `_`, and `/` between its parts.
    Directory {
        /// The name.
        name: String,
    },
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { name } => write!(
                f,
                "{name:?} cannot be the name of a header field; write 1 to 997 printable ASCII characters without \
                 spaces and colons, such as \"X-Spam\""
            ),
            Self::Control { name, character } => write!(
                f,
                "the value of the field {name} has the control character {character:?}; leave it out, and write \
                 \"\\r\\n \" where a line is to be folded"
            ),
            Self::Fold { name } => write!(
                f,
                "the value of the field {name} has a line that does not continue it; begin each line after \"\\r\\n\" \
                 with a space or tab and some text, and end the value without \"\\r\\n\""
            ),
            Self::LineTooLong { name } => write!(
                f,
                "the value of the field {name} has a line of more than 998 bytes without a space; fold it by \"\\r\\n \""
            ),
            Self::Directory { name } => write!(
                f,
                "{name:?} cannot be the name of a directory; write letters, digits, spaces, '-' and '_', with '/' \
                 between parts, such as \"Lists/rust\""
            ),
        }
    }
}

impl std::error::Error for EditError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str, value: &str) -> Result<String, EditError> {
        Field::new(name, value).map(|field| String::from_utf8_lossy(field.raw()).into_owned())
    }

    #[test]
    fn writes_name_and_value_as_a_field() {
        for (value, expected) in [
            ("yes", "X: yes"),
            ("", "X:"),
            (" yes", "X: yes"),
            ("\tyes", "X:\tyes"),
            ("\r\n yes", "X:\r\n yes"),
            ("a\r\n b\r\n\tc", "X: a\r\n b\r\n\tc"),
            ("grün", "X: grün"),
            ("a: b", "X: a: b"),
        ] {
            assert_eq!(text("X", value).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn refuses_a_value_that_would_end_the_field() {
        let control = |character| EditError::Control { name: "X".into(), character };
        let fold = || EditError::Fold { name: "X".into() };
        for (value, error) in [
            ("a\nB: c", control('\n')),
            ("a\n b", control('\n')),
            ("a\rB: c", control('\r')),
            ("a\r", control('\r')),
            ("a\r\r\n b", control('\r')),
            ("a\0", control('\0')),
            ("a\u{85}b", control('\u{85}')),
            ("a\r\nB: c", fold()),
            ("a\r\n", fold()),
            ("\r\n", fold()),
            ("a\r\n ", fold()),
            ("a\r\n \t\r\n b", fold()),
            ("a\r\n\r\nb", fold()),
            ("a\r\n\r\n b", fold()),
        ] {
            assert_eq!(text("X", value), Err(error), "{value:?}");
        }
    }

    #[test]
    fn refuses_a_name_that_is_not_one() {
        let long = "N".repeat(998);
        for name in ["", "X Y", "X:", "X\r\nY", "Ünknown", "X\t", "X\u{7f}", &long] {
            assert_eq!(text(name, "a"), Err(EditError::Name { name: name.into() }), "{name:?}");
        }
    }

    #[test]
    fn folds_a_line_that_is_too_long_or_refuses_it() {
        let words = "word ".repeat(500);
        let folded = text("X", words.trim_end()).unwrap_or_default();
        assert!(
            folded.split("\r\n").all(|line| line.len() <= 998 && !line.trim_ascii().is_empty()),
            "{folded}"
        );
        assert_eq!(folded.replace("\r\n", ""), format!("X: {}", words.trim_end()));
        let just = "w".repeat(995);
        assert_eq!(text("X", &just), Ok(format!("X: {just}")));
        for value in
            ["w".repeat(996), format!("{}\r\n {}", "w".repeat(10), "w".repeat(998)), format!("{just} ")]
        {
            let refused = text("X", &value);
            let fits = refused.as_ref().is_ok_and(|text| text.split("\r\n").all(|line| line.len() <= 998));
            assert!(refused == Err(EditError::LineTooLong { name: "X".into() }) || fits, "{refused:?}");
        }
    }
}
