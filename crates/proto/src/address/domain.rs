//! Domain names in addresses.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use super::domain_syntax::check;
use super::{AddressError, idna};

/// A domain name: labels of letters, digits and hyphens, joined by dots (RFC 5321 §4.1.2).
///
/// It has at most 255 characters and each label at most 63. No label is empty or has a hyphen at either end.
/// Underscores are tolerated, as real hosts have them. Labels outside ASCII (RFC 6531 §3.3) are accepted unless they
/// hold white space, direction marks or invisible characters. The limits of DNS apply to the `xn--` form, which is
/// often shorter than UTF-8, so characters are counted. The full stops U+3002, U+FF0E and U+FF61 separate labels like
/// a dot.
///
/// Domains are compared by [`same_domain`](super::same_domain): in any case, in UTF-8 or in `xn--` form. A clone
/// costs a reference count.
///
/// # Examples
///
/// ```
/// use mailchute_proto::{AddressError, Domain};
///
/// let domain = Domain::parse("Example.ORG")?;
/// assert_eq!(domain.as_str(), "Example.ORG");
/// assert_eq!(domain, Domain::parse("example.org")?);
/// assert_eq!(Domain::parse("bücher.example")?, Domain::parse("xn--bcher-kva.example")?);
///
/// assert_eq!(Domain::parse("example..org"), Err(AddressError::BadDomain));
/// # Ok::<(), AddressError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Domain(Arc<str>);

impl Domain {
    /// Parses a domain name without surrounding text.
    ///
    /// # Errors
    ///
    /// Returns [`AddressError::BadDomain`], [`AddressError::LabelTooLong`] or [`AddressError::DomainTooLong`] as
    /// named, [`AddressError::Empty`] for an empty text, and [`AddressError::ControlCharacter`] for a control
    /// character anywhere.
    ///
    /// ```
    /// use mailchute_proto::{AddressError, Domain};
    ///
    /// assert!(Domain::parse("mail.example.org").is_ok());
    /// assert_eq!(Domain::parse("mail.example.org."), Err(AddressError::BadDomain));
    /// ```
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        check(text).map(|()| Self(Arc::from(text))).map_err(|error| error.or_worse(text.as_bytes()))
    }

    /// Returns the name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the name in A-labels (RFC 5890 §2.3.2.1), which needs no SMTPUTF8. An ASCII name, or one that UTS #46
    /// refuses, is returned as written.
    ///
    /// ```
    /// use mailchute_proto::Domain;
    ///
    /// assert_eq!(Domain::parse("Bücher.example")?.to_ascii(), "xn--bcher-kva.example");
    /// # Ok::<(), mailchute_proto::AddressError>(())
    /// ```
    #[must_use]
    pub fn to_ascii(&self) -> Cow<'_, str> {
        idna::to_ascii(&self.0)
    }

    /// Returns whether the name is ASCII, so that it needs no SMTPUTF8.
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.0.is_ascii()
    }
}

impl PartialEq for Domain {
    fn eq(&self, other: &Self) -> bool {
        idna::same_domain(&self.0, &other.0)
    }
}

impl Eq for Domain {}

impl Hash for Domain {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.to_ascii().bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
        // The end is marked as `str` does, so that neighbours in a tuple stay distinct.
        state.write_u8(0xff);
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for Domain {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for Domain {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}
