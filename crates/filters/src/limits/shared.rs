//! Buckets that several servers share by Redis.

use std::sync::LazyLock;

use ::redis::Script;

use super::bucket::Over;
use super::limit::Take;
use crate::redis::Redis;

static TAKE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("take.lua")));

/// Takes tokens of all buckets, or of none. Debts are taken in any case. Returns `None` if Redis does not answer.
pub(super) async fn take_all(redis: &Redis, takes: &[Take<'_>]) -> Option<Result<(), Over>> {
    let numbers = |Take { limit, cost, .. }: &Take<'_>| {
        [limit.rate.number().into(), limit.rate.millis(), cost.debt.into(), cost.tokens.into()]
    };
    let numbers: Vec<u64> = takes.iter().flat_map(numbers).collect();
    let wait = redis.ask(&TAKE, "limits", takes.iter().map(|take| take.key), &numbers).await?;
    Some(if wait == 0 { Ok(()) } else { Err(Over(wait)) })
}
