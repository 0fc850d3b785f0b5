//! Addresses: types that hold only valid values.
//!
//! A [`Mailbox`], a [`Domain`] and a [`HeloName`] follow RFC 5321: no control characters, no line breaks, no spaces
//! outside quotes. Only parsing creates them, so no later code needs to check again.
//!
//! | type | clause | written |
//! |---|---|---|
//! | [`ReversePath`] | RFC 5321 §4.1.2 `Reverse-path` | `<>`, `<user@example.org>` |
//! | [`ForwardPath`] | RFC 5321 §4.1.2 `Forward-path` | `<Postmaster>`, `<user@example.org>` |
//! | [`Mailbox`] | RFC 5321 §4.1.2 `Mailbox` | `user@example.org`, `"two words"@[192.0.2.1]` |
//! | [`Domain`] | RFC 5321 §4.1.2 `Domain`, RFC 6531 §3.3 | `example.org`, `bücher.example` |
//! | [`AddressLiteral`] | RFC 5321 §4.1.3 | `[192.0.2.1]`, `[IPv6:2001:db8::1]` |
//! | [`HeloName`] | RFC 5321 §4.1.1.1, loosened | `mail.example.org`, `[192.0.2.1]` |
//!
//! Text outside ASCII (RFC 6531) is accepted wherever an address may hold it. Whether the session agreed on SMTPUTF8
//! is checked elsewhere: use [`Mailbox::is_ascii`].
//!
//! A domain equals its internationalized form: [`same_domain`], equality of [`Domain`]s and each `domain_is` compare
//! A-labels. An address keeps the form that the client wrote. [`Mailbox::lookup_key`] is the same for all spellings of an
//! address.

mod domain;
mod domain_syntax;
mod helo;
mod idna;
mod lenient;
mod literal;
mod lookup_key;
mod mailbox;
mod path;
mod source_route;

use std::error::Error;
use std::fmt;

use crate::characters::breaks_lines;

pub use domain::Domain;
pub use helo::{HeloKind, HeloName};
pub use idna::same_domain;
pub(crate) use idna::{is_below, to_ascii};
pub use literal::{AddressLiteral, GeneralLiteral};
pub use lookup_key::fold_local_part;
pub use mailbox::Mailbox;
pub use path::{ForwardPath, ReversePath};

/// The error for a text that is not an address.
///
/// If a text has several faults, a control character comes first, then broken UTF-8, then the first fault of grammar.
///
/// # Examples
///
/// ```
/// use mailchute_proto::{AddressError, Mailbox};
///
/// let error = Mailbox::parse("user@-example.org").unwrap_err();
/// assert_eq!(error, AddressError::BadDomain);
/// assert_eq!(error.to_string(), "the domain is not a valid host name");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AddressError {
    /// The address is missing.
    Empty,
    /// A path does not begin with `<` or does not end with `>`.
    MissingAngleBracket,
    /// `<>` as a recipient. Only a sender may be empty (RFC 5321 §4.5.5).
    NullForwardPath,
    /// A source route (`@a,@b:`) does not follow RFC 5321 §4.1.2.
    SourceRoute,
    /// The part before the `@` is empty, needs quotes, or has wrong quotes.
    BadLocalPart,
    /// There is no `@`.
    MissingDomain,
    /// The part after the `@` is not a sequence of labels separated by single dots.
    BadDomain,
    /// A label of the domain is longer than 63 characters (RFC 1035 §2.3.4).
    LabelTooLong,
    /// The domain or the address literal is longer than 255 characters (RFC 5321 §4.5.3.1.2).
    DomainTooLong,
    /// The text in square brackets is not an address literal (RFC 5321 §4.1.3).
    BadLiteral,
    /// Something other than a space follows the `>`.
    TrailingGarbage,
    /// A host name contains white space.
    Whitespace,
    /// The text holds a control character or a line separator of Unicode.
    ControlCharacter,
    /// The text is not UTF-8.
    InvalidUtf8,
}

impl AddressError {
    /// Yields to a control character or broken UTF-8 anywhere in `input`, which have other replies.
    ///
    /// Call it only for refused texts, so that valid ones are not scanned twice.
    fn or_worse(self, input: &[u8]) -> Self {
        if input.iter().any(u8::is_ascii_control) {
            return Self::ControlCharacter;
        }
        match std::str::from_utf8(input) {
            Err(_) => Self::InvalidUtf8,
            Ok(text) if text.chars().any(breaks_lines) => Self::ControlCharacter,
            Ok(_) => self,
        }
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the address is missing",
            Self::MissingAngleBracket => "the address must stand between < and >",
            Self::NullForwardPath => "a recipient must not be empty",
            Self::SourceRoute => "the source route is malformed",
            Self::BadLocalPart => "the part before the @ is malformed",
            Self::MissingDomain => "the address has no @ and domain",
            Self::BadDomain => "the domain is not a valid host name",
            Self::LabelTooLong => "a label of the domain is longer than 63 characters",
            Self::DomainTooLong => "the domain is longer than 255 characters",
            Self::BadLiteral => "the address literal in square brackets is malformed",
            Self::TrailingGarbage => "only parameters after a space may follow the >",
            Self::Whitespace => "the host name holds white space",
            Self::ControlCharacter => "control characters are not allowed",
            Self::InvalidUtf8 => "the text is not valid UTF-8",
        })
    }
}

impl Error for AddressError {}
