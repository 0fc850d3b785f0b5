//! The ESMTP parameters of MAIL and RCPT (RFC 5321 §4.1.2), as words and as types.
//!
//! [`Parameters`] holds the words of one command. [`MailParameters`] and [`RcptParameters`] hold typed values. The
//! steps are separate because only the session knows which extensions it announced. It checks the keywords before the
//! values.

mod date_time;
mod deliver_by;
mod hold;
mod mail;
mod priority;
mod rcpt;
mod sparse;
mod xtext;

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::ops::Range;

pub use date_time::DateTime;
pub use deliver_by::{ByMode, DeliverBy};
pub use hold::Hold;
pub use mail::{BodyKind, MailParameters, Ret, Submitter};
pub use priority::Priority;
pub use rcpt::{Notify, OriginalRecipient, RcptParameters};
pub(crate) use sparse::Sparse;
pub use xtext::{XtextError, decode_xtext, encode_xtext};

use crate::characters::breaks_lines;

/// Parameters that do not change delivery. An unreadable value does not refuse mail, so it counts as absent
/// (RFC 4954 §5 requires this for AUTH).
const ADVISORY: [&str; 5] = ["AUTH", "RET", "ENVID", "NOTIFY", "ORCPT"];

/// More than all extensions use, and few enough to compare each with each.
const MAX_PARAMETERS: usize = 64;

/// The parameters after the path in MAIL or RCPT, in the client's order, without duplicates.
///
/// Keywords are in upper case, since case does not matter; values are unchanged. `Display` writes the parameters as
/// sent to another server. Without parameters nothing is allocated.
///
/// # Examples
///
/// ```
/// use mailchute_proto::{ParameterError, Parameters};
///
/// let parameters = Parameters::parse(b" size=1000 SMTPUTF8")?;
/// assert_eq!(parameters.get("Size"), Some(Some("1000")));
/// assert_eq!(parameters.get("SMTPUTF8"), Some(None));
/// assert_eq!(parameters.get("BODY"), None);
/// assert_eq!(parameters.iter().collect::<Vec<_>>(), [("SIZE", Some("1000")), ("SMTPUTF8", None)]);
/// # Ok::<(), ParameterError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    /// The parameters with one space between them.
    text: String,
    places: Vec<Place>,
}

/// The position of one parameter in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    keyword: Range<usize>,
    value: Option<Range<usize>>,
}

impl Parameters {
    /// Parses what follows the `>` of a path. Any number of spaces may surround the parameters.
    ///
    /// # Errors
    ///
    /// Returns [`ParameterError::ControlCharacter`] or [`ParameterError::InvalidUtf8`] for such text,
    /// [`ParameterError::Malformed`] for a word that is not `keyword` or `keyword=value`,
    /// [`ParameterError::BadValue`] if nothing follows a `=`, [`ParameterError::Duplicate`] for a repeated keyword,
    /// and [`ParameterError::TooMany`] for more than 64 parameters.
    ///
    /// The values of AUTH, RET, ENVID, NOTIFY and ORCPT may be empty, and may hold a `=`.
    ///
    /// ```
    /// use mailchute_proto::{ParameterError, Parameters};
    ///
    /// assert!(Parameters::parse(b"").unwrap().is_empty());
    /// assert_eq!(Parameters::parse(b" SIZE=1=2"), Err(ParameterError::Malformed));
    /// let twice = ParameterError::Duplicate { keyword: "SIZE".to_owned() };
    /// assert_eq!(Parameters::parse(b" SIZE=1 size=2"), Err(twice));
    /// ```
    pub fn parse(text: &[u8]) -> Result<Self, ParameterError> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        if text.iter().any(u8::is_ascii_control) {
            return Err(ParameterError::ControlCharacter);
        }
        let text = std::str::from_utf8(text).map_err(|_| ParameterError::InvalidUtf8)?;
        if !text.is_ascii() && text.chars().any(breaks_lines) {
            return Err(ParameterError::ControlCharacter);
        }
        let mut parameters = Self::default();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            parameters.push(word, text.len())?;
        }
        Ok(parameters)
    }

    /// Adds one parameter. `capacity` is the total length, so that the text grows once.
    fn push(&mut self, word: &str, capacity: usize) -> Result<(), ParameterError> {
        let (keyword, value) = match word.split_once('=') {
            Some((keyword, value)) => (keyword, Some(value)),
            None => (word, None),
        };
        if !is_keyword(keyword) {
            return Err(ParameterError::Malformed);
        }
        match value {
            Some(value) if value.is_empty() || value.contains('=') => {
                let is_advisory = ADVISORY.iter().any(|name| name.eq_ignore_ascii_case(keyword));
                match value {
                    _ if is_advisory => {}
                    "" => return Err(ParameterError::bad_value(keyword)),
                    _ => return Err(ParameterError::Malformed),
                }
            }
            _ => {}
        }
        if self.get(keyword).is_some() {
            return Err(ParameterError::Duplicate { keyword: keyword.to_ascii_uppercase() });
        }
        if self.places.len() == MAX_PARAMETERS {
            return Err(ParameterError::TooMany);
        }
        if self.text.is_empty() {
            self.text.reserve(capacity);
        } else {
            self.text.push(' ');
        }
        let start = self.text.len();
        let keyword = start..start + keyword.len();
        self.text.push_str(word);
        self.text[keyword.clone()].make_ascii_uppercase();
        let value = value.map(|_| keyword.end + 1..self.text.len());
        self.places.push(Place { keyword, value });
        Ok(())
    }

    /// Returns each keyword, in upper case, and its value, in the client's order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, Option<&str>)> {
        self.places.iter().map(|Place { keyword, value }| {
            (&self.text[keyword.clone()], value.clone().map(|value| &self.text[value]))
        })
    }

    /// Returns the value of `keyword`, in any case: `None` if the client did not send it, `Some(None)` if it sent it
    /// without a value.
    #[must_use]
    pub fn get(&self, keyword: &str) -> Option<Option<&str>> {
        self.iter().find(|(name, _)| name.eq_ignore_ascii_case(keyword)).map(|(_, value)| value)
    }

    /// Returns whether there are no parameters.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Returns the number of parameters.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }
}

impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// Returns whether a text is an `esmtp-keyword` or `ehlo-keyword`: letters, digits and hyphens, not beginning with a
/// hyphen.
pub(crate) fn is_keyword(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Copies a parameter that this library does not know, to pass it on.
fn owned((keyword, value): (&str, Option<&str>)) -> (String, Option<String>) {
    (keyword.to_owned(), value.map(str::to_owned))
}

/// Returns such a parameter as [`MailParameters::iter`] does.
fn borrowed((keyword, value): &(String, Option<String>)) -> (&str, Option<Cow<'_, str>>) {
    (keyword, value.as_deref().map(Cow::Borrowed))
}

/// The error for the parameters of a command.
///
/// A keyword in an error is in upper case and holds only letters, digits and hyphens. The client chooses its length.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParameterError {
    /// A word is not `keyword` or `keyword=value` (RFC 5321 §4.1.2).
    Malformed,
    /// A keyword appears more than once.
    Duplicate {
        /// The keyword.
        keyword: String,
    },
    /// A keyword has a wrong value, lacks a required one, or has one that it must not have.
    BadValue {
        /// The keyword.
        keyword: String,
    },
    /// There are more than 64 parameters.
    TooMany,
    /// The text holds a control character or a line separator, plain or within xtext.
    ControlCharacter,
    /// The text is not UTF-8.
    InvalidUtf8,
}

impl ParameterError {
    fn bad_value(keyword: &str) -> Self {
        Self::BadValue { keyword: keyword.to_ascii_uppercase() }
    }
}

/// Decodes an advisory value, or returns `None` if it is not xtext.
///
/// # Errors
///
/// Returns [`ParameterError::ControlCharacter`] if the decoded value holds a control character, which is an attack.
fn decode_advisory(
    decoded: Result<Cow<'_, str>, XtextError>,
) -> Result<Option<Cow<'_, str>>, ParameterError> {
    match decoded {
        Ok(text) => Ok(Some(text)),
        Err(XtextError::ControlCharacter) => Err(ParameterError::ControlCharacter),
        Err(_) => Ok(None),
    }
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("a parameter is neither KEYWORD nor KEYWORD=VALUE"),
            Self::Duplicate { keyword } => write!(f, "the parameter {keyword} is given twice"),
            Self::BadValue { keyword } => {
                write!(f, "the value of the parameter {keyword} is missing or wrong")
            }
            Self::TooMany => write!(f, "there are more than {MAX_PARAMETERS} parameters"),
            Self::ControlCharacter => f.write_str("control characters are not allowed in parameters"),
            Self::InvalidUtf8 => f.write_str("the parameters are not valid UTF-8"),
        }
    }
}

impl Error for ParameterError {}
