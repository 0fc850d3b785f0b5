//! Explanations of lines in their order, as one session has them.

use super::command::left_out;
use super::reply::{of_line, parts};
use super::{Explanation, Part, command, keyword};
use crate::command::Verb;

/// Follows the lines of one session, and explains each by those before it: a 250 after RCPT is not a 250 after EHLO.
///
/// ```
/// use mailchute_proto::explain::Follower;
///
/// let mut follower = Follower::default();
/// assert_eq!(follower.reply_line("220 mx.example.com ESMTP").unwrap().title, "Welcome");
/// follower.command("EHLO client.example");
/// assert_eq!(follower.reply_line("250-mx.example.com").unwrap().title, "Greeting accepted");
/// assert_eq!(follower.reply_line("250 PIPELINING").unwrap().title, "Several commands at once");
/// follower.command("RCPT TO:<bob@example.com>");
/// assert_eq!(follower.reply_line("250 Ok").unwrap().title, "Recipient accepted");
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Follower {
    answered: Option<Verb>,
    /// The server waits for an answer within AUTH.
    is_login: bool,
    /// More lines of the same reply come.
    is_reply: bool,
}

impl Follower {
    /// Explains a line of the client, as [`command`](super::command) does. An answer within AUTH has one part, which
    /// says nothing of it.
    pub fn command(&mut self, line: &str) -> Vec<Part> {
        if self.is_login && line.trim_end() != "*" {
            return vec![Part { range: 0..line.len(), explanation: left_out() }];
        }
        if !self.is_login {
            self.answered = Some(Verb::of(line.split_whitespace().next().unwrap_or_default().as_bytes()));
        }
        command(line)
    }

    /// Explains a line of the server. `None` for a line that only continues a reply, and for a line that is not a reply.
    pub fn reply_line(&mut self, line: &str) -> Option<Explanation> {
        let (number, is_last, text) = parts(line)?;
        let is_first = !self.is_reply;
        self.is_reply = !is_last;
        if is_last {
            self.is_login = number == 334;
        }
        if is_first {
            return of_line(line, self.answered);
        }
        let is_hello = number == 250 && matches!(self.answered, Some(Verb::Ehlo | Verb::Lhlo));
        is_hello.then(|| keyword(text))
    }

    /// Returns the command that the next reply answers: `None` before the first.
    #[must_use]
    pub fn answered(&self) -> Option<Verb> {
        self.answered
    }

    /// Returns whether the next line of the client is an answer within AUTH, which nobody should see.
    #[must_use]
    pub fn is_login(&self) -> bool {
        self.is_login
    }

    /// Returns whether a reply has begun and is not complete.
    #[must_use]
    pub fn is_reply(&self) -> bool {
        self.is_reply
    }

    pub(super) fn after(answered: Option<Verb>) -> Self {
        Self { answered, ..Self::default() }
    }
}
