//! The playground: type SMTP, and a real conversation answers.

#[derive(Debug, Clone, Default)]
pub(crate) struct Playground;
