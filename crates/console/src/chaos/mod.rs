//! Failures on purpose: rules that refuse, delay or hang up, for a limited time.

#[derive(Debug, Clone, Default)]
pub(crate) struct Chaos;
