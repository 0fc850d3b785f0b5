//! The users that were looked up a short time ago.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::destination::Destination;

/// The most users that are remembered.
const MOST: usize = 10_000;

/// Whether users are known, and since when that is so.
pub(super) struct Answers {
    kept_for: Duration,
    of: Mutex<HashMap<String, (bool, Instant)>>,
}

impl Answers {
    pub(super) fn new(kept_for: Duration) -> Self {
        Self { kept_for, of: Mutex::default() }
    }

    pub(super) fn get(&self, user: &Destination) -> Option<bool> {
        let of = self.lock();
        let (is_known, since) = of.get(&key(user))?;
        (since.elapsed() < self.kept_for).then_some(*is_known)
    }

    pub(super) fn add(&self, user: &Destination, is_known: bool) {
        let mut of = self.lock();
        if of.len() >= MOST {
            of.retain(|_, (_, since)| since.elapsed() < self.kept_for);
        }
        if of.len() >= MOST {
            // A client that guesses has filled it. The others are asked about again.
            of.clear();
        }
        of.insert(key(user), (is_known, Instant::now()));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (bool, Instant)>> {
        // Each change is complete before anything can panic.
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(user: &Destination) -> String {
    format!("{}@{}", user.user(), user.domain())
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers").field("kept_for", &self.kept_for).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(address: &str) -> Destination {
        Destination::new(&address.parse().expect(address), Some('+'))
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_remembered_for_its_time() {
        let answers = Answers::new(Duration::from_secs(60));
        answers.add(&user("Bob+x@example.com"), true);
        answers.add(&user("eve@example.com"), false);
        tokio::time::advance(Duration::from_secs(59)).await;
        assert_eq!(answers.get(&user("bob@EXAMPLE.com")), Some(true));
        assert_eq!(answers.get(&user("eve@example.com")), Some(false));
        assert_eq!(answers.get(&user("bob@example.org")), None);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(answers.get(&user("bob@example.com")), None);
    }

    #[tokio::test(start_paused = true)]
    async fn guesses_do_not_take_more_than_their_room() {
        let answers = Answers::new(Duration::from_secs(60));
        for number in 0..2 * MOST + 5 {
            answers.add(&user(&format!("guess{number}@example.com")), false);
        }
        assert_eq!(answers.lock().len(), 5);
    }
}
