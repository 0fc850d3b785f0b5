//! The ESMTP parameters of MAIL and RCPT (RFC 5321 §4.1.2), first as words, then as types.
//!
//! [`Parameters`] holds the words of one command. [`MailParameters`] and [`RcptParameters`] are what they mean. The
//! two steps are apart because only the session knows which extensions it has announced: it looks at the keywords
//! before it cares for their values.

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
pub use sparse::Sparse;
pub use xtext::{XtextError, decode_xtext, encode_xtext};

use crate::characters::breaks_lines;

/// Parameters that change nothing about delivery. A value of theirs that cannot be read is no reason to refuse mail, so
/// it counts as not given (RFC 4954 §5 says so of AUTH).
const ADVISORY: [&str; 5] = ["AUTH", "RET", "ENVID", "NOTIFY", "ORCPT"];

/// More than any set of extensions has, and few enough to compare each with each.
const MAX_PARAMETERS: usize = 64;

/// The parameters that follow the path in MAIL or RCPT, in the order of the client, none of them twice.
///
/// Keywords are kept in upper case, since case does not matter in them; values are kept as they came. It prints as
/// the parameters would be written to another server. Without parameters nothing is allocated.
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

/// Where in the text one parameter stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    keyword: Range<usize>,
    value: Option<Range<usize>>,
}

impl Parameters {
    /// Parses what follows the `>` of a path. Any number of spaces may stand before, between and after the
    /// parameters.
    ///
    /// # Errors
    ///
    /// [`ParameterError::ControlCharacter`] and [`ParameterError::InvalidUtf8`] if the text holds such;
    /// [`ParameterError::Malformed`] if a parameter is not `keyword` or `keyword=value`;
    /// [`ParameterError::BadValue`] if nothing follows a `=`; [`ParameterError::Duplicate`] if a keyword comes
    /// twice, and [`ParameterError::TooMany`] past 64 parameters.
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

    /// Adds one parameter; `capacity` is the length of the whole, so that the text grows once.
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

    /// The parameters as keyword, in upper case, and value, in the client's order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, Option<&str>)> {
        self.places.iter().map(|Place { keyword, value }| {
            (&self.text[keyword.clone()], value.clone().map(|value| &self.text[value]))
        })
    }

    /// The value of `keyword`, in whatever case: `None` if the client did not send it, `Some(None)` if it sent it
    /// without a value.
    #[must_use]
    pub fn get(&self, keyword: &str) -> Option<Option<&str>> {
        self.iter().find(|(name, _)| name.eq_ignore_ascii_case(keyword)).map(|(_, value)| value)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// How many there are.
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

/// `esmtp-keyword` and `ehlo-keyword`: letters, digits and hyphens, the first not a hyphen.
pub(crate) fn is_keyword(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The words of which this library knows nothing, to be handed on.
fn owned((keyword, value): (&str, Option<&str>)) -> (String, Option<String>) {
    (keyword.to_owned(), value.map(str::to_owned))
}

/// Why the parameters of a command cannot be taken.
///
/// A keyword in an error is in upper case and holds letters, digits and hyphens only; its length is the client's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParameterError {
    /// A word is neither `keyword` nor `keyword=value` (RFC 5321 §4.1.2).
    Malformed,
    /// A keyword stands there more than once.
    Duplicate {
        /// Which one.
        keyword: String,
    },
    /// A keyword has a value that is not of its kind, lacks the value it needs, or has one that it must not have.
    BadValue {
        /// Which one.
        keyword: String,
    },
    /// There are more than 64 parameters.
    TooMany,
    /// There is a control character or a line separator, as it stands or within xtext.
    ControlCharacter,
    /// The text is not UTF-8.
    InvalidUtf8,
}

impl ParameterError {
    fn bad_value(keyword: &str) -> Self {
        Self::BadValue { keyword: keyword.to_ascii_uppercase() }
    }
}

/// Decodes an advisory value: `None` if it is not xtext.
///
/// # Errors
///
/// [`ParameterError::ControlCharacter`] if a control character comes out, which is an attack and not a mistake.
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
