//! One explanation, as data.

use std::borrow::Cow;
use std::fmt;

/// The meaning of a line or a fact, for a person who sees it for the first time.
///
/// `Display` writes `Title. Text (clause)`. Texts hold no control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// A short headline, without a full stop.
    pub title: Cow<'static, str>,
    /// One to four sentences: what happened, what it means, what comes next.
    pub text: Cow<'static, str>,
    /// The clause that decides, such as `RFC 5321 §4.1.1.2`.
    pub clause: Option<&'static str>,
}

impl Explanation {
    /// Makes an explanation. An empty clause is none.
    #[must_use]
    pub fn new(
        title: impl Into<Cow<'static, str>>,
        text: impl Into<Cow<'static, str>>,
        clause: &'static str,
    ) -> Self {
        Self { title: title.into(), text: text.into(), clause: (!clause.is_empty()).then_some(clause) }
    }

    /// Returns the address of the clause's text at the RFC Editor, if the clause is of an RFC.
    ///
    /// ```
    /// use mailchute_proto::{Verb, explain};
    ///
    /// let link = explain::verb(Verb::Mail).link();
    /// assert_eq!(link.as_deref(), Some("https://www.rfc-editor.org/rfc/rfc5321#section-4.1.1.2"));
    /// ```
    #[must_use]
    pub fn link(&self) -> Option<String> {
        let (number, place) = match self.clause?.strip_prefix("RFC ")?.split_once(' ') {
            Some((number, place)) => (number, Some(place)),
            None => (self.clause?.strip_prefix("RFC ")?, None),
        };
        let number: u16 = number.parse().ok()?;
        let mut link = format!("https://www.rfc-editor.org/rfc/rfc{number}");
        if let Some(section) = place.and_then(|place| place.strip_prefix('§')) {
            link += &format!("#section-{section}");
        } else if let Some(appendix) = place.and_then(|place| place.strip_prefix("appendix ")) {
            link += &format!("#appendix-{appendix}");
        }
        Some(link)
    }

    /// Returns the explanation in lines of at most 90 characters, for a terminal.
    #[must_use]
    pub fn note(&self) -> Vec<String> {
        wrap(&self.to_string())
    }

    /// Appends a sentence to the text.
    pub(super) fn and(mut self, sentence: &str) -> Self {
        if !sentence.is_empty() {
            let text = self.text.to_mut();
            text.push(' ');
            text.push_str(sentence);
        }
        self
    }
}

/// Characters of a line on a terminal.
const WIDTH: usize = 90;

/// Breaks a text between words. A word that is longer than a line has one of its own.
pub(super) fn wrap(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut length = 0;
    for word in text.split(' ') {
        let more = word.chars().count() + 1;
        match lines.last_mut() {
            Some(line) if length + more <= WIDTH => {
                line.push(' ');
                line.push_str(word);
                length += more;
            }
            _ => {
                lines.push(word.to_owned());
                length = more - 1;
            }
        }
    }
    lines
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}", self.title, self.text)?;
        match self.clause {
            Some(clause) => write!(f, " ({clause})"),
            None => Ok(()),
        }
    }
}
