//! The typed parameters of MAIL.

use std::borrow::Cow;
use std::fmt;

use super::sparse::Standard;
use super::{
    DeliverBy, Hold, ParameterError, Parameters, Priority, borrowed, decode_advisory, decode_xtext,
    encode_xtext, owned,
};
use crate::address::Mailbox;

/// The longest envelope identifier, in characters (RFC 3461 §4.4).
const MAX_ENVID: usize = 100;

/// The typed parameters of MAIL.
///
/// It does not tell whether the session announced the extension of a parameter.
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
    /// `SIZE=`: the expected size of the message in bytes (RFC 1870 §6). A larger number than [`u64::MAX`] becomes
    /// [`u64::MAX`].
    pub size: Option<u64>,
    /// `BODY=`: the kind of content (RFC 6152, RFC 3030).
    pub body: Option<BodyKind>,
    /// `SMTPUTF8`: addresses and header fields may hold UTF-8 (RFC 6531 §3.4).
    pub smtputf8: bool,
    /// `AUTH=`: the original submitter, as the client claims (RFC 4954 §5). Believe it only from an authenticated and
    /// trusted client. A value that is not an address is [`Submitter::Unknown`].
    pub auth: Option<Submitter>,
    /// `RET=`: how much of the message a failure report returns (RFC 3461 §4.3). An invalid value is `None`.
    pub ret: Option<Ret>,
    /// `ENVID=`: the sender's identifier of the message, decoded: printable ASCII, at most 100 characters (RFC 3461
    /// §4.4). An invalid value is `None`.
    pub envid: Option<String>,
    /// `REQUIRETLS`: each later hop must use TLS and authenticate the next server (RFC 8689 §2).
    pub requiretls: bool,
    /// `BY=`: the deadline for delivery (RFC 2852 §4).
    pub deliver_by: Option<DeliverBy>,
    /// `MT-PRIORITY=`: the priority (RFC 6710 §4).
    pub mt_priority: Option<Priority>,
    /// `HOLDFOR=` or `HOLDUNTIL=`: the time to release the message (RFC 4865 §4).
    pub hold: Option<Hold>,
    /// Any other parameters, in the client's order: the keyword in upper case and the unchanged value.
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

/// Returns no parameters.
impl Default for MailParameters {
    fn default() -> Self {
        NONE.clone()
    }
}

impl MailParameters {
    /// The keywords with a field of their own.
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

    /// Converts the parameters to types.
    ///
    /// # Errors
    ///
    /// Returns [`ParameterError::BadValue`] for the first parameter with a missing, superfluous or wrong value, and
    /// [`ParameterError::ControlCharacter`] if a decoded value holds one. AUTH, RET and ENVID do not change delivery,
    /// so their other values are not errors.
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

    /// Returns each parameter as it is sent to another server: its keyword in upper case and its encoded value. First
    /// come the parameters that Mailchute knows, in the order of the fields, then [`other`](Self::other).
    ///
    /// ```
    /// use mailchute_proto::{MailParameters, ParameterError, Parameters};
    ///
    /// let parameters = Parameters::parse(b" X-COLOUR=blue SMTPUTF8 ENVID=a+2Bb SIZE=1000")?;
    /// let parameters = MailParameters::from_parameters(&parameters)?;
    /// let mut words = Vec::new();
    /// for (keyword, value) in parameters.iter() {
    ///     words.push(value.map_or(keyword.to_owned(), |value| format!("{keyword}={value}")));
    /// }
    /// assert_eq!(words, ["SIZE=1000", "SMTPUTF8", "ENVID=a+2Bb", "X-COLOUR=blue"]);
    /// # Ok::<(), ParameterError>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<Cow<'_, str>>)> {
        let word = |value: &dyn fmt::Display| Some(Cow::Owned(value.to_string()));
        let known = [
            self.size.map(|size| ("SIZE", word(&size))),
            self.body.map(|body| ("BODY", Some(body.as_str().into()))),
            self.smtputf8.then_some(("SMTPUTF8", None)),
            self.auth.as_ref().map(|auth| ("AUTH", Some(auth.to_xtext()))),
            self.ret.map(|ret| ("RET", Some(ret.as_str().into()))),
            self.envid.as_deref().map(|envid| ("ENVID", Some(encode_xtext(envid)))),
            self.requiretls.then_some(("REQUIRETLS", None)),
            self.deliver_by.map(|by| ("BY", word(&by))),
            self.mt_priority.map(|priority| ("MT-PRIORITY", word(&priority))),
            self.hold.map(|hold| match hold {
                Hold::For { seconds } => ("HOLDFOR", word(&seconds)),
                Hold::Until(moment) => ("HOLDUNTIL", word(&moment)),
            }),
        ];
        known.into_iter().flatten().chain(self.other.iter().map(borrowed))
    }

    /// Returns the value of `keyword`, in any case, as [`iter`](Self::iter) does: `None` if there is no such parameter,
    /// `Some(None)` if it has no value.
    ///
    /// ```
    /// use mailchute_proto::{MailParameters, ParameterError, Parameters};
    ///
    /// let parameters = MailParameters::from_parameters(&Parameters::parse(b" XKEY=7 SMTPUTF8")?)?;
    /// assert_eq!(parameters.get("xkey"), Some(Some("7".into())));
    /// assert_eq!(parameters.get("SMTPUTF8"), Some(None));
    /// assert_eq!(parameters.get("SIZE"), None);
    /// # Ok::<(), ParameterError>(())
    /// ```
    #[must_use]
    pub fn get(&self, keyword: &str) -> Option<Option<Cow<'_, str>>> {
        self.iter().find(|(name, _)| name.eq_ignore_ascii_case(keyword)).map(|(_, value)| value)
    }
}

/// Parses a `size-value`: one to twenty digits. The largest do not fit a `u64`.
fn parse_size(value: &str) -> Option<u64> {
    if !matches!(value.len(), 1..=20) || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // After the check above, parsing fails only if the number is too large.
    Some(value.parse().unwrap_or(u64::MAX))
}

fn parse_envid(value: &str) -> Result<Option<String>, ParameterError> {
    let envid = decode_advisory(decode_xtext(value))?;
    Ok(envid.filter(|envid| envid.is_ascii() && (1..=MAX_ENVID).contains(&envid.len())).map(Cow::into_owned))
}

/// The kind of content of a message: the value of `BODY=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BodyKind {
    /// `7BIT`: lines of ASCII (RFC 6152 §3).
    SevenBit,
    /// `8BITMIME`: lines of any bytes (RFC 6152 §3).
    EightBitMime,
    /// `BINARYMIME`: any bytes, not in lines. It needs BDAT (RFC 3030 §3).
    BinaryMime,
}

impl BodyKind {
    fn parse(value: &str) -> Option<Self> {
        [Self::SevenBit, Self::EightBitMime, Self::BinaryMime]
            .into_iter()
            .find(|kind| value.eq_ignore_ascii_case(kind.as_str()))
    }

    /// Returns the value as written in the parameter.
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

/// How much of the message a failure report returns: the value of `RET=` (RFC 3461 §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ret {
    /// `FULL`: the whole message.
    Full,
    /// `HDRS`: the header section.
    Headers,
}

impl Ret {
    fn parse(value: &str) -> Option<Self> {
        [Self::Full, Self::Headers].into_iter().find(|ret| value.eq_ignore_ascii_case(ret.as_str()))
    }

    /// Returns the value as written in the parameter.
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

/// The original submitter of a message: the value of `AUTH=` on MAIL (RFC 4954 §5).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Submitter {
    /// `<>`, or any value that is not an address: unknown or not trusted (RFC 4954 §5).
    Unknown,
    /// The address of the authenticated user, decoded.
    Mailbox(Mailbox),
}

impl Submitter {
    fn parse(value: &str) -> Result<Self, ParameterError> {
        let text = decode_advisory(decode_xtext(value))?;
        Ok(text.and_then(|text| Mailbox::parse(&text).ok()).map_or(Self::Unknown, Self::Mailbox))
    }

    /// Returns the value as sent: `<>`, or the address in xtext.
    fn to_xtext(&self) -> Cow<'_, str> {
        self.mailbox().map_or("<>".into(), |mailbox| encode_xtext(mailbox.as_str()))
    }

    /// Returns the address, if known.
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
