//! The findings of checks: counted, and passed on to the subscribers.
//!
//! # Why
//!
//! The words come from hooks, which could make any number of them. So the first ones have a counter each, and the rest
//! shares one. A counter is found without a lock.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, OnceLock};

use crate::events::event::Event;
use crate::events::kind::Kind;
use crate::events::subscribers::Subscribers;
use crate::runtime::sharded::Sharded;
use crate::session::{Finding, HearFindings, Session};

/// How many findings have a separate counter.
const KNOWN: usize = 256;

/// The counter of all others.
const OTHERS: usize = KNOWN;

/// How many places a finding may have in the table.
const PLACES: usize = 16;

/// The findings of all sessions.
#[derive(Debug)]
pub(crate) struct Findings {
    subscribers: Arc<Subscribers>,
    /// A server without findings has no table.
    table: OnceLock<Box<Table>>,
}

#[derive(Debug)]
struct Table {
    known: [OnceLock<Finding>; KNOWN],
    counts: Sharded<{ KNOWN + 1 }>,
}

impl Table {
    fn new() -> Box<Self> {
        Box::new(Self { known: [const { OnceLock::new() }; KNOWN], counts: Sharded::default() })
    }

    /// Returns the counter of a finding: the first of its places that is its own or free.
    fn counter(&self, finding: &Finding) -> usize {
        let mut hasher = DefaultHasher::new();
        finding.hash(&mut hasher);
        let first = usize::try_from(hasher.finish() % KNOWN as u64).unwrap_or_default();
        let mut places = (first..first + PLACES).map(|place| place % KNOWN);
        let is_its_own = |place: &usize| {
            self.known.get(*place).is_some_and(|known| known.get_or_init(|| finding.clone()) == finding)
        };
        places.find(is_its_own).unwrap_or(OTHERS)
    }
}

impl Findings {
    pub(crate) fn new(subscribers: Arc<Subscribers>) -> Self {
        Self { subscribers, table: OnceLock::new() }
    }

    fn count(&self, finding: &Finding) {
        let table = self.table.get_or_init(Table::new);
        table.counts.add(table.counter(finding), 1);
    }

    /// Returns how often each finding was made, by check and result. `None` stands for those that share one
    /// counter.
    pub(crate) fn counted(&self) -> Vec<(Option<Finding>, u64)> {
        let Some(table) = self.table.get() else { return Vec::new() };
        let known = table.known.iter().enumerate();
        let mut counted: Vec<_> = known
            .filter_map(|(place, known)| Some((Some(known.get()?.clone()), table.counts.sum(place))))
            .collect();
        counted.sort_by(|(one, _), (other, _)| one.cmp(other));
        counted.push((None, table.counts.sum(OTHERS)));
        counted.retain(|(_, count)| *count > 0);
        counted
    }
}

impl HearFindings for Findings {
    fn found(&self, session: &Session, finding: &Finding) {
        self.count(finding);
        self.subscribers.tell(Kind::Finding, || Event::finding(session, finding));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(findings: &Findings) -> Vec<(String, u64)> {
        let shown =
            |finding: Option<Finding>| finding.map_or_else(String::new, |finding| finding.to_string());
        findings.counted().into_iter().map(|(finding, count)| (shown(finding), count)).collect()
    }

    #[test]
    fn each_finding_is_counted_by_its_words() {
        let findings = Findings::new(Arc::default());
        assert!(counted(&findings).is_empty());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1_000 {
                        findings.count(&Finding::new("spf".into(), "pass".into()));
                        findings.count(&Finding::new("dkim".into(), String::from("none").into()));
                        findings.count(&Finding::new("dkim".into(), "none".into()));
                    }
                });
            }
        });
        assert_eq!(counted(&findings), [("dkim=none".to_owned(), 8_000), ("spf=pass".to_owned(), 4_000)]);
    }

    #[test]
    fn endless_words_share_one_counter() {
        let findings = Findings::new(Arc::default());
        for number in 0..10_000 {
            findings.count(&Finding::new("sender".into(), number.to_string().into()));
        }
        let counted = counted(&findings);
        assert!((KNOWN / 2..=KNOWN + 1).contains(&counted.len()), "{}", counted.len());
        assert_eq!(counted.iter().map(|(_, count)| count).sum::<u64>(), 10_000);
        assert!(counted.last().is_some_and(|(shown, count)| shown.is_empty() && *count > 9_000));
    }
}
