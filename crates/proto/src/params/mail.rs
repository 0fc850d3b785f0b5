//! What the parameters of MAIL mean.

use std::borrow::Cow;
use std::fmt;

use super::sparse::sealed::Standard;
use super::{DeliverBy, Hold, ParameterError, Parameters, Priority, decode_advisory, decode_xtext, owned};
use crate::address::Mailbox;

/// The longest envelope identifier, in characters (RFC 3461 §4.4).
const MAX_ENVID: usize = 100;

/// The parameters of MAIL as types.
///
/// It says nothing about whether the session has offered the extension that a parameter belongs to.
///
/// # Examples
///
/// ```
/// use mailchute_proto::{BodyKind, MailParameters, ParameterError, Parameters};
///
/// let parameters = Parameters::parse(b" SIZE=1000 BODY=8BITMIME X-COLOUR=blue")?;
/// let parameters = MailParameters::from_parameters(&parameters)?;
/// assert_eq!(parameters.size, Some(1000));
/// assert_eq!(parameters.body, Some(BodyKind::EightBitMime));
/// assert_eq!(parameters.other, [("X-COLOUR".to_owned(), Some("blue".to_owned()))]);
/// # Ok::<(), ParameterError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MailParameters {
    /// `SIZE=`: how many octets the client expects the message to have (RFC 1870 §6). A number beyond [`u64::MAX`]
    /// is taken for that.
    pub size: Option<u64>,
    /// `BODY=`: what the lines of the message are made of (RFC 6152, RFC 3030).
    pub body: Option<BodyKind>,
    /// `SMTPUTF8`: addresses and header fields may hold UTF-8 (RFC 6531 §3.4).
    pub smtputf8: bool,
    /// `AUTH=`: who submitted the message, as the client claims (RFC 4954 §5). To be believed only if the client is
    /// authenticated and trusted to say so. A value that is not an address is [`Submitter::Unknown`].
    pub auth: Option<Submitter>,
    /// `RET=`: what of the message a failure notification is to bring back (RFC 3461 §4.3). Any other value is `None`.
    pub ret: Option<Ret>,
    /// `ENVID=`: the sender's own name for the message, decoded: printable ASCII, at most 100 characters (RFC 3461
    /// §4.4). Any other value is `None`.
    pub envid: Option<String>,
    /// `REQUIRETLS`: the message may only be passed on inside TLS that proves the next server (RFC 8689 §2).
    pub requiretls: bool,
    /// `BY=`: by when it is to be delivered (RFC 2852 §4).
    pub deliver_by: Option<DeliverBy>,
    /// `MT-PRIORITY=`: how urgent it is (RFC 6710 §4).
    pub mt_priority: Option<Priority>,
    /// `HOLDFOR=` or `HOLDUNTIL=`: when it is to be released (RFC 4865 §4).
    pub hold: Option<Hold>,
    /// Those that are none of the above, with the keyword in upper case and the value as it came, in the client's
    /// order.
    pub other: Vec<(String, Option<String>)>,
}

static NONE: MailParameters = MailParameters {
    size: None,
    body: None,
    smtputf8: false,
    auth: None,
    ret: None,
    envid: None,
    requiretls: false,
    deliver_by: None,
    mt_priority: None,
    hold: None,
    other: Vec::new(),
};

impl Standard for MailParameters {
    fn standard() -> &'static Self {
        &NONE
    }
}

/// None.
impl Default for MailParameters {
    fn default() -> Self {
        NONE.clone()
    }
}

impl MailParameters {
    /// Those that have a field of their own.
    pub(crate) const KEYWORDS: [&str; 11] = [
        "SIZE",
        "BODY",
        "SMTPUTF8",
        "REQUIRETLS",
        "AUTH",
        "RET",
        "ENVID",
        "BY",
        "MT-PRIORITY",
        "HOLDFOR",
        "HOLDUNTIL",
    ];

    /// Gives the parameters their types.
    ///
    /// # Errors
    ///
    /// [`ParameterError::BadValue`] names the first parameter whose value is missing, superfluous or not of its
    /// kind; [`ParameterError::ControlCharacter`] if a decoded value holds one. AUTH, RET and ENVID change nothing about
    /// delivery, so no other value of theirs is an error.
    ///
    /// ```
    /// use mailchute_proto::{MailParameters, ParameterError, Parameters};
    ///
    /// let typed = |text: &str| MailParameters::from_parameters(&Parameters::parse(text.as_bytes())?);
    /// assert!(typed("SIZE=1000").is_ok());
    /// assert_eq!(typed("SIZE=1x"), Err(ParameterError::BadValue { keyword: "SIZE".to_owned() }));
    /// assert_eq!(typed("ENVID=a+0Ab"), Err(ParameterError::ControlCharacter));
    /// ```
    pub fn from_parameters(parameters: &Parameters) -> Result<Self, ParameterError> {
        let mut typed = Self::default();
        for (keyword, value) in parameters.iter() {
            let bad_value = || ParameterError::bad_value(keyword);
            match (keyword, value) {
                ("SIZE", Some(value)) => typed.size = Some(parse_size(value).ok_or_else(bad_value)?),
                ("BODY", Some(value)) => typed.body = Some(BodyKind::parse(value).ok_or_else(bad_value)?),
                ("SMTPUTF8", None) => typed.smtputf8 = true,
                ("REQUIRETLS", None) => typed.requiretls = true,
                ("AUTH", value) => typed.auth = Some(Submitter::parse(value.unwrap_or_default())?),
                ("RET", value) => typed.ret = value.and_then(Ret::parse),
                ("ENVID", value) => typed.envid = parse_envid(value.unwrap_or_default())?,
                ("BY", Some(value)) => {
                    typed.deliver_by = Some(DeliverBy::parse(value).ok_or_else(bad_value)?);
                }
                ("MT-PRIORITY", Some(value)) => {
                    typed.mt_priority = Some(Priority::parse(value).ok_or_else(bad_value)?);
                }
                ("HOLDFOR", Some(value)) if typed.hold.is_none() => {
                    typed.hold = Some(Hold::parse_for(value).ok_or_else(bad_value)?);
                }
                ("HOLDUNTIL", Some(value)) if typed.hold.is_none() => {
                    typed.hold = Some(Hold::parse_until(value).ok_or_else(bad_value)?);
                }
                (keyword, _) if Self::KEYWORDS.contains(&keyword) => return Err(bad_value()),
                other => typed.other.push(owned(other)),
            }
        }
        Ok(typed)
    }
}

/// `size-value`: one to twenty digits, of which the largest do not fit.
fn parse_size(value: &str) -> Option<u64> {
    if !matches!(value.len(), 1..=20) || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // After the check above, the only way to fail is to be too large.
    Some(value.parse().unwrap_or(u64::MAX))
}

fn parse_envid(value: &str) -> Result<Option<String>, ParameterError> {
    let envid = decode_advisory(decode_xtext(value))?;
    Ok(envid.filter(|envid| envid.is_ascii() && (1..=MAX_ENVID).contains(&envid.len())).map(Cow::into_owned))
}

/// What the lines of a message are made of: the value of `BODY=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BodyKind {
    /// `7BIT`: lines of ASCII (RFC 6152 §3).
    SevenBit,
    /// `8BITMIME`: lines of any octets (RFC 6152 §3).
    EightBitMime,
    /// `BINARYMIME`: any octets, not in lines; travels by BDAT only (RFC 3030 §3).
    BinaryMime,
}

impl BodyKind {
    fn parse(value: &str) -> Option<Self> {
        [Self::SevenBit, Self::EightBitMime, Self::BinaryMime]
            .into_iter()
            .find(|kind| value.eq_ignore_ascii_case(kind.as_str()))
    }

    /// The value as it is written in the parameter.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SevenBit => "7BIT",
            Self::EightBitMime => "8BITMIME",
            Self::BinaryMime => "BINARYMIME",
        }
    }
}

impl fmt::Display for BodyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How much of the message a failure notification brings back: the value of `RET=` (RFC 3461 §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ret {
    /// `FULL`: the message.
    Full,
    /// `HDRS`: its header.
    Headers,
}

impl Ret {
    fn parse(value: &str) -> Option<Self> {
        [Self::Full, Self::Headers].into_iter().find(|ret| value.eq_ignore_ascii_case(ret.as_str()))
    }

    /// The value as it is written in the parameter.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "FULL",
            Self::Headers => "HDRS",
        }
    }
}

impl fmt::Display for Ret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Who submitted a message to the first server: the value of `AUTH=` on MAIL (RFC 4954 §5).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Submitter {
    /// `<>`, or anything else that is not an address: not known, or not to be trusted (RFC 4954 §5).
    Unknown,
    /// The address of whoever had authenticated, decoded.
    Mailbox(Mailbox),
}

impl Submitter {
    fn parse(value: &str) -> Result<Self, ParameterError> {
        let text = decode_advisory(decode_xtext(value))?;
        Ok(text.and_then(|text| Mailbox::parse(&text).ok()).map_or(Self::Unknown, Self::Mailbox))
    }

    /// The address, if one is known.
    #[must_use]
    pub fn mailbox(&self) -> Option<&Mailbox> {
        match self {
            Self::Unknown => None,
            Self::Mailbox(mailbox) => Some(mailbox),
        }
    }
}

impl fmt::Display for Submitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.mailbox().map_or("<>", Mailbox::as_str))
    }
}
