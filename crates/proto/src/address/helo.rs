//! The name that a client gives in its greeting.

use std::fmt;
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::AddressError;
use super::domain_syntax;
use super::idna;
use super::literal::AddressLiteral;
use crate::characters::breaks_lines;

/// The argument of EHLO, HELO or LHLO (RFC 5321 §4.1.1.1).
///
/// It should be a domain or an address literal. RFC 5321 §4.1.4 forbids refusing mail over a wrong name, and real
/// clients send bare network addresses and worse. So any word of printable characters is accepted, and
/// [`kind`](Self::kind) tells its kind. It may hold `<`, quotes and similar characters: escape it when you print it.
///
/// A clone costs one or two reference counts.
///
/// # Examples
///
/// ```
/// use mailchute_proto::{AddressError, HeloKind, HeloName};
///
/// assert_eq!(HeloName::parse(b"mail.example.org")?.kind(), &HeloKind::Domain);
/// assert_eq!(HeloName::parse(b"192.0.2.1")?.kind(), &HeloKind::Other);
/// assert_eq!(HeloName::parse(b"my computer"), Err(AddressError::Whitespace));
/// # Ok::<(), AddressError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HeloName {
    text: Arc<str>,
    kind: HeloKind,
}

/// The kind of name that a client gave.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeloKind {
    /// A domain name, as it should be.
    Domain,
    /// An address literal, as it should be for hosts without a name.
    Literal(AddressLiteral),
    /// No name, which only [`HeloName::parse_lenient`] accepts. `Display` writes `unknown`.
    Missing,
    /// Anything else that is printable, such as a network address without brackets.
    Other,
}

impl HeloName {
    /// Parses what follows the verb. Spaces around the name are dropped.
    ///
    /// # Errors
    ///
    /// Returns [`AddressError::Empty`] without a name, [`AddressError::Whitespace`] for more than one word, and
    /// [`AddressError::ControlCharacter`] or [`AddressError::InvalidUtf8`] for invalid text.
    ///
    /// ```
    /// use mailchute_proto::{AddressError, HeloName};
    ///
    /// assert_eq!(HeloName::parse(b"mail.example.org ")?.as_str(), "mail.example.org");
    /// assert_eq!(HeloName::parse(b""), Err(AddressError::Empty));
    /// assert_eq!(HeloName::parse(b"mail\0"), Err(AddressError::ControlCharacter));
    /// # Ok::<(), AddressError>(())
    /// ```
    pub fn parse(argument: &[u8]) -> Result<Self, AddressError> {
        Self::parse_text(argument).map_err(|error| error.or_worse(argument))
    }

    /// Parses like [`parse`](Self::parse), but drops words after the name. The name may be missing: that is
    /// [`HeloKind::Missing`].
    ///
    /// # Errors
    ///
    /// Returns [`AddressError::ControlCharacter`] or [`AddressError::InvalidUtf8`], also for dropped words, and
    /// [`AddressError::Whitespace`] for a name with white space other than a space.
    ///
    /// ```
    /// use mailchute_proto::{AddressError, HeloKind, HeloName};
    ///
    /// assert_eq!(HeloName::parse_lenient(b"my computer")?.as_str(), "my");
    /// assert_eq!(HeloName::parse_lenient(b"")?.kind(), &HeloKind::Missing);
    /// assert_eq!(HeloName::parse_lenient(b"my com\0puter"), Err(AddressError::ControlCharacter));
    /// # Ok::<(), AddressError>(())
    /// ```
    pub fn parse_lenient(argument: &[u8]) -> Result<Self, AddressError> {
        match Self::parse(argument) {
            Err(AddressError::Empty) => Ok(Self { text: Arc::from("unknown"), kind: HeloKind::Missing }),
            Err(AddressError::Whitespace) => {
                let mut words = argument.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
                Self::parse(words.next().unwrap_or_default())
            }
            judged => judged,
        }
    }

    fn parse_text(argument: &[u8]) -> Result<Self, AddressError> {
        let text = std::str::from_utf8(argument).map_err(|_| AddressError::InvalidUtf8)?.trim_matches(' ');
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        // Most names are ASCII, which needs no Unicode tables.
        let is_plain = text.bytes().fold(true, |so_far, byte| so_far & byte.is_ascii_graphic());
        if !is_plain {
            if text.chars().any(breaks_lines) {
                return Err(AddressError::ControlCharacter);
            }
            if text.contains(char::is_whitespace) {
                return Err(AddressError::Whitespace);
            }
        }
        Ok(Self { text: Arc::from(text), kind: HeloKind::of(text) })
    }

    /// Returns the name as the client wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns whether the name is the domain `domain`, compared as [`same_domain`](super::same_domain) does: in any
    /// case, in UTF-8 or in `xn--` form.
    ///
    /// ```
    /// use mailchute_proto::HeloName;
    ///
    /// assert!(HeloName::parse(b"MX.xn--bcher-kva.example")?.domain_is("mx.bücher.example"));
    /// # Ok::<(), mailchute_proto::AddressError>(())
    /// ```
    #[must_use]
    pub fn domain_is(&self, domain: &str) -> bool {
        idna::same_domain(without_root(&self.text), without_root(domain))
    }

    /// Returns the kind of the name.
    #[must_use]
    pub fn kind(&self) -> &HeloKind {
        &self.kind
    }
}

/// Removes the dot that may end a domain.
fn without_root(domain: &str) -> &str {
    domain.strip_suffix('.').unwrap_or(domain)
}

impl HeloKind {
    fn of(text: &str) -> Self {
        if text.starts_with('[')
            && let Ok(literal) = AddressLiteral::parse(text)
        {
            Self::Literal(literal)
        } else if text.parse::<Ipv4Addr>().is_err() && domain_syntax::check(without_root(text)).is_ok() {
            // The grammar of a domain also allows four numbers, but no such domain exists.
            Self::Domain
        } else {
            Self::Other
        }
    }
}

impl fmt::Display for HeloName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl AsRef<str> for HeloName {
    fn as_ref(&self) -> &str {
        &self.text
    }
}
