//! Changes in the mailbox.

use std::sync::Arc;

use super::{Id, Progress, Summary};

/// A change of the mailbox. A receiver that was too slow reads the list again, as for [`Many`](Self::Many).
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// A message came.
    Added(Arc<Summary>),
    /// Messages are gone: deleted here or by others, or removed by the retention.
    Removed(Arc<[Id]>),
    /// Messages that were deleted are back.
    Restored(Arc<[Id]>),
    /// Messages were marked, here or by others.
    Marked { ids: Arc<[Id]>, is_unread: bool },
    /// More has changed than is worth telling one by one.
    Many,
    /// The index is being built.
    Progress(Progress),
}

/// Messages that were deleted, and can be restored for some seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Deletion {
    /// The argument of [`Mailbox::undo`](super::Mailbox::undo).
    pub(crate) number: u64,
    pub(crate) messages: u64,
}
