//! A reply as a client reads it.

use std::fmt;

use super::conversation::Conversation;

/// A reply of the server.
#[derive(Debug, Clone)]
pub struct Reply {
    lines: Vec<String>,
    conversation: Conversation,
}

impl Reply {
    pub(super) fn new(lines: Vec<String>, conversation: Conversation) -> Self {
        Self { lines, conversation }
    }

    /// Returns the reply code.
    #[must_use]
    pub fn code(&self) -> u16 {
        self.lines
            .last()
            .and_then(|line| line.get(..3))
            .and_then(|code| code.parse().ok())
            .unwrap_or_default()
    }

    /// Returns the lines as they came, without CRLF.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Returns whether the server refuses: the code is 4yz or 5yz.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        self.code() >= 400
    }

    /// Returns the reply if it has this code.
    ///
    /// # Panics
    ///
    /// Panics if the reply has another code. The message shows the conversation so far.
    #[track_caller]
    pub fn expect(self, code: u16) -> Self {
        assert_eq!(self.code(), code, "the server said: {self}\n{}", self.conversation);
        self
    }
}

/// Replies are equal if their lines are.
impl PartialEq for Reply {
    fn eq(&self, other: &Self) -> bool {
        self.lines == other.lines
    }
}

impl Eq for Reply {}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join("\n"))
    }
}
