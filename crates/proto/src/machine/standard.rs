//! Standard replies, and what an application puts in their place.
//!
//! # Why
//!
//! The machine decides by the standard reply, and only what goes out is edited. So no edit can change the course of the
//! conversation, and an edit that would tell the client something else is dropped.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use super::Machine;
use crate::command::Verb;
use crate::reply::catalog::Name;
use crate::reply::{Code, Enhanced, Reply, is_printable};

/// A standard reply that is about to be sent: one of the [catalogue](crate::reply::catalog).
#[derive(Debug, Clone, Copy)]
pub struct StandardReply<'r> {
    reply: &'r Reply,
    name: Name,
    verb: Option<Verb>,
    /// The bytes of text that fit into its line.
    most: usize,
}

/// An application's way to change the texts of standard replies; see [`Machine::editing_replies`].
pub trait EditReplies: fmt::Debug + Send + Sync {
    /// Returns the reply to send in place of a standard one, or `None` to send that.
    fn edit(&self, standard: &StandardReply<'_>) -> Option<Reply>;

    /// Is told that the reply from [`edit`](Self::edit) cannot be sent. The client gets the standard reply.
    fn rejected(&self, standard: &StandardReply<'_>, error: &EditReplyError);
}

/// The error for a reply that cannot be sent in place of a standard one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EditReplyError {
    /// The reply has the first of these codes and the standard reply the second, whose first digit differs. A 421 and
    /// a 3yz keep their code.
    Code(Code, Code),
    /// The reply closes the connection, and the standard reply does not.
    HangsUp,
    /// The text is not one line of printable ASCII.
    Text,
    /// The text has more bytes than the line holds. This is the number that fits.
    TooLong(usize),
}

impl fmt::Display for EditReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(given, standard) => {
                let standard = standard.get();
                write!(f, "code {given} cannot stand in place of {standard}: write ")?;
                if standard == 421 || standard / 100 == 3 {
                    write!(f, "{standard}")
                } else {
                    write!(f, "{}yz", standard / 100)
                }
            }
            Self::HangsUp => f.write_str("it closes the connection, and the standard reply does not"),
            Self::Text => f.write_str("the text must be one line of printable ASCII"),
            Self::TooLong(most) => write!(f, "the text is too long: write at most {most} bytes"),
        }
    }
}

impl Error for EditReplyError {}

impl StandardReply<'_> {
    /// Returns the name of the reply in the catalogue.
    #[must_use]
    pub fn name(&self) -> Name {
        self.name
    }

    /// Returns the three-digit code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.reply.code()
    }

    /// Returns the enhanced status code. Greetings, the replies to EHLO and a 354 have none (RFC 2034 §3).
    #[must_use]
    pub fn enhanced(&self) -> Option<Enhanced> {
        self.reply.enhanced()
    }

    /// Returns the text, without the host name that the server puts in front in its greeting and in the reply to EHLO.
    #[must_use]
    pub fn text(&self) -> &str {
        self.reply.text()
    }

    /// Returns the verb of the command that is answered: [`Verb::Other`] for a line that is not a command. It is `None`
    /// for the greeting, for a message, and for what the server says unasked.
    #[must_use]
    pub fn verb(&self) -> Option<Verb> {
        self.verb
    }

    /// Returns the same reply with another text.
    pub fn with_text(&self, text: impl Into<Cow<'static, str>>) -> Reply {
        self.reply.clone().with_text(text)
    }

    /// Checks a reply that is to stand in place of this one.
    fn replaced_by(&self, reply: Reply) -> Result<Reply, EditReplyError> {
        let (given, standard) = (reply.code(), self.code());
        let keeps_code = self.reply.is_farewell() || standard.get() / 100 == 3;
        if given.severity() != standard.severity() || keeps_code && given != standard {
            return Err(EditReplyError::Code(given, standard));
        }
        if reply.hangs_up() && !self.reply.hangs_up() {
            return Err(EditReplyError::HangsUp);
        }
        if !is_printable(reply.text()) {
            return Err(EditReplyError::Text);
        }
        if reply.text().len() > self.most {
            return Err(EditReplyError::TooLong(self.most));
        }
        Ok(reply.in_place_of(self.reply))
    }
}

impl Machine {
    /// Lets the application change the texts of standard replies.
    ///
    /// The code may change within its first digit. It cannot turn a refusal into an acceptance, ask for more, or close
    /// the connection, as the session goes on as after the standard reply.
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use mailchute_proto::catalog::Name;
    /// use mailchute_proto::{EditReplies, EditReplyError, Machine, Reply, Settings, StandardReply, Step, Verdict};
    ///
    /// #[derive(Debug)]
    /// struct Polite;
    ///
    /// impl EditReplies for Polite {
    ///     fn edit(&self, standard: &StandardReply<'_>) -> Option<Reply> {
    ///         (standard.name() == Name::GREETING).then(|| standard.with_text("ESMTP at your service"))
    ///     }
    ///
    ///     fn rejected(&self, _: &StandardReply<'_>, error: &EditReplyError) {
    ///         panic!("{error}");
    ///     }
    /// }
    ///
    /// let mut machine = Machine::new(Settings::new("mx.example.com").into()).editing_replies(Box::new(Polite));
    /// let mut output = Vec::new();
    /// if let Step::Connect(ask) = machine.step(&mut BytesMut::new(), &mut output) {
    ///     ask.answer(Ok(Verdict::Accept));
    /// }
    /// assert_eq!(output, b"220 mx.example.com ESMTP at your service\r\n");
    /// ```
    #[must_use]
    pub fn editing_replies(mut self, editor: Box<dyn EditReplies>) -> Self {
        self.editor = Some(editor);
        self
    }

    /// Puts the application's reply in place of a standard one, with at most so many bytes of text.
    #[inline]
    pub(super) fn edit_standard(&self, reply: &mut Reply, most: usize) {
        if let Some(editor) = &self.editor {
            self.edit_by(&**editor, reply, most);
        }
    }

    #[cold]
    fn edit_by(&self, editor: &dyn EditReplies, reply: &mut Reply, most: usize) {
        let Some(name) = reply.name() else { return };
        let standard = StandardReply { reply, name, verb: self.answered.verb(), most };
        let Some(edited) = editor.edit(&standard) else { return };
        match standard.replaced_by(edited) {
            Ok(edited) => *reply = edited,
            Err(error) => editor.rejected(&standard, &error),
        }
    }
}
