//! Refusals: replies that say no.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::reply::{Code, Enhanced, Reply, ReplyError, catalog};

/// A negative reply. Its code is always 4yz ("not now") or 5yz ("never").
///
/// `?` turns every [`std::error::Error`] into a refusal: `451 4.3.0`, which hides the error from the client and keeps
/// it for the log ([`cause`](Self::cause)). A `Box<dyn Error + Send + Sync>`, an `anyhow::Error` and a `String` do not
/// implement that trait; write `.map_err(Refusal::internal)?`. `Refusal` does not implement it either.
///
/// # Examples
/// ```
/// use mailchute_proto::Refusal;
///
/// fn check(domain: &str) -> Result<(), Refusal> {
///     let version: u32 = "7".parse()?; // an error answers 451 4.3.0
///     if domain == "blacklisted.example" && version > 6 {
///         return Err(Refusal::new(550, (5, 7, 1), "Sender address rejected"));
///     }
///     Ok(())
/// }
///
/// let refusal = check("blacklisted.example").unwrap_err();
/// assert_eq!(refusal.to_string(), "550 5.7.1 Sender address rejected");
/// ```
#[derive(Debug, Clone)]
#[must_use = "a refusal does nothing until it is returned"]
pub struct Refusal {
    reply: Reply,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl Refusal {
    /// Creates a refusal from a reply code, an enhanced status code and a text for the client.
    ///
    /// A refusal of code 421 also closes the connection (RFC 5321 §3.8).
    ///
    /// `code` is 400 to 559, and the class of `enhanced` is the first digit of `code`. Codes that break this rule
    /// create the `451 4.3.0` of [`internal`](Self::internal), and the log names the mistake. So a wrong code never
    /// accepts anything and never panics. [`from_static`](Self::from_static) finds the mistake at compile time, and
    /// [`try_new`](Self::try_new) returns it.
    pub fn new(code: u16, enhanced: impl Into<Enhanced>, text: impl Into<Cow<'static, str>>) -> Self {
        Self::try_new(code, enhanced, text).unwrap_or_else(Self::internal)
    }

    /// Creates a refusal like [`new`](Self::new), for codes from a file or another program.
    ///
    /// # Errors
    /// [`ReplyError`] says which of the two codes is wrong.
    ///
    /// ```
    /// use mailchute_proto::Refusal;
    /// assert!(Refusal::try_new(550, (5, 1, 1), "No such user").is_ok());
    /// let error = Refusal::try_new(250, (2, 1, 5), "Fine").unwrap_err();
    /// assert_eq!(error.to_string(), "250 does not refuse: write 400 to 559, with a second digit of 0 to 5");
    /// ```
    pub fn try_new(
        code: u16,
        enhanced: impl Into<Enhanced>,
        text: impl Into<Cow<'static, str>>,
    ) -> Result<Self, ReplyError> {
        Self::try_from(Reply::try_new(code, enhanced, text)?)
    }

    /// Creates a refusal at compile time. In a `const`, codes that do not make a refusal fail to compile.
    ///
    /// ```
    /// use mailchute_proto::Refusal;
    /// const UNKNOWN: Refusal = Refusal::from_static(550, (5, 1, 1), "No such user");
    /// assert_eq!(UNKNOWN.code().get(), 550);
    /// ```
    ///
    /// # Panics
    /// Panics at run time if the codes do not make a refusal.
    #[track_caller]
    pub const fn from_static(code: u16, enhanced: (u8, u16, u16), text: &'static str) -> Self {
        assert!(code >= 400, "a refusal has a code of 400 to 559");
        Self { reply: Reply::from_static(code, enhanced, text), cause: None }
    }

    /// Creates the `451 4.3.0` that hides `cause` from the client and keeps it for the log.
    ///
    /// Use it for errors that `?` cannot convert, such as `Box<dyn Error + Send + Sync>`, `anyhow::Error` and `String`:
    /// `.map_err(Refusal::internal)?`.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { reply: catalog::INTERNAL_ERROR, cause: Some(Arc::from(cause.into())) }
    }

    /// Creates a refusal from a negative reply, such as one of the [catalogue](crate::reply::catalog).
    ///
    /// ```
    /// use mailchute_proto::{Refusal, catalog};
    /// const FULL: Refusal = Refusal::from_reply(catalog::INSUFFICIENT_STORAGE);
    /// ```
    ///
    /// # Panics
    /// Panics if the reply is not negative. For replies known only at run time use [`TryFrom`].
    #[track_caller]
    pub const fn from_reply(reply: Reply) -> Self {
        assert!(reply.is_refusal(), "a reply that refuses");
        Self { reply, cause: None }
    }

    /// Attaches the cause of the refusal, for the log. The client gets the text of the refusal.
    ///
    /// ```
    /// # use mailchute_proto::Refusal;
    /// # fn look_up() -> std::io::Result<bool> { Ok(true) }
    /// # fn check() -> Result<(), Refusal> {
    /// let is_known = look_up()
    ///     .map_err(|error| Refusal::new(451, (4, 4, 3), "Directory unavailable").with_cause(error))?;
    /// # let _ = is_known;
    /// # Ok(())
    /// # }
    /// # check().unwrap();
    /// ```
    pub fn with_cause(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(Arc::from(cause.into()));
        self
    }

    /// Changes what the client gets, and keeps the [cause](Self::cause) for the log.
    ///
    /// Use it where `?` has turned errors into `451 4.3.0`, and another code says more. AUTH of a database that does not
    /// answer is an example. The codes are those of [`new`](Self::new). A refusal that hangs up still does.
    ///
    /// ```
    /// # use mailchute_proto::Refusal;
    /// fn quota(text: &str) -> Result<u32, Refusal> {
    ///     Ok(text.parse()?)
    /// }
    ///
    /// let refusal = quota("?").map_err(|it| it.with_reply(454, (4, 7, 0), "Temporary failure")).unwrap_err();
    /// assert_eq!(refusal.to_string(), "454 4.7.0 Temporary failure");
    /// assert_eq!(refusal.cause().unwrap().to_string(), "invalid digit found in string");
    /// ```
    pub fn with_reply(
        self,
        code: u16,
        enhanced: impl Into<Enhanced>,
        text: impl Into<Cow<'static, str>>,
    ) -> Self {
        let mut changed = match (Self::try_new(code, enhanced, text), self.cause) {
            (Ok(changed), cause) => Self { cause, ..changed },
            (Err(mistake), None) => Self::internal(mistake),
            (Err(mistake), Some(cause)) => {
                Self::internal(format!("{cause}; and the code is wrong: {mistake}"))
            }
        };
        if self.reply.hangs_up() {
            changed.reply.close();
        }
        changed
    }

    /// Makes the server close the connection after this refusal.
    pub const fn hang_up(mut self) -> Self {
        self.reply.close();
        self
    }

    /// Returns the three-digit code: 4yz or 5yz.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.reply.code()
    }

    /// Returns the reply for the client.
    pub const fn reply(&self) -> &Reply {
        &self.reply
    }

    /// Returns whether the connection is closed after this refusal.
    #[must_use]
    pub const fn hangs_up(&self) -> bool {
        self.reply.hangs_up()
    }

    /// Returns the attached error, for the log. The client never sees it.
    #[must_use]
    pub const fn cause(&self) -> Option<&Arc<dyn Error + Send + Sync>> {
        self.cause.as_ref()
    }

    /// Returns whether the client gets the standard `451 4.3.0`, which hides the error.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        self.reply == catalog::INTERNAL_ERROR
    }
}

/// Fails for a reply that is not negative.
impl TryFrom<Reply> for Refusal {
    type Error = ReplyError;

    fn try_from(reply: Reply) -> Result<Self, ReplyError> {
        if reply.is_refusal() {
            Ok(Self { reply, cause: None })
        } else {
            Err(ReplyError::NotARefusal(reply.code().get()))
        }
    }
}

/// Reads a refusal of another server, to pass it on: see [`Reply`](Reply#impl-FromStr-for-Reply). One without an enhanced
/// status code gets `4.0.0` or `5.0.0`. A 421 closes the connection here too.
///
/// ```
/// use mailchute_proto::Refusal;
///
/// let refusal: Refusal = "452-4.2.2 The mailbox of bob\r\n452 4.2.2 is full".parse()?;
/// assert_eq!(refusal, Refusal::new(452, (4, 2, 2), "The mailbox of bob\nis full"));
/// assert!("250 2.6.0 Queued".parse::<Refusal>().is_err());
/// # Ok::<(), mailchute_proto::ReplyError>(())
/// ```
impl FromStr for Refusal {
    type Err = ReplyError;

    fn from_str(text: &str) -> Result<Self, ReplyError> {
        Self::try_from(text.parse::<Reply>()?.with_some_enhanced())
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        refusal.reply
    }
}

/// The errors that `?` turns into the hidden `451 4.3.0`: every [`std::error::Error`]. This trait exists for the
/// compiler's message about any other type.
#[diagnostic::on_unimplemented(
    message = "`?` cannot turn `{Self}` into a `Refusal`",
    label = "write `.map_err(Refusal::internal)?` here, as `{Self}` does not implement `std::error::Error`"
)]
pub trait HiddenCause {
    /// Hides the error from the client and keeps it for the log.
    fn hide(self) -> Refusal;
}

#[diagnostic::do_not_recommend]
impl<E: Error + Send + Sync + 'static> HiddenCause for E {
    fn hide(self) -> Refusal {
        Refusal::internal(self)
    }
}

impl<E: HiddenCause> From<E> for Refusal {
    fn from(error: E) -> Self {
        error.hide()
    }
}

/// Two refusals are equal if the client gets the same reply. The cause does not matter.
impl PartialEq for Refusal {
    fn eq(&self, other: &Self) -> bool {
        self.reply == other.reply
    }
}

impl Eq for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reply.fmt(f)
    }
}
