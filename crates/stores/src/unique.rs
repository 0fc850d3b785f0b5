//! Texts that no other process has.

use std::hash::{BuildHasher as _, RandomState};
use std::time::SystemTime;

/// Returns a text that no other process has, and no later call. Ids of messages are unique in one process only.
pub(crate) fn unique() -> String {
    format!("{:016x}", RandomState::new().hash_one(SystemTime::now()))
}
