//! The hook whose answer the server did not get.

use std::time::Duration;

/// A hook whose future was dropped before it answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InterruptedHook {
    /// The name of the stage.
    pub(crate) stage: &'static str,
    /// The name of its type, or for a closure the method of the builder.
    pub(crate) hook: &'static str,
    /// How long the hook took until then.
    pub(crate) took: Duration,
}
