//! The messages of the Maildir, with an index for search.

#[derive(Debug, Clone, Default)]
pub(crate) struct Mailbox;
