//! The changes to the EHLO offer of one session.
//!
//! # Why
//!
//! The edits are an overlay: a session without any holds an empty pointer and pays nothing. An application may
//! disable Mailchute's own extensions and set SIZE. It cannot give arguments to the other keywords, because nothing
//! would act on them. BDAT without CHUNKING is answered 502 after its bytes, which are dropped, so none runs as a
//! command.

use std::error::Error;
use std::fmt;

use crate::extension::Extension;
use crate::params::{MailParameters, RcptParameters, is_keyword};

/// The changes to the EHLO offer of one session, announced and active.
///
/// They last for the session, also after EHLO and STARTTLS, until an XCLIENT. A later change replaces an earlier one.
///
/// # Examples
///
/// ```
/// use mailchute_proto::{EhloEdits, EhloError, Extension};
///
/// let mut edits = EhloEdits::default();
/// edits.disable(Extension::Chunking).set_max_message_size(1_000_000);
/// edits.announce("XKEY rsa ed25519")?.accept_mail_parameter("XKEY")?;
/// assert_eq!(edits.announce("X KEY\r\n250 QUIT").unwrap_err(), EhloError::BadKeyword("X KEY\r\n250 QUIT".into()));
/// # Ok::<(), EhloError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EhloEdits {
    disabled: u32,
    max_message_size: Option<u64>,
    lines: Vec<String>,
    mail_parameters: Vec<String>,
    rcpt_parameters: Vec<String>,
}

impl EhloEdits {
    /// Disables an extension. It is not announced, its command is answered `502 5.5.1` and its parameters `555
    /// 5.5.4`. Without CHUNKING there is no BINARYMIME either.
    ///
    /// PIPELINING, ENHANCEDSTATUSCODES, LIMITS and HELP are only removed from the reply. Pipelined commands, enhanced
    /// codes and limits stay active. Without SIZE the limit on the content stays.
    pub fn disable(&mut self, extension: Extension) -> &mut Self {
        self.disabled |= extension.bit();
        self
    }

    /// Enables a disabled extension again, if the server offers it.
    pub fn enable(&mut self, extension: Extension) -> &mut Self {
        self.disabled &= !extension.bit();
        self
    }

    /// Sets another SIZE in bytes, and enforces it at MAIL and in the content. 0 means no limit.
    pub fn set_max_message_size(&mut self, bytes: u64) -> &mut Self {
        self.max_message_size = Some(bytes);
        self
    }

    /// Announces an additional keyword with its arguments. It replaces an earlier line with the same keyword. The
    /// application must implement it.
    ///
    /// # Errors
    /// Returns [`EhloError::BadKeyword`] if the line is malformed or longer than 500 bytes. It must be a keyword of
    /// letters, digits and hyphens, with arguments of printable ASCII, each after one space (RFC 5321 §4.1.1.1).
    /// Returns [`EhloError::Known`] if Mailchute defines the keyword.
    pub fn announce(&mut self, line: &str) -> Result<&mut Self, EhloError> {
        let mut words = line.split(' ');
        let keyword = words.next().filter(|keyword| is_keyword(keyword));
        let is_param = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic());
        let (Some(keyword), true, true) = (keyword, words.all(is_param), line.len() <= LONGEST) else {
            return Err(EhloError::BadKeyword(line.to_owned()));
        };
        if Extension::of(keyword).is_some() {
            return Err(EhloError::Known(keyword.to_ascii_uppercase()));
        }
        self.retract(keyword);
        self.lines.push(line.to_owned());
        Ok(self)
    }

    /// Stops announcing an additional keyword.
    pub fn retract(&mut self, keyword: &str) -> &mut Self {
        self.lines
            .retain(|line| !line.split(' ').next().is_some_and(|own| own.eq_ignore_ascii_case(keyword)));
        self
    }

    /// Accepts a parameter of MAIL that Mailchute does not know and passes it on in [`MailParameters::other`].
    ///
    /// # Errors
    /// Returns [`EhloError::BadKeyword`] if the name is malformed, and [`EhloError::Known`] if Mailchute defines it.
    pub fn accept_mail_parameter(&mut self, name: &str) -> Result<&mut Self, EhloError> {
        add(&mut self.mail_parameters, own_parameter(name, &MailParameters::KEYWORDS)?);
        Ok(self)
    }

    /// Accepts a parameter of RCPT, like [`accept_mail_parameter`](Self::accept_mail_parameter).
    ///
    /// # Errors
    /// Returns [`EhloError::BadKeyword`] if the name is malformed, and [`EhloError::Known`] if Mailchute defines it.
    pub fn accept_rcpt_parameter(&mut self, name: &str) -> Result<&mut Self, EhloError> {
        add(&mut self.rcpt_parameters, own_parameter(name, &RcptParameters::KEYWORDS)?);
        Ok(self)
    }

    /// Returns the limit on the bytes of a message, if one was set.
    #[must_use]
    pub fn max_message_size(&self) -> Option<u64> {
        self.max_message_size
    }

    pub(crate) fn has_disabled(&self, extension: Extension) -> bool {
        self.disabled & extension.bit() != 0
    }

    pub(crate) fn lines(&self) -> &[String] {
        &self.lines
    }

    pub(crate) fn mail_parameters(&self) -> &[String] {
        &self.mail_parameters
    }

    pub(crate) fn rcpt_parameters(&self) -> &[String] {
        &self.rcpt_parameters
    }
}

/// The longest line, below the 512 bytes with code and CRLF (RFC 5321 §4.5.3.1.5).
const LONGEST: usize = 500;

/// Adds a name once: a hook may add it at each EHLO.
fn add(parameters: &mut Vec<String>, name: String) {
    if !parameters.contains(&name) {
        parameters.push(name);
    }
}

/// Returns the name in capitals, if it is valid and not among `known`.
fn own_parameter(name: &str, known: &[&str]) -> Result<String, EhloError> {
    let upper = name.to_ascii_uppercase();
    if !is_keyword(name) || name.len() > LONGEST {
        return Err(EhloError::BadKeyword(name.to_owned()));
    }
    if known.contains(&&*upper) { Err(EhloError::Known(upper)) } else { Ok(upper) }
}

/// The error for an additional keyword or parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EhloError {
    /// It is malformed (RFC 5321 §4.1.1.1).
    BadKeyword(String),
    /// Mailchute already defines it.
    Known(String),
}

impl fmt::Display for EhloError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadKeyword(text) => write!(
                f,
                "{text:?} is not a keyword; write letters, digits and hyphens, not beginning with a hyphen, and \
                 arguments of printable ASCII with one space between them"
            ),
            Self::Known(keyword) => {
                write!(f, "{keyword} is already defined; write another name")?;
                match &**keyword {
                    "BY" | "DELIVERBY" => f.write_str(", or use the option that enables DELIVERBY"),
                    "MT-PRIORITY" => f.write_str(", or use the option that enables MT-PRIORITY"),
                    "HOLDFOR" | "HOLDUNTIL" | "FUTURERELEASE" => {
                        f.write_str(", or use the option that enables FUTURERELEASE")
                    }
                    _ => f.write_str(", as the server handles this one itself"),
                }
            }
        }
    }
}

impl Error for EhloError {}
