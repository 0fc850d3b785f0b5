//! What one session is offered that others are not, and the other way round.

use std::error::Error;
use std::fmt;

use crate::extension::Extension;
use crate::params::{MailParameters, RcptParameters, is_keyword};

/// Changes to the reply to EHLO, and to what stands behind it, for one session.
///
/// They last as long as the session, over further EHLOs and over STARTTLS, up to an XCLIENT, whose client begins without
/// any; a later one takes the place of an earlier one. What is [withdrawn](Self::withdraw) is off, not only unsaid.
///
/// # Examples
///
/// ```
/// use mailchute_proto::{EhloEdits, EhloError, Extension};
///
/// let mut edits = EhloEdits::default();
/// edits.withdraw(Extension::Chunking).set_size(1_000_000).announce("XKEY rsa ed25519")?.take_mail_parameter("XKEY")?;
/// assert_eq!(edits.announce("X KEY\r\n250 QUIT").unwrap_err(), EhloError::BadKeyword("X KEY\r\n250 QUIT".into()));
/// # Ok::<(), EhloError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EhloEdits {
    withdrawn: u32,
    size: Option<u64>,
    lines: Vec<String>,
    mail_parameters: Vec<String>,
    rcpt_parameters: Vec<String>,
}

impl EhloEdits {
    /// Takes an extension away: it is not announced, its command is answered `502 5.5.1` and its parameters
    /// `555 5.5.4`. Without CHUNKING there is no BINARYMIME either.
    ///
    /// PIPELINING, ENHANCEDSTATUSCODES, LIMITS and HELP are only announced no more: commands may come in groups, replies
    /// carry their codes, and limits hold all the same. Without SIZE the limit on the data holds.
    pub fn withdraw(&mut self, extension: Extension) -> &mut Self {
        self.withdrawn |= extension.bit();
        self
    }

    /// Offers again what was withdrawn, if the server offers it at all.
    pub fn restore(&mut self, extension: Extension) -> &mut Self {
        self.withdrawn &= !extension.bit();
        self
    }

    /// Announces another SIZE and holds the session to it, at MAIL and in the data: octets of a message, 0 for no
    /// limit.
    pub fn set_size(&mut self, octets: u64) -> &mut Self {
        self.size = Some(octets);
        self
    }

    /// Announces a keyword of the application's own, with its arguments behind it, in the place of an earlier line
    /// with this keyword. It is only said; what it means is the application's to do.
    ///
    /// # Errors
    /// [`EhloError::BadKeyword`] if the line is not a keyword of letters, digits and hyphens with arguments of printable
    /// ASCII, each behind one space, and no longer than 500 octets in all (RFC 5321 §4.1.1.1); [`EhloError::Known`] if
    /// the keyword is Mailchute's own.
    pub fn announce(&mut self, line: &str) -> Result<&mut Self, EhloError> {
        let mut words = line.split(' ');
        let keyword = words.next().filter(|keyword| is_keyword(keyword));
        let is_param = |word: &str| !word.is_empty() && word.bytes().all(|octet| octet.is_ascii_graphic());
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

    /// Announces a keyword of the application's own no more.
    pub fn retract(&mut self, keyword: &str) -> &mut Self {
        self.lines
            .retain(|line| !line.split(' ').next().is_some_and(|own| own.eq_ignore_ascii_case(keyword)));
        self
    }

    /// Takes a parameter of MAIL that Mailchute does not know and hands it on in
    /// [`MailParameters::other`].
    ///
    /// # Errors
    /// [`EhloError::BadKeyword`] if the name is none, [`EhloError::Known`] if Mailchute knows it.
    pub fn take_mail_parameter(&mut self, name: &str) -> Result<&mut Self, EhloError> {
        add(&mut self.mail_parameters, own_parameter(name, &MailParameters::KEYWORDS)?);
        Ok(self)
    }

    /// As [`take_mail_parameter`](Self::take_mail_parameter), for RCPT.
    ///
    /// # Errors
    /// [`EhloError::BadKeyword`] if the name is none, [`EhloError::Known`] if Mailchute knows it.
    pub fn take_rcpt_parameter(&mut self, name: &str) -> Result<&mut Self, EhloError> {
        add(&mut self.rcpt_parameters, own_parameter(name, &RcptParameters::KEYWORDS)?);
        Ok(self)
    }

    /// Another limit on the octets of a message, if one was set.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    pub(crate) fn has_withdrawn(&self, extension: Extension) -> bool {
        self.withdrawn & extension.bit() != 0
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

/// Less than the 512 octets of a line with its code and CRLF (RFC 5321 §4.5.3.1.5).
const LONGEST: usize = 500;

/// Once is enough: a hook says the same at each EHLO.
fn add(parameters: &mut Vec<String>, name: String) {
    if !parameters.contains(&name) {
        parameters.push(name);
    }
}

/// The name in capitals, if it is one and not among those that are `known`.
fn own_parameter(name: &str, known: &[&str]) -> Result<String, EhloError> {
    let upper = name.to_ascii_uppercase();
    if !is_keyword(name) || name.len() > LONGEST {
        return Err(EhloError::BadKeyword(name.to_owned()));
    }
    if known.contains(&&*upper) { Err(EhloError::Known(upper)) } else { Ok(upper) }
}

/// Why a keyword or a parameter of one's own cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EhloError {
    /// It is not of the form that RFC 5321 §4.1.1.1 gives it.
    BadKeyword(String),
    /// Mailchute knows it and gives it its own meaning.
    Known(String),
}

impl fmt::Display for EhloError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadKeyword(text) => write!(
                f,
                "{text:?} is no keyword; write letters, digits and hyphens, the first no hyphen, and arguments of \
                 printable ASCII with one space between them"
            ),
            Self::Known(keyword) => {
                write!(f, "{keyword} has a meaning of its own; write another name")?;
                match &**keyword {
                    "BY" | "DELIVERBY" => f.write_str(", or use the option that switches DELIVERBY on"),
                    "MT-PRIORITY" => f.write_str(", or use the option that switches MT-PRIORITY on"),
                    "HOLDFOR" | "HOLDUNTIL" | "FUTURERELEASE" => {
                        f.write_str(", or use the option that switches FUTURERELEASE on")
                    }
                    _ => f.write_str(", as the server takes care of this one itself"),
                }
            }
        }
    }
}

impl Error for EhloError {}
