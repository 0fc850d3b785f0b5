//! The replies of the server (RFC 5321 §4.2).

pub mod catalog;
mod code;
mod encode;
mod enhanced;
mod parse;

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use catalog::Name;
pub use code::{Code, Severity};
pub(crate) use encode::{LINE_BYTES, TEXT_BYTES, is_printable, printable};
pub use enhanced::Enhanced;

/// A reply: a code, an enhanced status code and a text.
///
/// The text may hold any characters. On the wire a line feed starts another line of the reply. Anything else outside
/// printable ASCII becomes `?`, so that nobody can inject a CR, LF or NUL.
///
/// UTF-8 stays where the client takes it (RFC 6531 §3.7.4): in replies to VRFY and EXPN with the parameter SMTPUTF8, and
/// in 251 and 551 to RCPT after a MAIL with SMTPUTF8. A 251 or 551 that loses characters becomes 250 or 550, as its
/// address would be wrong.
///
/// A negative reply is a [`Refusal`](crate::Refusal).
///
/// # Examples
/// ```
/// use mailchute_proto::Reply;
///
/// let reply = Reply::new(250, (2, 1, 5), "The user has moved");
/// assert_eq!(reply.to_string(), "250 2.1.5 The user has moved");
/// assert!(reply.is_positive());
/// ```
#[derive(Debug, Clone)]
#[must_use = "a reply does nothing until it is returned or sent"]
pub struct Reply {
    code: Code,
    enhanced: Option<Enhanced>,
    text: Cow<'static, str>,
    closes: bool,
    /// The text is known to fit into one line unchanged, so no check is needed again.
    is_one_line: bool,
    /// The client takes UTF-8 in the text.
    is_utf8: bool,
    /// Its name if it is of the catalogue.
    name: Option<Name>,
}

/// The error for a code and an enhanced code that do not form a [`Reply`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplyError {
    /// The reply code is not of the form `[2-5][0-5][0-9]`.
    BadCode(u16),
    /// The enhanced code is malformed (RFC 3463 §2), or its class differs from the first digit of the reply code. A
    /// reply code that begins with 3 has no class.
    BadEnhanced(u16, Enhanced),
    /// The reply code of a [`Refusal`](crate::Refusal) is neither 4yz nor 5yz.
    NotARefusal(u16),
    /// A text is not a reply as a server sends it; the text, up to 100 characters.
    NotAReply(String),
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadCode(code) => {
                write!(f, "{code} is not an SMTP reply code: write 200 to 559, with a second digit of 0 to 5")
            }
            Self::NotARefusal(code) => {
                write!(f, "{code} does not refuse: write 400 to 559, with a second digit of 0 to 5")
            }
            Self::NotAReply(text) => {
                write!(
                    f,
                    "{text:?} is not a reply: write a code and a text, such as \"550 5.1.1 No such user\""
                )
            }
            Self::BadEnhanced(code @ 300..400, _) => {
                write!(
                    f,
                    "reply code {code} asks the client for more and has no enhanced status code: write 2yz, 4yz or \
                     5yz"
                )
            }
            Self::BadEnhanced(code, enhanced) if u16::from(enhanced.class()) == code / 100 => {
                write!(
                    f,
                    "enhanced status code {enhanced} is not well formed: write {}.x.y, each of x and y 0 to 999",
                    code / 100
                )
            }
            Self::BadEnhanced(code, enhanced) => {
                write!(
                    f,
                    "enhanced status code {enhanced} does not go with reply code {code}: write {}.x.y",
                    code / 100
                )
            }
        }
    }
}

impl Error for ReplyError {}

impl Reply {
    /// Creates a reply with an enhanced status code.
    ///
    /// A reply of code 421 also closes the connection (RFC 5321 §3.8).
    ///
    /// # Panics
    /// Panics if `code` is not an SMTP reply code, or if the class of `enhanced` is not its first digit: 2, 4 or 5. A
    /// hook that panics answers 451 and affects no other session. For codes known only at run time use
    /// [`Reply::try_new`].
    #[track_caller]
    pub fn new(code: u16, enhanced: impl Into<Enhanced>, text: impl Into<Cow<'static, str>>) -> Self {
        match Self::try_new(code, enhanced, text) {
            Ok(reply) => reply,
            Err(error) => panic!("{error}"),
        }
    }

    /// Creates a reply like [`Reply::new`], for codes from a file or another program.
    ///
    /// # Errors
    /// [`ReplyError`] says which of the two codes is wrong.
    ///
    /// ```
    /// use mailchute_proto::Reply;
    /// assert!(Reply::try_new(550, (5, 1, 1), "No such user").is_ok());
    /// let error = Reply::try_new(550, (4, 1, 1), "No such user").unwrap_err();
    /// assert_eq!(error.to_string(), "enhanced status code 4.1.1 does not go with reply code 550: write 5.x.y");
    /// ```
    pub fn try_new(
        code: u16,
        enhanced: impl Into<Enhanced>,
        text: impl Into<Cow<'static, str>>,
    ) -> Result<Self, ReplyError> {
        let enhanced = enhanced.into();
        match Code::new(code) {
            None => Err(ReplyError::BadCode(code)),
            Some(_) if !enhanced.is_well_formed() || u16::from(enhanced.class()) != code / 100 => {
                Err(ReplyError::BadEnhanced(code, enhanced))
            }
            Some(valid) => Ok(Self {
                code: valid,
                enhanced: Some(enhanced),
                text: text.into(),
                closes: code == 421,
                is_one_line: false,
                is_utf8: false,
                name: None,
            }),
        }
    }

    /// Creates a reply at compile time. In a `const`, codes that do not agree fail to compile.
    ///
    /// # Panics
    /// Panics as [`Reply::new`] does, when called at run time.
    #[track_caller]
    pub const fn from_static(code: u16, enhanced: (u8, u16, u16), text: &'static str) -> Self {
        let enhanced = Enhanced::new(enhanced.0, enhanced.1, enhanced.2);
        assert!(enhanced.is_well_formed() && enhanced.class() as u16 == code / 100, "the classes must agree");
        let mut reply = Self::plain(code, text);
        reply.enhanced = Some(enhanced);
        reply
    }

    /// Creates a reply without an enhanced code, for the few that must not have one (RFC 2034 §3).
    #[track_caller]
    pub(crate) const fn plain(code: u16, text: &'static str) -> Self {
        let code = Code::new(code).expect("a reply code of the catalogue");
        Self {
            code,
            enhanced: None,
            text: Cow::Borrowed(text),
            closes: code.get() == 421,
            is_one_line: encode::is_one_line(text),
            is_utf8: false,
            name: None,
        }
    }

    /// Names a reply of the catalogue.
    const fn named(mut self, name: Name) -> Self {
        self.name = Some(name);
        self
    }

    /// Returns the name of a reply of the catalogue, also if its text has been completed.
    pub(crate) const fn name(&self) -> Option<Name> {
        self.name
    }

    /// Makes the server close the connection after this reply.
    pub const fn hang_up(mut self) -> Self {
        self.close();
        self
    }

    pub(crate) const fn close(&mut self) {
        self.closes = true;
    }

    /// Returns the three-digit code.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// Returns the enhanced status code, if there is one.
    #[must_use]
    pub const fn enhanced(&self) -> Option<Enhanced> {
        self.enhanced
    }

    /// Returns the text as given.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns whether the server closes the connection after this reply.
    #[must_use]
    pub const fn hangs_up(&self) -> bool {
        self.closes
    }

    /// Returns whether the reply is positive (2yz).
    #[must_use]
    pub const fn is_positive(&self) -> bool {
        matches!(self.code.severity(), Severity::Completed)
    }

    /// Returns whether the reply is a refusal (4yz or 5yz).
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self.code.severity(), Severity::Transient | Severity::Permanent)
    }

    /// Appends the reply in its wire form, with CRLF after each line.
    ///
    /// Long texts are split into lines of at most 512 bytes (RFC 5321 §4.5.3.1.5). Each line carries the enhanced
    /// code (RFC 2034 §4).
    pub fn encode(&self, output: &mut Vec<u8>) {
        encode::encode(self, output);
    }

    /// Appends the reply if its text goes into one line as it is, and returns whether it does.
    pub(crate) fn encode_plain(&self, output: &mut Vec<u8>) -> bool {
        encode::encode_plain(self, output)
    }

    /// Sets whether the client takes UTF-8 in this reply. Without it a 251 or 551 that loses characters, which are those
    /// of an address, becomes 250 or 550 (RFC 6531 §3.7.4.1).
    pub(crate) fn set_utf8(&mut self, is_utf8: bool) {
        self.is_utf8 = is_utf8;
        if !is_utf8 && !self.text.is_ascii() {
            self.code = self.code.without_address();
        }
    }

    /// Appends a reply whose lines are known to be printable and to fit the wire.
    pub(crate) fn encode_lines(&self, output: &mut Vec<u8>) {
        encode::encode_lines(self.code, self.enhanced, &self.text, output);
    }

    /// Returns the text if it was made at run time.
    pub(crate) fn owned_text(&self) -> Option<&String> {
        match &self.text {
            Cow::Borrowed(_) => None,
            Cow::Owned(text) => Some(text),
        }
    }

    /// Returns whether it is a 421, after which nothing follows (RFC 5321 §3.8).
    pub(crate) const fn is_farewell(&self) -> bool {
        self.code.get() == 421
    }

    pub(crate) const fn with_code(mut self, code: Code) -> Self {
        self.code = code;
        self
    }

    pub(crate) fn with_text(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.text = text.into();
        self.is_one_line = false;
        self
    }

    /// Returns this reply in place of a standard one, of which it keeps what the conversation depends on.
    pub(crate) fn in_place_of(mut self, standard: &Self) -> Self {
        self.closes = standard.closes;
        self.enhanced = self.enhanced.filter(|_| standard.enhanced.is_some());
        self.name = None;
        self
    }

    /// Gives a reply of 2yz, 4yz or 5yz without an enhanced code the one that says nothing else: `X.0.0`.
    pub(crate) fn with_some_enhanced(mut self) -> Self {
        let class = match self.code.severity() {
            Severity::Completed => 2,
            Severity::Intermediate => return self,
            Severity::Transient => 4,
            Severity::Permanent => 5,
        };
        self.enhanced.get_or_insert(Enhanced::new(class, 0, 0));
        self
    }

    pub(crate) fn without_enhanced(mut self) -> Self {
        self.enhanced = None;
        self
    }
}

/// Two replies are equal if they look the same on the wire and treat the connection alike.
impl PartialEq for Reply {
    fn eq(&self, other: &Self) -> bool {
        (self.code, self.enhanced, &self.text, self.closes, self.is_utf8)
            == (other.code, other.enhanced, &other.text, other.closes, other.is_utf8)
    }
}

impl Eq for Reply {}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut wire = Vec::new();
        self.encode(&mut wire);
        let wire = String::from_utf8_lossy(&wire);
        for (index, line) in wire.lines().enumerate() {
            f.write_str(if index == 0 { "" } else { " / " })?;
            f.write_str(line)?;
        }
        Ok(())
    }
}
