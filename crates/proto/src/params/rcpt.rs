//! What the parameters of RCPT mean.

use std::borrow::Cow;
use std::fmt;

use super::sparse::sealed::Standard;
use super::xtext::decode_utf8_address;
use super::{ParameterError, Parameters, decode_advisory, decode_xtext, owned};

/// The longest original recipient, in octets as it is sent (RFC 3461 §4.2).
const MAX_ORCPT: usize = 500;
const UTF8_TYPE: &str = "utf-8";

/// The parameters of RCPT as types.
///
/// It says nothing about whether the session has offered the extension that a parameter belongs to.
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
    /// `NOTIFY=`: when the sender wants to be told (RFC 3461 §4.1). A value that cannot be read is `None`.
    pub notify: Option<Notify>,
    /// `ORCPT=`: to whom the message was sent at first (RFC 3461 §4.2). A value that cannot be read is `None`, and so is
    /// one in UTF-8 where the message did not ask for SMTPUTF8.
    pub orcpt: Option<OriginalRecipient>,
    /// Those that are none of the above, with the keyword in upper case and the value as it came, in the client's
    /// order.
    pub other: Vec<(String, Option<String>)>,
}

static NONE: RcptParameters = RcptParameters { notify: None, orcpt: None, other: Vec::new() };

impl Standard for RcptParameters {
    fn standard() -> &'static Self {
        &NONE
    }
}

/// None.
impl Default for RcptParameters {
    fn default() -> Self {
        NONE.clone()
    }
}

impl RcptParameters {
    /// Those that have a field of their own.
    pub(crate) const KEYWORDS: [&str; 2] = ["NOTIFY", "ORCPT"];

    /// Gives the parameters their types.
    ///
    /// # Errors
    ///
    /// [`ParameterError::ControlCharacter`] if a decoded value holds one. NOTIFY and ORCPT change nothing about delivery,
    /// so no other value of theirs is an error.
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
}

/// When the sender wants a delivery status notification: the value of `NOTIFY=` (RFC 3461 §4.1).
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

    /// Whether the sender wants to hear nothing at all.
    #[must_use]
    pub fn is_never(self) -> bool {
        self == Self::NEVER
    }

    /// Whether the sender wants to hear of a delivery.
    #[must_use]
    pub fn on_success(self) -> bool {
        self.success
    }

    /// Whether the sender wants to hear that delivery has failed.
    #[must_use]
    pub fn on_failure(self) -> bool {
        self.failure
    }

    /// Whether the sender wants to hear that delivery takes its time.
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

/// To whom a message was sent before anybody forwarded it: the value of `ORCPT=` (RFC 3461 §4.2, RFC 6533 §3).
///
/// It prints as `type;address`, decoded: a form to show, not to send.
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

    /// The kind of the address as the client wrote it: `rfc822` and `utf-8` are those of mail. Case does not matter.
    #[must_use]
    pub fn addr_type(&self) -> &str {
        &self.addr_type
    }

    /// The address, decoded, without control characters. It may hold UTF-8 whatever its kind: Postfix sends
    /// internationalized addresses as `rfc822`, not as the `utf-8` of RFC 6533. Whether it is an address of its kind
    /// has not been looked at.
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

/// `atom` of RFC 5322 §3.2.3, without the `=` and `+` that xtext keeps for itself.
fn is_atom(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*-/?^_`{|}~".contains(&byte))
}
