//! The options of the program's log.

#[path = "../../crates/cli/src/log/format.rs"]
mod format;
#[path = "../../crates/cli/src/log/level.rs"]
mod level;

pub(crate) use format::LogFormat;
pub(crate) use level::LogLevel;
