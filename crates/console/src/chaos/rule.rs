//! One rule: a stage and conditions, and what happens then.

use std::fmt;
use std::time::Duration;

use mailchute::Refusal;
use mailchute::reply::ReplyError;

use super::attempts::Attempt;
use super::document::RuleDocument;
use super::pattern::Pattern;
use super::stage::Stage;

/// The effect of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Effect {
    pub(super) delay: Duration,
    pub(super) then: Then,
}

/// How a stage goes on after the delay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Then {
    GoOn,
    Refuse(Refusal),
    /// The connection is cut off without a word.
    CutOff,
}

/// A rule that was checked.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    stage: Stage,
    from: Option<Pattern>,
    to: Option<Pattern>,
    client: Option<Pattern>,
    pub(super) probability: f64,
    /// Every how many matches it is applied.
    pub(super) every: u64,
    /// To how many attempts of the same client, sender and recipient it is applied. `None` has no end.
    pub(super) first: Option<u32>,
    pub(super) effect: Effect,
}

/// Why a rule cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invalid {
    /// The number of the rule, from 1; `None` if it is about all.
    pub(crate) rule: Option<usize>,
    pub(crate) field: &'static str,
    pub(crate) text: String,
}

impl Invalid {
    pub(super) fn new(field: &'static str, text: impl Into<String>) -> Self {
        Self { rule: None, field, text: text.into() }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(rule) = self.rule {
            write!(f, "rule {rule}: ")?;
        }
        write!(f, "{}: {}", self.field, self.text)
    }
}

impl std::error::Error for Invalid {}

/// The longest delay. The time limit on hooks is as long by default.
const LONGEST_DELAY: Duration = Duration::from_secs(300);

/// The longest text of a reply, so that it stays one line.
const LONGEST_REPLY: usize = 400;

impl Rule {
    pub(super) fn new(document: &RuleDocument) -> Result<Self, Invalid> {
        let pattern = |field, text: &Option<String>| match text.as_deref() {
            None => Ok(None),
            Some(text) => Pattern::new(text).map(Some).ok_or_else(|| {
                Invalid::new(field, "write at most 256 printable characters; * stands for any")
            }),
        };
        let delay = Duration::from_millis(document.delay_ms);
        if delay > LONGEST_DELAY {
            return Err(Invalid::new("delay_ms", "write at most 300000 (five minutes)"));
        }
        let then = match (&document.reply, document.hang_up) {
            (None, false) if delay.is_zero() => {
                return Err(Invalid::new(
                    "reply",
                    "the rule does nothing: write a reply, a delay or hang_up",
                ));
            }
            (None, false) => Then::GoOn,
            (None, true) => Then::CutOff,
            (Some(text), hangs_up) => {
                let refusal = refusal(text)?;
                Then::Refuse(if hangs_up { refusal.hang_up() } else { refusal })
            }
        };
        let probability = document.probability.unwrap_or(1.0);
        if !(probability > 0.0 && probability <= 1.0) {
            return Err(Invalid::new("probability", "write a number above 0, up to 1"));
        }
        if document.every == Some(0) {
            return Err(Invalid::new("every", "write 1 or more: 2 is every second time"));
        }
        if document.first == Some(0) {
            return Err(Invalid::new("first", "write 1 or more: 1 is the first attempt only"));
        }
        Ok(Self {
            stage: document.stage,
            from: pattern("from", &document.from)?,
            to: pattern("to", &document.to)?,
            client: pattern("client", &document.client)?,
            probability,
            every: document.every.unwrap_or(1),
            first: document.first,
            effect: Effect { delay, then },
        })
    }

    /// Returns whether the rule is about this attempt. A pattern never matches what is not known yet.
    pub(super) fn matches(&self, attempt: &Attempt<'_>) -> bool {
        (self.stage == Stage::Any || self.stage == attempt.stage)
            && self.client.as_ref().is_none_or(|client| client.matches(&attempt.client.to_string()))
            && self
                .from
                .as_ref()
                .is_none_or(|from| attempt.from.as_ref().is_some_and(|known| from.matches(known)))
            && self.to.as_ref().is_none_or(|to| attempt.to.iter().any(|known| to.matches(known)))
    }
}

fn refusal(text: &str) -> Result<Refusal, Invalid> {
    let is_line = text.len() <= LONGEST_REPLY && text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if !is_line {
        return Err(Invalid::new("reply", "write one line of at most 400 printable ASCII characters"));
    }
    parse(text).map_err(|error| Invalid::new("reply", error.to_string()))
}

/// Reads a refusal. Other than in a reply of another server, an enhanced code that does not fit is a mistake.
fn parse(text: &str) -> Result<Refusal, ReplyError> {
    let mut words = text.splitn(3, ' ');
    let (code, enhanced) = (words.next(), words.next());
    let numbers: Option<Vec<u16>> =
        enhanced.and_then(|word| word.split('.').map(|part| part.parse().ok()).collect());
    match (code.and_then(|code| code.parse().ok()), numbers.as_deref()) {
        (Some(code), Some(&[class, subject, detail])) => {
            let class = u8::try_from(class).unwrap_or(u8::MAX);
            Refusal::try_new(code, (class, subject, detail), words.next().unwrap_or_default().to_owned())
        }
        _ => text.parse(),
    }
}
