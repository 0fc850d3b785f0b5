//! Explanations of replies, line by line.

use super::{Explanation, Follower, reply};
use crate::command::Verb;
use crate::reply::Reply;

/// One line of a reply on the wire, and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line {
    /// The line without its line end, as it was sent.
    pub text: String,
    /// `None` for lines that only continue the reply.
    pub explanation: Option<Explanation>,
}

/// Explains each line of a reply of this server. The keywords of the reply to EHLO have one each; otherwise the first
/// line has the explanation.
#[must_use]
pub fn reply_lines(given: &Reply, answered: impl Into<Option<Verb>>) -> Vec<Line> {
    let answered = answered.into();
    let mut wire = Vec::new();
    given.encode(&mut wire);
    let mut lines = server_lines(&String::from_utf8_lossy(&wire), answered);
    if let Some(first) = lines.first_mut() {
        first.explanation = Some(reply(given, answered));
    }
    lines
}

/// Explains each line of a whole reply that any server sent.
#[must_use]
pub fn server_lines(text: &str, answered: impl Into<Option<Verb>>) -> Vec<Line> {
    let mut follower = Follower::after(answered.into());
    let explained =
        text.lines().map(|line| Line { text: line.to_owned(), explanation: follower.reply_line(line) });
    explained.collect()
}
