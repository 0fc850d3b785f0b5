//! The way back from a deletion, for browsers without a script too.

use maud::{Markup, html};

use crate::mailbox::Id;
use crate::pages::layout::At;
use crate::quantity::count;

/// Returns the note after a deletion. After that of a message's page, the way back leads to that message.
pub(crate) fn note(at: &At, deletion: u64, deleted: u64, search: &str, message: Option<Id>) -> Markup {
    html! {
        form.undone method="post" action="/undo" role="status" {
            (at.token())
            input type="hidden" name="deletion" value=(deletion);
            input type="hidden" name="q" value=(search);
            @if let Some(message) = message { input type="hidden" name="message" value=(message); }
            span { (count(deleted, "message", "messages")) " deleted." }
            button.small { "Undo" }
            span.muted { "for 10 seconds" }
        }
    }
}
