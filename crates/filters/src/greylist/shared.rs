//! A greylist that several servers share by Redis.

use std::sync::LazyLock;
use std::time::Duration;

use ::redis::Script;

use super::decide::{Decision, Keys, Times};
use crate::redis::Redis;

static DECIDE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("decide.lua")));

/// Decides by the records in Redis, and changes them. Returns `None` if Redis does not answer.
/// `most` triplets of a network wait.
pub(super) async fn decide(redis: &Redis, keys: Keys, times: &Times, most: u64) -> Option<Decision> {
    let numbers = [times.delay, times.retry_window, times.expiry, times.known_after, most];
    let answer: i64 = redis.ask(&DECIDE, "greylist", [keys.triplet, keys.network], &numbers).await?;
    Some(match answer {
        ..=-2 => Decision::KnownNetwork,
        -1 => Decision::Known,
        0 => Decision::Pass,
        wait => Decision::Wait(Duration::from_millis(wait.unsigned_abs())),
    })
}
