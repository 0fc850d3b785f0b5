//! A reply as a client reads it.

use std::fmt;

use crate::refusal::Refusal;
use crate::reply::{Code, Enhanced, Severity};

/// A reply of another server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerReply {
    code: Code,
    enhanced: Option<Enhanced>,
    text: String,
}

impl ServerReply {
    /// Makes a reply of its code and the texts of its lines. Returns `None` for a code that no server may send.
    pub(super) fn new(code: u16, lines: &[String]) -> Option<Self> {
        let code = closest(code)?;
        let enhanced = lines.first().and_then(|line| enhanced_of(code, line)).map(|(enhanced, _)| enhanced);
        let text = |line: &String| match enhanced_of(code, line) {
            Some((_, text)) => text.to_owned(),
            None => line.clone(),
        };
        Some(Self { code, enhanced, text: lines.iter().map(text).collect::<Vec<_>>().join("\n") })
    }

    /// Returns the code. A second digit that SMTP does not know becomes a 5: some servers send 571.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// Returns the enhanced status code at the start of the text, if it goes with the code.
    #[must_use]
    pub fn enhanced(&self) -> Option<Enhanced> {
        self.enhanced
    }

    /// Returns the text without enhanced status codes. A line feed stands between two lines.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns whether the server has done what it was told (2yz).
    #[must_use]
    pub fn is_positive(&self) -> bool {
        self.code.severity() == Severity::Completed
    }

    /// Returns whether the server waits for more (3yz).
    #[must_use]
    pub fn is_intermediate(&self) -> bool {
        self.code.severity() == Severity::Intermediate
    }

    /// Returns whether the server closes the connection after it (RFC 5321 §3.8).
    #[must_use]
    pub fn is_farewell(&self) -> bool {
        self.code.get() == 421
    }

    /// Returns the refusal that says the same to our own client: code, enhanced status code and text. Without an
    /// enhanced status code it is `4.0.0` or `5.0.0`. A 421 becomes `451`, since our own server stays. A reply that does
    /// not refuse is a mistake of the server and becomes `451 4.5.0`.
    pub fn refusal(&self) -> Refusal {
        let code = self.code.get();
        let class = match self.code.severity() {
            Severity::Transient => 4,
            Severity::Permanent => 5,
            Severity::Completed | Severity::Intermediate => {
                return Refusal::new(451, (4, 5, 0), "The next server gave an unexpected answer")
                    .with_cause(self.to_string());
            }
        };
        let enhanced = self.enhanced.unwrap_or(Enhanced::new(class, 0, 0));
        Refusal::new(if self.is_farewell() { 451 } else { code }, enhanced, self.text.clone())
    }
}

impl fmt::Display for ServerReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(enhanced) = self.enhanced {
            write!(f, " {enhanced}")?;
        }
        write!(f, " {}", self.text.replace('\n', " / "))
    }
}

/// The code as SMTP allows it.
fn closest(code: u16) -> Option<Code> {
    Code::new(code).or_else(|| Code::new(code / 100 * 100 + 50 + code % 10))
}

/// The enhanced status code at the start of a line, and the text after it.
fn enhanced_of(code: Code, line: &str) -> Option<(Enhanced, &str)> {
    let (word, text) = line.split_once(' ').unwrap_or((line, ""));
    let mut numbers = word.split('.').map(|digits| {
        let is_number = matches!(digits.len(), 1..=3) && digits.bytes().all(|digit| digit.is_ascii_digit());
        digits.parse::<u16>().ok().filter(|_| is_number)
    });
    let (class, subject, detail) = (numbers.next()??, numbers.next()??, numbers.next()??);
    if numbers.next().is_some() || class != code.get() / 100 || class == 3 {
        return None;
    }
    Some((Enhanced::new(u8::try_from(class).ok()?, subject, detail), text))
}
