//! The decision of a greylist, for any memory of what was seen.

use std::time::Duration;

use crate::key::Key;

/// The times of a greylist in milliseconds, and the number of successes that make a network known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) delay: u64,
    pub(super) retry_window: u64,
    pub(super) expiry: u64,
    /// 0 means never.
    pub(super) known_after: u64,
}

impl Times {
    /// The part of the expiry that may be lost, so that not each message writes a time.
    fn slack(&self) -> u64 {
        self.expiry / 32
    }
}

/// The keys of a question.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keys {
    /// The client's network, sender and recipient.
    pub(super) triplet: Key,
    /// The client's network.
    pub(super) network: Key,
}

/// A decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// The client tries again after this time.
    Wait(Duration),
    /// The client has tried again.
    Pass,
    /// The triplet has passed before.
    Known,
    /// The network has passed often enough.
    KnownNetwork,
}

/// A record of a triplet or a network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// A triplet that waits has [`WAITS`], the mark of its network, and the time when it was first seen in milliseconds. One
    /// that has passed has 0. A network has the number of its triplets that have passed.
    pub(super) value: u64,
    /// When it is forgotten, in milliseconds.
    pub(super) until: u64,
}

/// The bits of the time when a triplet was first seen. They last until the year 2527.
pub(super) const TIME_BITS: u32 = 44;

/// The bit of a triplet that waits. The mark of its network stands below it, above the time.
///
/// # Why
/// One client can make as many triplets wait as it likes. So those of the network with the most make room for others, and
/// nobody washes out the mail of other networks. Networks with the same mark, one of 262,144, count as one.
pub(super) const WAITS: u64 = 1 << 62;

impl Record {
    /// Returns the record of a triplet that waits from now on.
    fn waiting(network: Key, since: u64, until: u64) -> Self {
        let mark = network.low_bits(62 - TIME_BITS) << TIME_BITS;
        Self { value: WAITS | mark | since.min((1 << TIME_BITS) - 1), until }
    }

    /// Returns when a triplet that waits was first seen.
    fn since(self) -> u64 {
        self.value & ((1 << TIME_BITS) - 1)
    }

    /// Returns the mark of the network of a triplet that waits.
    pub(super) fn mark(self) -> Option<u64> {
        (self.value & WAITS != 0).then_some(self.value >> TIME_BITS)
    }
}

/// A memory of records.
pub(super) trait Records {
    /// The memory fails.
    type Error;

    /// Returns the record of a key.
    fn get(&mut self, key: Key) -> Result<Option<Record>, Self::Error>;

    /// Replaces the record of a key. `now` is in milliseconds.
    fn put(&mut self, key: Key, record: Record, now: u64) -> Result<(), Self::Error>;
}

/// Decides by the records, and changes them.
pub(super) fn decide<R: Records>(
    records: &mut R,
    keys: Keys,
    times: &Times,
    now: u64,
) -> Result<Decision, R::Error> {
    let mut memory = Memory { records, now, until: now.saturating_add(times.expiry), slack: times.slack() };
    let network = memory.get(keys.network)?;
    if let Some(network) =
        network.filter(|network| times.known_after > 0 && network.value >= times.known_after)
    {
        memory.keep(keys.network, network)?;
        return Ok(Decision::KnownNetwork);
    }
    match memory.get(keys.triplet)? {
        Some(passed @ Record { value: 0, .. }) => {
            memory.keep(keys.triplet, passed)?;
            Ok(Decision::Known)
        }
        // A time that is still to come is that of a clock that was set back since.
        Some(record) if record.since() <= now => {
            let waited = now - record.since();
            if waited < times.delay {
                return Ok(Decision::Wait(Duration::from_millis(times.delay - waited)));
            }
            memory.put(keys.triplet, 0)?;
            memory.put(keys.network, network.map_or(0, |network| network.value).saturating_add(1))?;
            Ok(Decision::Pass)
        }
        _ => {
            let until = now.saturating_add(times.delay).saturating_add(times.retry_window);
            memory.records.put(keys.triplet, Record::waiting(keys.network, now, until), now)?;
            Ok(Decision::Wait(Duration::from_millis(times.delay)))
        }
    }
}

/// Records what another memory has decided, so that this one can go on from there.
#[cfg(any(feature = "redis", feature = "sqlite"))]
pub(super) fn note<R: Records>(
    records: &mut R,
    keys: Keys,
    times: &Times,
    now: u64,
    decision: Decision,
) -> Result<(), R::Error> {
    let mut memory = Memory { records, now, until: now.saturating_add(times.expiry), slack: times.slack() };
    match decision {
        Decision::Wait(_) => decide(records, keys, times, now).map(drop),
        Decision::Pass | Decision::Known => memory.keep(keys.triplet, Record::default()),
        Decision::KnownNetwork => memory.keep(keys.network, Record { value: times.known_after, until: 0 }),
    }
}

/// Records at a time.
struct Memory<'a, R> {
    records: &'a mut R,
    now: u64,
    /// When a record is forgotten that is used now.
    until: u64,
    slack: u64,
}

impl<R: Records> Memory<'_, R> {
    fn get(&mut self, key: Key) -> Result<Option<Record>, R::Error> {
        Ok(self.records.get(key)?.filter(|record| record.until > self.now))
    }

    fn put(&mut self, key: Key, value: u64) -> Result<(), R::Error> {
        self.records.put(key, Record { value, until: self.until }, self.now)
    }

    /// Keeps a record that is used, unless its time is almost the same.
    fn keep(&mut self, key: Key, record: Record) -> Result<(), R::Error> {
        if record.until.saturating_add(self.slack) < self.until {
            self.put(key, record.value)
        } else {
            Ok(())
        }
    }
}
