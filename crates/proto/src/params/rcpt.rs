//! The typed parameters of RCPT.

use std::borrow::Cow;
use std::fmt;

use super::sparse::Standard;
use super::xtext::{decode_utf8_address, encode_utf8_address};
use super::{ParameterError, Parameters, borrowed, decode_advisory, decode_xtext, encode_xtext, owned};

/// The longest original recipient, in bytes as sent (RFC 3461 §4.2).
const MAX_ORCPT: usize = 500;
const UTF8_TYPE: &str = "utf-8";

/// The typed parameters of RCPT.
///
/// It does not tell whether the session announced the extension of a parameter.
///
/// # Examples
///
/// ```
/// use mailchute_proto::{ParameterError, Parameters, RcptParameters};
///
/// let parameters = Parameters::parse(b" NOTIFY=failure,delay ORCPT=rfc822;a+2Bb@example.org")?;
/// let parameters = RcptParameters::from_parameters(&parameters)?;
/// assert!(parameters.notify.unwrap().on_delay());
/// assert_eq!(parameters.orcpt.unwrap().address(), "a+b@example.org");
/// # Ok::<(), ParameterError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RcptParameters {
    /// `NOTIFY=`: the events that the sender wants to be notified of (RFC 3461 §4.1). An unreadable value is `None`.
    pub notify: Option<Notify>,
    /// `ORCPT=`: the original recipient (RFC 3461 §4.2). An unreadable value is `None`, and so is one in UTF-8
    /// without SMTPUTF8.
    pub orcpt: Option<OriginalRecipient>,
    /// Any other parameters, in the client's order: the keyword in upper case and the unchanged value.
    pub other: Vec<(String, Option<String>)>,
}

static NONE: RcptParameters = RcptParameters { notify: None, orcpt: None, other: Vec::new() };

impl Standard for RcptParameters {
    fn standard() -> &'static Self {
        &NONE
    }
}

/// Returns no parameters.
impl Default for RcptParameters {
    fn default() -> Self {
        NONE.clone()
    }
}

impl RcptParameters {
    /// The keywords with a field of their own.
    pub(crate) const KEYWORDS: [&str; 2] = ["NOTIFY", "ORCPT"];

    /// Converts the parameters to types.
    ///
    /// # Errors
    ///
    /// Returns [`ParameterError::ControlCharacter`] if a decoded value holds one. NOTIFY and ORCPT do not change
    /// delivery, so their other values are not errors.
    ///
    /// ```
    /// use mailchute_proto::{ParameterError, Parameters, RcptParameters};
    ///
    /// let typed = |text: &str| RcptParameters::from_parameters(&Parameters::parse(text.as_bytes())?);
    /// assert!(typed("NOTIFY=NEVER").is_ok());
    /// assert_eq!(typed("NOTIFY=NEVER,DELAY")?.notify, None);
    /// assert_eq!(typed("ORCPT=rfc822;a+0Db"), Err(ParameterError::ControlCharacter));
    /// # Ok::<(), ParameterError>(())
    /// ```
    pub fn from_parameters(parameters: &Parameters) -> Result<Self, ParameterError> {
        let mut typed = Self::default();
        for (keyword, value) in parameters.iter() {
            match (keyword, value) {
                ("NOTIFY", value) => typed.notify = value.and_then(Notify::parse),
                ("ORCPT", value) => typed.orcpt = OriginalRecipient::parse(value.unwrap_or_default())?,
                other => typed.other.push(owned(other)),
            }
        }
        Ok(typed)
    }

    /// Returns each parameter as it is sent to another server, as [`MailParameters::iter`](super::MailParameters::iter)
    /// does.
    ///
    /// ```
    /// use mailchute_proto::{ParameterError, Parameters, RcptParameters};
    ///
    /// let parameters = Parameters::parse(b" XKEY=7 ORCPT=rfc822;a+2Bb@example.org NOTIFY=never")?;
    /// let parameters = RcptParameters::from_parameters(&parameters)?;
    /// let words: Vec<_> = parameters.iter().collect();
    /// assert_eq!(words, [
    ///     ("NOTIFY", Some("NEVER".into())),
    ///     ("ORCPT", Some("rfc822;a+2Bb@example.org".into())),
    ///     ("XKEY", Some("7".into())),
    /// ]);
    /// # Ok::<(), ParameterError>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<Cow<'_, str>>)> {
        let known = [
            self.notify.map(|notify| ("NOTIFY", Some(Cow::Owned(notify.to_string())))),
            self.orcpt.as_ref().map(|orcpt| ("ORCPT", Some(Cow::Owned(orcpt.encode())))),
        ];
        known.into_iter().flatten().chain(self.other.iter().map(borrowed))
    }

    /// Returns the value of `keyword`, as [`MailParameters::get`](super::MailParameters::get) does.
    #[must_use]
    pub fn get(&self, keyword: &str) -> Option<Option<Cow<'_, str>>> {
        self.iter().find(|(name, _)| name.eq_ignore_ascii_case(keyword)).map(|(_, value)| value)
    }
}

/// The events of which the sender wants delivery status notifications: the value of `NOTIFY=` (RFC 3461 §4.1).
///
/// # Examples
///
/// ```
/// use mailchute_proto::{Notify, ParameterError, Parameters, RcptParameters};
///
/// let parameters = RcptParameters::from_parameters(&Parameters::parse(b"NOTIFY=SUCCESS")?)?;
/// let notify = parameters.notify.unwrap();
/// assert!(notify.on_success() && !notify.on_failure() && !notify.is_never());
/// # Ok::<(), ParameterError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Notify {
    success: bool,
    failure: bool,
    delay: bool,
}

impl Notify {
    /// `NOTIFY=NEVER`
    pub const NEVER: Self = Self { success: false, failure: false, delay: false };

    fn parse(value: &str) -> Option<Self> {
        if value.eq_ignore_ascii_case("NEVER") {
            return Some(Self::NEVER);
        }
        let mut notify = Self::NEVER;
        for event in value.split(',') {
            let wanted = match event {
                _ if event.eq_ignore_ascii_case("SUCCESS") => &mut notify.success,
                _ if event.eq_ignore_ascii_case("FAILURE") => &mut notify.failure,
                _ if event.eq_ignore_ascii_case("DELAY") => &mut notify.delay,
                _ => return None,
            };
            *wanted = true;
        }
        Some(notify)
    }

    /// Returns whether the sender wants no notification at all.
    #[must_use]
    pub fn is_never(self) -> bool {
        self == Self::NEVER
    }

    /// Returns whether the sender wants to be notified of a delivery.
    #[must_use]
    pub fn on_success(self) -> bool {
        self.success
    }

    /// Returns whether the sender wants to be notified of a failed delivery.
    #[must_use]
    pub fn on_failure(self) -> bool {
        self.failure
    }

    /// Returns whether the sender wants to be notified of a delayed delivery.
    #[must_use]
    pub fn on_delay(self) -> bool {
        self.delay
    }
}

impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_never() {
            return f.write_str("NEVER");
        }
        let events = [(self.success, "SUCCESS"), (self.failure, "FAILURE"), (self.delay, "DELAY")];
        let mut separator = "";
        for (_, name) in events.into_iter().filter(|(wanted, _)| *wanted) {
            write!(f, "{separator}{name}")?;
            separator = ",";
        }
        Ok(())
    }
}

/// The original recipient of a message, before any forwarding: the value of `ORCPT=` (RFC 3461 §4.2, RFC 6533 §3).
///
/// `Display` writes `type;address`, decoded, for people to read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OriginalRecipient {
    addr_type: String,
    address: String,
}

impl OriginalRecipient {
    fn parse(value: &str) -> Result<Option<Self>, ParameterError> {
        let (addr_type, encoded) = value.split_once(';').unwrap_or(("", value));
        let address = if addr_type.eq_ignore_ascii_case(UTF8_TYPE) {
            decode_utf8_address(encoded).map(Cow::Owned)
        } else {
            decode_xtext(encoded)
        };
        let address = decode_advisory(address)?;
        Ok(address
            .filter(|address| is_atom(addr_type) && !address.is_empty() && value.len() <= MAX_ORCPT)
            .map(|address| Self { addr_type: addr_type.to_owned(), address: address.into_owned() }))
    }

    /// Returns the value as sent, in ASCII.
    fn encode(&self) -> String {
        let address = if self.addr_type.eq_ignore_ascii_case(UTF8_TYPE) {
            encode_utf8_address(&self.address)
        } else {
            encode_xtext(&self.address)
        };
        format!("{};{address}", self.addr_type)
    }

    /// Returns the type of the address as the client wrote it. Mail uses `rfc822` and `utf-8`. Case does not matter.
    #[must_use]
    pub fn addr_type(&self) -> &str {
        &self.addr_type
    }

    /// Returns the address, decoded, without control characters. It may hold UTF-8 with any type: Postfix sends
    /// internationalized addresses as `rfc822`, not as the `utf-8` of RFC 6533. Its syntax is not checked.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl fmt::Display for OriginalRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{};{}", self.addr_type, self.address)
    }
}

/// Returns whether a text is an `atom` (RFC 5322 §3.2.3) without `=` and `+`, which xtext reserves.
fn is_atom(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*-/?^_`{|}~".contains(&byte))
}
