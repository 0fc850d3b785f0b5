//! The active rules, and their counters.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use tokio::time::Instant;

use super::attempts::{Attempt, Attempts};
use super::document::{Chaos as Document, RuleStatus, Status};
use super::rule::{Effect, Invalid, Rule};

/// The most rules at once.
pub(super) const MOST_RULES: usize = 50;

/// The longest time in seconds: a day.
pub(super) const LONGEST: u64 = 24 * 60 * 60;

#[derive(Debug)]
pub(super) struct InForce {
    id: u64,
    until: Instant,
    ends: SystemTime,
    rules: Vec<Counted>,
    document: Document,
}

#[derive(Debug)]
struct Counted {
    rule: Rule,
    matched: u64,
    applied: u64,
    attempts: Attempts,
}

impl InForce {
    pub(super) fn new(document: &Document) -> Result<Self, Invalid> {
        static IDS: AtomicU64 = AtomicU64::new(0);
        if !(1..=LONGEST).contains(&document.seconds) {
            return Err(Invalid::new("seconds", "write 1 to 86400 (a day)"));
        }
        if document.rules.is_empty() {
            return Err(Invalid::new("rules", "write at least one rule"));
        }
        if document.rules.len() > MOST_RULES {
            return Err(Invalid::new("rules", "write at most 50 rules"));
        }
        let rules = document.rules.iter().enumerate().map(|(index, rule)| {
            let rule = Rule::new(rule).map_err(|invalid| Invalid { rule: Some(index + 1), ..invalid })?;
            Ok(Counted { rule, matched: 0, applied: 0, attempts: Attempts::default() })
        });
        let time = Duration::from_secs(document.seconds);
        Ok(Self {
            id: IDS.fetch_add(1, Ordering::Relaxed),
            until: Instant::now() + time,
            ends: SystemTime::now() + time,
            rules: rules.collect::<Result<_, _>>()?,
            document: document.clone(),
        })
    }

    /// Returns a number that no other rules have.
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn until(&self) -> Instant {
        self.until
    }

    pub(super) fn ends(&self) -> Timestamp {
        Timestamp::try_from(self.ends).unwrap_or(Timestamp::MAX)
    }

    fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    pub(super) fn len(&self) -> usize {
        self.rules.len()
    }

    pub(super) fn applied(&self) -> u64 {
        self.rules.iter().map(|counted| counted.applied).sum()
    }

    pub(super) fn status(&self) -> Status {
        let rules = self.document.rules.iter().zip(&self.rules);
        Status {
            ends: Some(self.ends().to_string()),
            seconds_left: self.left().as_secs(),
            rules: rules
                .map(|(rule, counted)| RuleStatus { rule: rule.clone(), applied: counted.applied })
                .collect(),
        }
    }

    /// Returns what the rules do to an attempt, in their order. Those after one that refuses are not asked.
    pub(super) fn due(&mut self, attempt: &Attempt<'_>) -> Vec<Effect> {
        let mut due = Vec::new();
        for counted in &mut self.rules {
            if !counted.is_due(attempt) {
                continue;
            }
            counted.applied += 1;
            due.push(counted.rule.effect.clone());
            if counted.rule.effect.ends_stage() {
                break;
            }
        }
        due
    }
}

impl Counted {
    fn is_due(&mut self, attempt: &Attempt<'_>) -> bool {
        if !self.rule.matches(attempt) {
            return false;
        }
        self.matched += 1;
        self.matched.is_multiple_of(self.rule.every)
            && self.rule.first.is_none_or(|first| self.attempts.count(attempt) <= first)
            && is_drawn(self.rule.probability)
    }
}

/// Returns true with this probability.
fn is_drawn(probability: f64) -> bool {
    // Without random numbers a rule is applied each time, as chaos should not end silently.
    let drawn = getrandom::u32().map_or(0.0, |drawn| f64::from(drawn) / (f64::from(u32::MAX) + 1.0));
    probability >= 1.0 || drawn < probability
}
