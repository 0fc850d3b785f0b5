//! Mailboxes: `local-part@domain`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::AddressError;
use super::domain_syntax;
use super::idna;
use super::literal::{AddressLiteral, Form};
use crate::characters::breaks_lines;

/// An address, `local-part@domain` (RFC 5321 §4.1.2, RFC 6531 §3.3), as the client wrote it, without a dot at the end
/// of the domain.
///
/// The local part is atoms joined by dots, or a quoted string. The domain is a [`Domain`](super::Domain) or an
/// [`AddressLiteral`]. The address holds no control character, no line break, and no space outside quotes. It may
/// hold characters that are special to a shell, a database or a file system. Never use it as a path.
///
/// Only the domain has a length limit. RFC 5321 §4.5.3.1 requires no others, and bounce addresses (VERP, SRS, BATV)
/// exceed the sizes that it lists. In a session the command line limit applies.
///
/// Two mailboxes are equal if every byte is. RFC 5321 §2.4 leaves the case of the local part to its host. To compare
/// domains use [`domain_is`](Self::domain_is), and to look up an address [`lookup_key`](Self::lookup_key). A clone costs a reference count.
///
/// # Examples
///
/// ```
/// use mailchute_proto::{AddressError, Mailbox};
///
/// let mailbox = Mailbox::parse(r#""John Doe"@Example.org"#)?;
/// assert_eq!(mailbox.local_part(), r#""John Doe""#);
/// assert_eq!(mailbox.unquoted_local_part(), "John Doe");
/// assert_eq!(mailbox.domain(), "Example.org");
/// assert!(mailbox.domain_is("example.org"));
///
/// assert_eq!(Mailbox::parse("John Doe@example.org"), Err(AddressError::BadLocalPart));
/// # Ok::<(), AddressError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mailbox {
    text: Arc<str>,
    /// The position in `text` of the `@` before the domain. A quoted local part may hold others.
    at: usize,
}

impl Mailbox {
    /// Parses an address without angle brackets, source route or surrounding text.
    ///
    /// # Errors
    ///
    /// Returns the [`AddressError`] that names the fault. [`AddressError::ControlCharacter`] comes first.
    ///
    /// ```
    /// use mailchute_proto::{AddressError, Mailbox};
    ///
    /// assert!(Mailbox::parse("user@[192.0.2.1]").is_ok());
    /// assert_eq!(Mailbox::parse("user"), Err(AddressError::MissingDomain));
    /// assert_eq!(Mailbox::parse("user\r\n@example.org"), Err(AddressError::ControlCharacter));
    /// ```
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        Self::parse_whole(text.as_bytes()).map_err(|error| error.or_worse(text.as_bytes()))
    }

    fn parse_whole(bytes: &[u8]) -> Result<Self, AddressError> {
        let (mailbox, length) = Self::parse_prefix(bytes)?;
        if length == bytes.len() { Ok(mailbox) } else { Err(AddressError::BadDomain) }
    }

    /// Parses the address at the start of `bytes`, up to the first byte that cannot belong to it, and returns its
    /// length.
    pub(super) fn parse_prefix(bytes: &[u8]) -> Result<(Self, usize), AddressError> {
        let at = scan_local_part(bytes)?;
        let domain = &bytes[at + 1..];
        let domain_syntax::Found { length, is_rooted } = match domain.first() {
            Some(b'[') => domain_syntax::Found { length: scan_literal(domain)?, is_rooted: false },
            _ => domain_syntax::scan(domain)?,
        };
        let end = at + 1 + length;
        let text = std::str::from_utf8(&bytes[..end]).map_err(|_| AddressError::InvalidUtf8)?;
        if !text.is_ascii() {
            if text.chars().any(breaks_lines) {
                return Err(AddressError::ControlCharacter);
            }
            domain_syntax::check_unicode(&text[at + 1..])?;
        }
        Ok((Self { text: Arc::from(text), at }, end + usize::from(is_rooted)))
    }

    /// Returns the address as the client wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the local part as the client wrote it, with quotes and backslashes.
    #[must_use]
    pub fn local_part(&self) -> &str {
        &self.text[..self.at]
    }

    /// Returns the local part without quotes and backslashes.
    ///
    /// `"john.doe"` and `john.doe` are the same mailbox (RFC 5321 §4.1.2). To look up an address use
    /// [`lookup_key`](Self::lookup_key).
    ///
    /// ```
    /// use mailchute_proto::Mailbox;
    ///
    /// let mailbox = Mailbox::parse(r#""a\"b@c"@example.org"#)?;
    /// assert_eq!(mailbox.unquoted_local_part(), "a\"b@c");
    /// # Ok::<(), mailchute_proto::AddressError>(())
    /// ```
    #[must_use]
    pub fn unquoted_local_part(&self) -> Cow<'_, str> {
        let local_part = self.local_part();
        let Some(quoted) = local_part.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else {
            return Cow::Borrowed(local_part);
        };
        if !quoted.contains('\\') {
            return Cow::Borrowed(quoted);
        }
        let mut unquoted = String::with_capacity(quoted.len());
        let mut characters = quoted.chars();
        while let Some(character) = characters.next() {
            // A backslash escapes the next character, and the parser checked that there is one.
            unquoted.extend(if character == '\\' { characters.next() } else { Some(character) });
        }
        Cow::Owned(unquoted)
    }

    /// Returns the domain as the client wrote it, or an address literal with its brackets.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// Returns the domain in A-labels (RFC 5890 §2.3.2.1), like [`Domain::to_ascii`](super::Domain::to_ascii).
    #[must_use]
    pub fn domain_to_ascii(&self) -> Cow<'_, str> {
        idna::to_ascii(self.domain())
    }

    /// Returns whether the domain is `domain`, compared as [`same_domain`](super::same_domain) does: in any case, in
    /// UTF-8 or in `xn--` form.
    ///
    /// ```
    /// use mailchute_proto::Mailbox;
    ///
    /// let mailbox = Mailbox::parse("user@BÜCHER.example")?;
    /// assert!(mailbox.domain_is("xn--bcher-kva.example"));
    /// # Ok::<(), mailchute_proto::AddressError>(())
    /// ```
    #[must_use]
    pub fn domain_is(&self, domain: &str) -> bool {
        idna::same_domain(self.domain(), domain)
    }

    /// Returns the network address, if one replaces the domain.
    #[must_use]
    pub fn address_literal(&self) -> Option<AddressLiteral> {
        let domain = self.domain();
        domain.starts_with('[').then(|| Form::parse(domain).ok().map(AddressLiteral::from)).flatten()
    }

    /// Returns whether the address is ASCII, so that it needs no SMTPUTF8 (RFC 6531).
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.text.is_ascii()
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl AsRef<str> for Mailbox {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl FromStr for Mailbox {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// Measures the local part at the start of `bytes` and checks that an `@` follows.
fn scan_local_part(bytes: &[u8]) -> Result<usize, AddressError> {
    let length = match bytes.first() {
        None => return Err(AddressError::Empty),
        Some(b'"') => scan_quoted_string(bytes).ok_or(AddressError::BadLocalPart)?,
        Some(_) => scan_dot_string(bytes).ok_or(AddressError::BadLocalPart)?,
    };
    match bytes.get(length) {
        Some(b'@') => Ok(length),
        None | Some(b'>') => Err(AddressError::MissingDomain),
        Some(_) => Err(AddressError::BadLocalPart),
    }
}

/// Measures a `Dot-string`: atoms joined by single dots.
fn scan_dot_string(bytes: &[u8]) -> Option<usize> {
    let mut after_dot = true;
    for (index, &byte) in bytes.iter().enumerate() {
        if ATEXT[usize::from(byte)] {
            after_dot = false;
        } else if after_dot {
            return None;
        } else if byte == b'.' {
            after_dot = true;
        } else {
            return Some(index);
        }
    }
    (!after_dot).then_some(bytes.len())
}

/// Measures a `Quoted-string` with both quotes. `bytes` begins with the first.
pub(super) fn scan_quoted_string(bytes: &[u8]) -> Option<usize> {
    let mut index = 1;
    loop {
        match bytes.get(index)? {
            b'"' => return Some(index + 1),
            b'\\' if matches!(bytes.get(index + 1)?, 32..=126) => index += 2,
            b'\\' | 0..=31 | 127 => return None,
            _ => index += 1,
        }
    }
}

/// Measures an address literal with its brackets. `bytes` begins with the first.
fn scan_literal(bytes: &[u8]) -> Result<usize, AddressError> {
    let end = memchr::memchr(b']', bytes).ok_or(AddressError::BadLiteral)?;
    let literal = std::str::from_utf8(&bytes[..=end]).map_err(|_| AddressError::BadLiteral)?;
    Form::parse(literal)?;
    Ok(literal.len())
}

/// `atext` of RFC 5322 §3.2.3 with `UTF8-non-ascii` of RFC 6531 §3.3.
pub(super) static ATEXT: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    loop {
        table[byte as usize] = byte.is_ascii_alphanumeric()
            || byte >= 0x80
            || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'/' | b'=' | b'?' | b'^'..=b'`' | b'{'..=b'~');
        if byte == u8::MAX {
            break table;
        }
        byte += 1;
    }
};
