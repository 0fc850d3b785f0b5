//! The sessions, open and ended, in bounded memory.

#[derive(Debug, Clone, Default)]
pub(crate) struct Sessions;
