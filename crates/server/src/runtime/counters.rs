//! Counters that all sessions add to.

use crate::runtime::sharded::Sharded;

/// The name of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Count {
    Sessions,
    MessagesAccepted,
    MessagesRefused,
    MessageBytes,
    RecipientsAccepted,
    RecipientsRefused,
    TlsFailures,
    MessagesCutOff,
    ProxyFailures,
    Refusals,
    EndedByQuit,
    EndedByClient,
    EndedByTimeout,
    EndedByConnectHook,
    EndedByHook,
    EndedByLimit,
    EndedByViolation,
    EndedByTlsFailure,
    EndedByShutdown,
    EndedByApplication,
}

const COUNTS: usize = Count::EndedByApplication as usize + 1;

#[derive(Debug, Default)]
pub(crate) struct Counters(Sharded<COUNTS>);

impl Counters {
    pub(crate) fn add(&self, count: Count, many: u64) {
        self.0.add(count as usize, many);
    }

    /// Counts one as accepted or refused.
    pub(crate) fn decide(&self, is_accepted: bool, accepted: Count, refused: Count) {
        self.add(if is_accepted { accepted } else { refused }, 1);
    }

    /// Returns the sum of all threads.
    pub(crate) fn sum(&self, count: Count) -> u64 {
        self.0.sum(count as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up_what_all_threads_have_counted() {
        const THREADS: u64 = 8;
        let counters = Counters::default();
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| (0..1_000).for_each(|_| counters.add(Count::MessageBytes, 3)));
            }
        });
        assert_eq!(counters.sum(Count::MessageBytes), THREADS * 3_000);
        assert_eq!(counters.sum(Count::TlsFailures), 0);
    }
}
