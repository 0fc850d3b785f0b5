//! Lets closures of the application change the texts of standard replies.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use mailchute_proto::{EditReplies, EditReplyError, Reply, StandardReply};

use crate::driver::shared::Shared;
use crate::hooks::panic_text;
use crate::session::Session;

/// The closures of one session.
pub(super) struct ReplyEditor {
    pub(super) shared: Arc<Shared>,
    pub(super) session: Session,
}

/// Its name in the log: the method of the builder that takes the closures.
const HOOK: &str = "on_reply";

impl EditReplies for ReplyEditor {
    fn edit(&self, standard: &StandardReply<'_>) -> Option<Reply> {
        // The closure is gone after a panic, and the session takes no locks around it.
        let edited = catch_unwind(AssertUnwindSafe(|| self.shared.chain.edit_reply(standard, &self.session)));
        edited.unwrap_or_else(|panic| {
            let panic = panic_text(&*panic);
            tracing::error!(name: "hook-panicked", hook = HOOK, panic, "a hook or store panicked");
            None
        })
    }

    fn rejected(&self, standard: &StandardReply<'_>, error: &EditReplyError) {
        let error = format_args!("{}: {error}", standard.name());
        tracing::error!(name: "hook-failed", hook = HOOK, %error, "a hook or store failed");
    }
}

impl fmt::Debug for ReplyEditor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplyEditor")
    }
}
