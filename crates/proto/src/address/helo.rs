//! The name by which a client introduces itself.

use std::fmt;
use std::net::Ipv4Addr;
use std::sync::Arc;

use super::AddressError;
use super::domain;
use super::idna;
use super::literal::AddressLiteral;
use crate::characters::breaks_lines;

/// The argument of EHLO, HELO or LHLO (RFC 5321 §4.1.1.1).
///
/// It should be a domain or an address literal, yet RFC 5321 §4.1.4 forbids refusing mail because the name does not
/// check out, and real clients send bare network addresses and worse. So any word of printable characters, of any length,
/// is kept,
/// and [`kind`](Self::kind) tells what it is. It may hold `<`, quotes and the like: escape it wherever it is printed.
///
/// A clone costs a reference count, or two.
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

/// What a client called itself by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeloKind {
    /// A domain name, as it should be.
    Domain,
    /// An address literal, as it should be for hosts without a name.
    Literal(AddressLiteral),
    /// None was said, which only [`HeloName::parse_lenient`] takes. It prints as `unknown`.
    Missing,
    /// Neither: a network address without brackets, or something else that is printable.
    Other,
}

impl HeloName {
    /// Parses what follows the verb. Spaces around the name are dropped.
    ///
    /// # Errors
    ///
    /// [`AddressError::Empty`] without a name, [`AddressError::Whitespace`] for more than one word, [`AddressError::ControlCharacter`] and
    /// [`AddressError::InvalidUtf8`] for what is no text.
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

    /// As [`parse`](Self::parse), but words after the name are dropped, and there may be no name at all: that is
    /// [`HeloKind::Missing`].
    ///
    /// # Errors
    ///
    /// [`AddressError::ControlCharacter`] and [`AddressError::InvalidUtf8`], also for what is dropped, and
    /// [`AddressError::Whitespace`] for a name with white space that is not a space.
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
                let mut words = argument.split(|&octet| octet == b' ').filter(|word| !word.is_empty());
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
        // Most are, and then no character has to be looked up in the tables of Unicode.
        let is_plain = text.bytes().fold(true, |so_far, octet| so_far & octet.is_ascii_graphic());
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

    /// The name as the client wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the name is the domain `domain`, in any case and in UTF-8 or in `xn--` form, as
    /// [`same_domain`](super::same_domain) has it.
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

    /// What the name is.
    #[must_use]
    pub fn kind(&self) -> &HeloKind {
        &self.kind
    }
}

/// A domain without the dot that may end it.
fn without_root(domain: &str) -> &str {
    domain.strip_suffix('.').unwrap_or(domain)
}

impl HeloKind {
    fn of(text: &str) -> Self {
        if text.starts_with('[')
            && let Ok(literal) = AddressLiteral::parse(text)
        {
            Self::Literal(literal)
        } else if text.parse::<Ipv4Addr>().is_err() && domain::check(without_root(text)).is_ok() {
            // The grammar of a domain admits four numbers too, but no such name exists.
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
