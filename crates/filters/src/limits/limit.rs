//! One limit: what it counts, its rate, and a bucket for each client or address.

use crate::key::Key;
use crate::table::Table;

use super::bucket::{Bucket, Cost, Over};
use super::rate::Rate;

/// The subject of a limit: a count for each client or address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Connections,
    ConnectionsPerHelo,
    Messages,
    MessagesPerSender,
    MessagesPerUser,
    Recipients,
}

impl Kind {
    pub(super) const ALL: [Self; 6] = [
        Self::Connections,
        Self::ConnectionsPerHelo,
        Self::Messages,
        Self::MessagesPerSender,
        Self::MessagesPerUser,
        Self::Recipients,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::ConnectionsPerHelo => "connections-per-helo",
            Self::Messages => "messages",
            Self::MessagesPerSender => "messages-per-sender",
            Self::MessagesPerUser => "messages-per-user",
            Self::Recipients => "recipients",
        }
    }
}

/// A limit.
#[derive(Debug)]
pub(super) struct Limit {
    pub(super) rate: Rate,
    /// The kind and the rate. A changed rate has other keys, so it never reads buckets of the former rate.
    label: String,
    buckets: Table<Bucket>,
}

impl Limit {
    pub(super) fn new(kind: Kind, rate: Rate, max_keys: usize) -> Self {
        Self { rate, label: format!("{} {rate}", kind.name()), buckets: Table::new(max_keys) }
    }

    /// Returns the key of a client or an address.
    pub(super) fn key(&self, subject: &[u8]) -> Key {
        Key::of(&[self.label.as_bytes(), subject])
    }

    fn update<R>(&self, key: Key, now: u64, change: impl FnOnce(&mut Bucket) -> R) -> R {
        // A full bucket is like one that is unknown, and an emptier one is worth more.
        self.buckets.update(key, Bucket::default(), |bucket| bucket.taken(self.rate, now), change)
    }
}

/// Tokens of one bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Take<'a> {
    pub(super) limit: &'a Limit,
    pub(super) key: Key,
    pub(super) cost: Cost,
}

/// Takes tokens of all buckets, or of none. Debts are taken in any case.
///
/// # Errors
/// The longest time until one of the buckets has the tokens.
pub(super) fn take_all(takes: &[Take<'_>], now: u64) -> Result<(), Over> {
    let outcomes: Vec<_> = takes
        .iter()
        .map(|&Take { limit, key, cost }| limit.update(key, now, |bucket| bucket.take(limit.rate, cost, now)))
        .collect();
    let Some(over) = outcomes.iter().filter_map(|outcome| outcome.err()).max() else { return Ok(()) };
    for (take, _) in takes.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_ok()) {
        let Take { limit, key, cost } = *take;
        limit.update(key, now, |bucket| bucket.give_back(limit.rate, cost.tokens));
    }
    Err(over)
}

/// Takes what another memory has decided, so that this one can go on from there.
#[cfg(feature = "redis")]
pub(super) fn note(takes: &[Take<'_>], outcome: Result<(), Over>, now: u64) {
    for &Take { limit, key, cost } in takes {
        let tokens = if outcome.is_ok() { cost.tokens } else { 0 };
        let cost = Cost { debt: cost.debt.saturating_add(tokens), tokens: 0 };
        // A debt is never too much.
        let _ = limit.update(key, now, |bucket| bucket.take(limit.rate, cost, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Cost = Cost { debt: 0, tokens: 1 };

    #[test]
    fn a_decision_takes_of_all_buckets_or_of_none() {
        let [messages, users] = [("10/1m", Kind::Messages), ("2/1m", Kind::MessagesPerUser)]
            .map(|(rate, kind)| Limit::new(kind, rate.parse().expect("a rate"), 100));
        let take =
            |limit, subject: &str, cost| Take { limit, key: Limit::key(limit, subject.as_bytes()), cost };
        let both = [take(&messages, "192.0.2.1", ONE), take(&users, "alice", ONE)];
        assert_eq!([take_all(&both, 0), take_all(&both, 0)], [Ok(()), Ok(())]);
        for _ in 0..20 {
            assert_eq!(take_all(&both, 0), Err(Over(30_000)));
        }
        // The refused decisions took nothing of the other bucket: 8 of 10 tokens are left.
        let client = [take(&messages, "192.0.2.1", ONE)];
        assert_eq!((0..20).filter(|_| take_all(&client, 0).is_ok()).count(), 8);
        assert_eq!(take_all(&both, 0), Err(Over(30_000)), "the longest wait is told");
    }

    #[test]
    fn a_crowd_does_not_wash_away_an_empty_bucket() {
        let limit = Limit::new(Kind::Connections, "5/1h".parse().expect("a rate"), 160);
        let take = |subject: u32| Take { limit: &limit, key: limit.key(&subject.to_be_bytes()), cost: ONE };
        assert_eq!((0..10).filter(|_| take_all(&[take(0)], 0).is_ok()).count(), 5);
        assert!((1..10_000).all(|subject| take_all(&[take(subject)], 0).is_ok()));
        assert_eq!(take_all(&[take(0)], 0), Err(Over(720_000)));
    }
}
