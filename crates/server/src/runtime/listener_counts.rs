//! Counters of one listener.

use crate::runtime::counters::Count;
use crate::runtime::sharded::Sharded;

const COUNTED: [Count; 4] =
    [Count::Sessions, Count::MessagesAccepted, Count::MessagesRefused, Count::MessagesCutOff];

/// The sessions and messages of a listener. Everything else is counted for the whole server only.
#[derive(Debug, Default)]
pub(crate) struct ListenerCounts(Sharded<{ COUNTED.len() }>);

impl ListenerCounts {
    fn of(count: Count) -> usize {
        COUNTED.iter().position(|counted| *counted == count).unwrap_or(COUNTED.len())
    }

    pub(crate) fn add(&self, count: Count) {
        self.0.add(Self::of(count), 1);
    }

    pub(crate) fn sum(&self, count: Count) -> u64 {
        self.0.sum(Self::of(count))
    }
}
