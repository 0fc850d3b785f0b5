//! Paths: the text between `<` and `>` in MAIL and RCPT.

use std::fmt;

use super::AddressError;
use super::lenient::{self, Address};
use super::mailbox::Mailbox;
use super::source_route::scan_source_route;

const POSTMASTER: &str = "Postmaster";

/// The path of a sender: the argument of `MAIL FROM:` (RFC 5321 §4.1.1.2).
///
/// # Examples
///
/// ```
/// use mailchute_proto::{AddressError, ReversePath};
///
/// let (from, rest) = ReversePath::parse_argument(b"<user@example.org> SIZE=1000")?;
/// assert_eq!(from.as_str(), "user@example.org");
/// assert_eq!(rest, b" SIZE=1000");
///
/// let (bounce, _) = ReversePath::parse_argument(b"<>")?;
/// assert!(bounce.is_null());
/// # Ok::<(), AddressError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ReversePath {
    /// `<>`: the sender of notifications, which must not be answered (RFC 5321 §4.5.5).
    Null,
    /// `<user@example.org>`
    Mailbox(Mailbox),
}

impl ReversePath {
    /// Parses what follows `MAIL FROM:`. Returns the path and what follows its `>`: nothing, or a space and the
    /// parameters.
    ///
    /// Spaces before the `<` are tolerated. A source route (`<@a.example,@b.example:user@example.org>`) is checked
    /// and dropped (RFC 5321 §4.1.1.3 and appendix C). Its hosts must be ASCII.
    ///
    /// # Errors
    ///
    /// Returns the [`AddressError`] that names the fault. [`AddressError::ControlCharacter`] and
    /// [`AddressError::InvalidUtf8`] come first, even for text after the `>`.
    ///
    /// ```
    /// use mailchute_proto::{AddressError, ReversePath};
    ///
    /// assert!(ReversePath::parse_argument(b" <user@example.org>").is_ok());
    /// let refused = |argument| ReversePath::parse_argument(argument).unwrap_err();
    /// assert_eq!(refused(b"user@example.org"), AddressError::MissingAngleBracket);
    /// assert_eq!(refused(b"<user@example.org>SIZE=1000"), AddressError::TrailingGarbage);
    /// ```
    pub fn parse_argument(argument: &[u8]) -> Result<(Self, &[u8]), AddressError> {
        Self::parse(argument).map_err(|error| error.or_worse(argument))
    }

    fn parse(argument: &[u8]) -> Result<(Self, &[u8]), AddressError> {
        let inside = open(argument)?;
        if inside.first() == Some(&b'>') {
            return Ok((Self::Null, close(inside)?));
        }
        let (mailbox, rest) = parse_mailbox(inside)?;
        Ok((Self::Mailbox(mailbox), rest))
    }

    /// Parses like [`parse_argument`](Self::parse_argument), and also reads what devices and scripts write
    /// ([`EnvelopeSyntax::Lenient`](crate::EnvelopeSyntax::Lenient)).
    ///
    /// It accepts addresses without brackets or with doubled ones, spaces inside brackets, and a display name before
    /// them. A local part with odd dots gets quotes. In brackets a name without a domain gets `own_domain`. No argument
    /// has two meanings.
    ///
    /// # Errors
    ///
    /// Fails as [`parse_argument`](Self::parse_argument) does.
    ///
    /// ```
    /// use mailchute_proto::ReversePath;
    ///
    /// let parse = |text: &'static str| ReversePath::parse_lenient(text.as_bytes(), "mx.example.com");
    /// assert_eq!(parse("scanner@example.org SIZE=9").unwrap().0.as_str(), "scanner@example.org");
    /// assert_eq!(parse("Scanner < scanner >").unwrap().0.as_str(), "scanner@mx.example.com");
    /// assert_eq!(parse("<<a..b@example.org>>").unwrap().0.as_str(), r#""a..b"@example.org"#);
    /// assert!(parse("<a@example.org>, <b@example.org>").is_err());
    /// ```
    pub fn parse_lenient<'a>(argument: &'a [u8], own_domain: &str) -> Result<(Self, &'a [u8]), AddressError> {
        Self::parse_argument(argument).or_else(|error| {
            let (address, rest) = lenient::parse(argument, own_domain).ok_or(error)?;
            let path = match address {
                Address::Null => Self::Null,
                Address::Postmaster(mailbox) | Address::Mailbox(mailbox) => Self::Mailbox(mailbox),
            };
            Ok((path, rest))
        })
    }

    /// Returns whether this is `<>`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

/// The path of a recipient: the argument of `RCPT TO:` (RFC 5321 §4.1.1.3).
///
/// # Examples
///
/// ```
/// use mailchute_proto::{AddressError, ForwardPath};
///
/// let (to, rest) = ForwardPath::parse_argument(b"<user@example.org>")?;
/// assert!(to.domain_is("EXAMPLE.org"));
/// assert!(rest.is_empty());
///
/// let (postmaster, _) = ForwardPath::parse_argument(b"<postmaster>")?;
/// assert!(postmaster.is_postmaster());
/// assert_eq!(postmaster.as_str(), "Postmaster");
/// # Ok::<(), AddressError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ForwardPath {
    /// `<Postmaster>` without a domain, in any case: the administrator of this host (RFC 5321 §4.5.1).
    Postmaster,
    /// `<user@example.org>`
    Mailbox(Mailbox),
}

impl ForwardPath {
    /// Parses what follows `RCPT TO:`. Returns the path and what follows its `>`: nothing, or a space and the
    /// parameters.
    ///
    /// It tolerates and drops the same text as [`ReversePath::parse_argument`].
    ///
    /// # Errors
    ///
    /// Fails as [`ReversePath::parse_argument`] does, and with [`AddressError::NullForwardPath`] for `<>`.
    ///
    /// ```
    /// use mailchute_proto::{AddressError, ForwardPath};
    ///
    /// let refused = |argument| ForwardPath::parse_argument(argument).unwrap_err();
    /// assert_eq!(refused(b"<>"), AddressError::NullForwardPath);
    /// assert_eq!(refused(b"<user>"), AddressError::MissingDomain);
    /// ```
    pub fn parse_argument(argument: &[u8]) -> Result<(Self, &[u8]), AddressError> {
        Self::parse(argument).map_err(|error| error.or_worse(argument))
    }

    fn parse(argument: &[u8]) -> Result<(Self, &[u8]), AddressError> {
        let inside = open(argument)?;
        if inside.first() == Some(&b'>') {
            return Err(AddressError::NullForwardPath);
        }
        if let Some((name, rest)) = inside.split_at_checked(POSTMASTER.len())
            && rest.first() == Some(&b'>')
            && name.eq_ignore_ascii_case(POSTMASTER.as_bytes())
        {
            return Ok((Self::Postmaster, close(rest)?));
        }
        let (mailbox, rest) = parse_mailbox(inside)?;
        Ok((Self::Mailbox(mailbox), rest))
    }

    /// Parses like [`parse_argument`](Self::parse_argument), and also reads what devices and scripts write
    /// ([`EnvelopeSyntax::Lenient`](crate::EnvelopeSyntax::Lenient)).
    ///
    /// It accepts addresses without brackets or with doubled ones, spaces inside brackets, and a display name before
    /// them. A local part with odd dots gets quotes. In brackets a name without a domain gets `own_domain`. No argument
    /// has two meanings.
    ///
    /// # Errors
    ///
    /// Fails as [`parse_argument`](Self::parse_argument) does.
    ///
    /// ```
    /// use mailchute_proto::ForwardPath;
    ///
    /// let parse = |text: &'static str| ForwardPath::parse_lenient(text.as_bytes(), "mx.example.com");
    /// assert_eq!(parse("scanner@example.org SIZE=9").unwrap().0.as_str(), "scanner@example.org");
    /// assert_eq!(parse("Scanner < scanner >").unwrap().0.as_str(), "scanner@mx.example.com");
    /// assert_eq!(parse("<<a..b@example.org>>").unwrap().0.as_str(), r#""a..b"@example.org"#);
    /// assert!(parse("<a@example.org>, <b@example.org>").is_err());
    /// ```
    pub fn parse_lenient<'a>(argument: &'a [u8], own_domain: &str) -> Result<(Self, &'a [u8]), AddressError> {
        Self::parse_argument(argument).or_else(|error| {
            let (address, rest) = lenient::parse(argument, own_domain).ok_or(error)?;
            match address {
                Address::Null => Err(AddressError::NullForwardPath),
                Address::Postmaster(_) => Ok((Self::Postmaster, rest)),
                Address::Mailbox(mailbox) => Ok((Self::Mailbox(mailbox), rest)),
            }
        })
    }

    /// Returns whether this is `<Postmaster>` without a domain. `<postmaster@example.org>` is an ordinary mailbox.
    #[must_use]
    pub fn is_postmaster(&self) -> bool {
        matches!(self, Self::Postmaster)
    }
}

/// Implements what both paths share. `$other` is the path that names no mailbox, and `$text` its text.
macro_rules! path {
    ($path:ident, $other:ident, $text:expr) => {
        impl $path {
            /// Returns the mailbox, if the path names one.
            #[must_use]
            pub fn mailbox(&self) -> Option<&Mailbox> {
                match self {
                    Self::$other => None,
                    Self::Mailbox(mailbox) => Some(mailbox),
                }
            }

            /// Returns the domain of the mailbox as the client wrote it, if there is one.
            #[must_use]
            pub fn domain(&self) -> Option<&str> {
                self.mailbox().map(Mailbox::domain)
            }

            /// Returns whether the mailbox is in `domain`, compared as [`Mailbox::domain_is`] does. A path without a
            /// mailbox is in none.
            #[must_use]
            pub fn domain_is(&self, domain: &str) -> bool {
                self.mailbox().is_some_and(|mailbox| mailbox.domain_is(domain))
            }

            /// Returns the address without angle brackets.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.mailbox().map_or($text, Mailbox::as_str)
            }
        }

        impl From<Mailbox> for $path {
            fn from(mailbox: Mailbox) -> Self {
                Self::Mailbox(mailbox)
            }
        }

        impl fmt::Display for $path {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

path!(ReversePath, Null, "");
path!(ForwardPath, Postmaster, POSTMASTER);

/// Returns what follows the `<`.
fn open(argument: &[u8]) -> Result<&[u8], AddressError> {
    let start = argument.iter().position(|&byte| byte != b' ').ok_or(AddressError::Empty)?;
    argument[start..].strip_prefix(b"<").ok_or(AddressError::MissingAngleBracket)
}

/// Returns what follows the `>` that must begin `bytes`.
fn close(bytes: &[u8]) -> Result<&[u8], AddressError> {
    let rest = bytes.strip_prefix(b">").ok_or(AddressError::MissingAngleBracket)?;
    match rest.first() {
        None | Some(b' ') => Ok(rest),
        Some(_) => Err(AddressError::TrailingGarbage),
    }
}

/// Parses what follows the `<`, up to and including the `>`. The mailbox determines its own end, because a quoted
/// local part may hold a `>`.
fn parse_mailbox(inside: &[u8]) -> Result<(Mailbox, &[u8]), AddressError> {
    let route = if inside.first() == Some(&b'@') { scan_source_route(inside)? } else { 0 };
    let (mailbox, length) = Mailbox::parse_prefix(&inside[route..])?;
    let end = route + length;
    if !matches!(inside.get(end), None | Some(b'>')) {
        return Err(AddressError::BadDomain);
    }
    Ok((mailbox, close(&inside[end..])?))
}
