//! Paths: what stands between `<` and `>` in MAIL and RCPT.

use std::fmt;

use super::AddressError;
use super::lenient::{self, Address};
use super::mailbox::Mailbox;
use super::source_route::scan_source_route;

const POSTMASTER: &str = "Postmaster";

/// Who sends: the argument of `MAIL FROM:` (RFC 5321 §4.1.1.2).
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
    /// `<>`: the sender of notifications, to which nothing may be sent back (RFC 5321 §4.5.5).
    Null,
    /// `<user@example.org>`
    Mailbox(Mailbox),
}

impl ReversePath {
    /// Parses what follows `MAIL FROM:` and returns the path together with what follows its `>`: nothing, or a space
    /// and the parameters.
    ///
    /// Spaces before the `<` are tolerated. A source route (`<@a.example,@b.example:user@example.org>`) is checked
    /// and dropped (RFC 5321 §4.1.1.3 and appendix C); its hosts have to be ASCII.
    ///
    /// # Errors
    ///
    /// The [`AddressError`] that says what is wrong. [`AddressError::ControlCharacter`] and
    /// [`AddressError::InvalidUtf8`] come first, even if what they mean stands behind the `>`.
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

    /// As [`parse_argument`](Self::parse_argument), and what that refuses is read as devices and scripts write it
    /// ([`EnvelopeSyntax::Lenient`](crate::EnvelopeSyntax::Lenient)).
    ///
    /// Taken are addresses without brackets or with doubled ones, spaces inside brackets, a display name before them, dots
    /// anywhere in the local part, which gets quotes, and in brackets a name without a domain, which gets `own_domain`. No
    /// argument has two readings.
    ///
    /// # Errors
    ///
    /// As [`parse_argument`](Self::parse_argument).
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

    /// Whether this is `<>`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

/// Who receives: the argument of `RCPT TO:` (RFC 5321 §4.1.1.3).
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
    /// `<Postmaster>` without a domain, in any case: whoever looks after this host (RFC 5321 §4.5.1).
    Postmaster,
    /// `<user@example.org>`
    Mailbox(Mailbox),
}

impl ForwardPath {
    /// Parses what follows `RCPT TO:` and returns the path together with what follows its `>`: nothing, or a space
    /// and the parameters.
    ///
    /// It tolerates and drops the same as [`ReversePath::parse_argument`].
    ///
    /// # Errors
    ///
    /// As [`ReversePath::parse_argument`], and [`AddressError::NullForwardPath`] for `<>`.
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

    /// As [`parse_argument`](Self::parse_argument), and what that refuses is read as devices and scripts write it
    /// ([`EnvelopeSyntax::Lenient`](crate::EnvelopeSyntax::Lenient)).
    ///
    /// Taken are addresses without brackets or with doubled ones, spaces inside brackets, a display name before them, dots
    /// anywhere in the local part, which gets quotes, and in brackets a name without a domain, which gets `own_domain`. No
    /// argument has two readings.
    ///
    /// # Errors
    ///
    /// As [`parse_argument`](Self::parse_argument).
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

    /// Whether this is `<Postmaster>` without a domain. `<postmaster@example.org>` is a mailbox like others.
    #[must_use]
    pub fn is_postmaster(&self) -> bool {
        matches!(self, Self::Postmaster)
    }
}

/// What both paths have in common; `$other` is the path that names no mailbox, and `$text` what stands for it.
macro_rules! path {
    ($path:ident, $other:ident, $text:expr) => {
        impl $path {
            /// The mailbox, if the path names one.
            #[must_use]
            pub fn mailbox(&self) -> Option<&Mailbox> {
                match self {
                    Self::$other => None,
                    Self::Mailbox(mailbox) => Some(mailbox),
                }
            }

            /// The domain of the mailbox as the client wrote it, if there is one.
            #[must_use]
            pub fn domain(&self) -> Option<&str> {
                self.mailbox().map(Mailbox::domain)
            }

            /// Whether the mailbox is in `domain`, as [`Mailbox::domain_is`] has it; a path without a mailbox is in
            /// none.
            #[must_use]
            pub fn domain_is(&self, domain: &str) -> bool {
                self.mailbox().is_some_and(|mailbox| mailbox.domain_is(domain))
            }

            /// The address without angle brackets.
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

/// Returns what follows the `>` with which `bytes` has to begin.
fn close(bytes: &[u8]) -> Result<&[u8], AddressError> {
    let rest = bytes.strip_prefix(b">").ok_or(AddressError::MissingAngleBracket)?;
    match rest.first() {
        None | Some(b' ') => Ok(rest),
        Some(_) => Err(AddressError::TrailingGarbage),
    }
}

/// Parses what follows the `<`, up to and with the `>`. The mailbox itself says where it ends, because a `>` may
/// stand in a quoted local part.
fn parse_mailbox(inside: &[u8]) -> Result<(Mailbox, &[u8]), AddressError> {
    let route = if inside.first() == Some(&b'@') { scan_source_route(inside)? } else { 0 };
    let (mailbox, length) = Mailbox::parse_prefix(&inside[route..])?;
    let end = route + length;
    if !matches!(inside.get(end), None | Some(b'>')) {
        return Err(AddressError::BadDomain);
    }
    Ok((mailbox, close(&inside[end..])?))
}
