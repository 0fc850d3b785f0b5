//! Address literals: network addresses of hosts in square brackets.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;

use super::AddressError;
use super::domain_syntax::MAX_DOMAIN;

const IPV6_TAG: &str = "IPv6";

/// An address literal (RFC 5321 §4.1.3).
///
/// `Display` writes the RFC's form, with brackets and the canonical spelling of the address.
///
/// # Examples
///
/// ```
/// use mailchute_proto::{AddressError, AddressLiteral};
///
/// let literal = AddressLiteral::parse("[ipv6:2001:DB8:0:0::1]")?;
/// assert_eq!(literal.to_string(), "[IPv6:2001:db8::1]");
/// assert_eq!(literal.ip(), Some("2001:db8::1".parse().unwrap()));
/// # Ok::<(), AddressError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AddressLiteral {
    /// `[192.0.2.1]`
    Ipv4(Ipv4Addr),
    /// `[IPv6:2001:db8::1]`
    Ipv6(Ipv6Addr),
    /// `[tag:content]`, with an unregistered tag.
    General(GeneralLiteral),
}

impl AddressLiteral {
    /// Parses a literal, which begins with `[` and ends with `]`.
    ///
    /// The numbers of an IPv4 literal are decimal, even with leading zeros.
    ///
    /// # Errors
    ///
    /// Returns [`AddressError::BadLiteral`] if it has none of the three forms, [`AddressError::DomainTooLong`] past
    /// 255 bytes, [`AddressError::Empty`] for an empty text, and [`AddressError::ControlCharacter`] for a control
    /// character anywhere.
    ///
    /// ```
    /// use mailchute_proto::{AddressError, AddressLiteral};
    ///
    /// assert!(AddressLiteral::parse("[192.0.2.1]").is_ok());
    /// assert_eq!(AddressLiteral::parse("[192.0.2.256]"), Err(AddressError::BadLiteral));
    /// ```
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        Form::parse(text).map(Self::from).map_err(|error| error.or_worse(text.as_bytes()))
    }

    /// Returns the network address, unless the literal is of an unknown kind.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ipv4(address) => Some(IpAddr::V4(*address)),
            Self::Ipv6(address) => Some(IpAddr::V6(*address)),
            Self::General(_) => None,
        }
    }
}

impl From<Form<'_>> for AddressLiteral {
    fn from(form: Form<'_>) -> Self {
        match form {
            Form::Ipv4(address) => Self::Ipv4(address),
            Form::Ipv6(address) => Self::Ipv6(address),
            Form::General { text, colon } => Self::General(GeneralLiteral { text: Arc::from(text), colon }),
        }
    }
}

impl From<IpAddr> for AddressLiteral {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::Ipv4(address),
            IpAddr::V6(address) => Self::Ipv6(address),
        }
    }
}

impl fmt::Display for AddressLiteral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ipv4(address) => write!(f, "[{address}]"),
            Self::Ipv6(address) => write!(f, "[{IPV6_TAG}:{address}]"),
            Self::General(general) => write!(f, "[{}]", general.text),
        }
    }
}

impl FromStr for AddressLiteral {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// A literal of a kind that this library does not know (RFC 5321 §4.1.3, `General-address-literal`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GeneralLiteral {
    /// The text between the brackets.
    text: Arc<str>,
    /// The end of the tag in `text`.
    colon: usize,
}

impl GeneralLiteral {
    /// Returns the text before the colon: letters, digits and hyphens.
    #[must_use]
    pub fn tag(&self) -> &str {
        &self.text[..self.colon]
    }

    /// Returns the text after the colon: printable ASCII without brackets and backslashes.
    #[must_use]
    pub fn content(&self) -> &str {
        &self.text[self.colon + 1..]
    }
}

/// A literal that borrows its text, to check it without allocation.
pub(super) enum Form<'a> {
    Ipv4(Ipv4Addr),
    Ipv6(Ipv6Addr),
    General { text: &'a str, colon: usize },
}

impl<'a> Form<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, AddressError> {
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        if text.len() > MAX_DOMAIN {
            return Err(AddressError::DomainTooLong);
        }
        text.strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'))
            .and_then(Self::parse_inside)
            .ok_or(AddressError::BadLiteral)
    }

    fn parse_inside(text: &'a str) -> Option<Self> {
        let Some((tag, content)) = text.split_once(':') else {
            return parse_ipv4(text).map(Self::Ipv4);
        };
        if tag.eq_ignore_ascii_case(IPV6_TAG) {
            return content.parse().ok().map(Self::Ipv6);
        }
        let tag_is_ldh = tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let content_is_dcontent = content.bytes().all(|byte| matches!(byte, 33..=90 | 94..=126));
        let complete = !tag.is_empty() && !tag.ends_with('-') && !content.is_empty();
        (complete && tag_is_ldh && content_is_dcontent).then_some(Self::General { text, colon: tag.len() })
    }
}

/// Parses four numbers of one to three digits. The standard library refuses leading zeros, which RFC 5321 allows and
/// defines as decimal.
fn parse_ipv4(text: &str) -> Option<Ipv4Addr> {
    let mut bytes = [0; 4];
    let mut numbers = text.split('.');
    for byte in &mut bytes {
        let number = numbers.next()?;
        if !matches!(number.len(), 1..=3) || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *byte = number.parse().ok()?;
    }
    numbers.next().is_none().then_some(Ipv4Addr::from(bytes))
}
