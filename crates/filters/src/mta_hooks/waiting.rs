//! The wishes of the stages before the message, until it has come.
//!
//! # Why
//! A wish of the stage `rcpt` waits in the [state](Recipient::state) of its recipient. So it is gone with a recipient that
//! a later hook refuses, or that a filter drops. The client sends to that one again, and the wish is repeated too.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::iter::once;

use mailchute::session::TypedState;
use mailchute::{Message, Recipient, Refusal, Session};

use crate::scanner_edits::{Edits, TooManyEdits};

/// The edits, of each filter by its name.
#[derive(Debug, Default)]
struct Waiting(HashMap<Cow<'static, str>, Edits>);

/// The names of the filters that discard the message for a recipient.
#[derive(Debug, Default)]
struct DiscardedBy(HashSet<Cow<'static, str>>);

/// Keeps edits for the message: with a recipient, or with the transaction.
///
/// # Errors
/// [`TooManyEdits`] if the edits are too many with those that wait for this message already. Those of recipients that were
/// refused do not count.
pub(super) fn keep(
    filter: Cow<'static, str>,
    edits: Edits,
    to: Option<&Recipient>,
    session: &Session,
) -> Result<(), TooManyEdits> {
    if edits.is_empty() {
        return Ok(());
    }
    let envelope = session.envelope();
    let accepted = envelope.iter().flat_map(|envelope| &envelope.recipients).map(Recipient::state);
    let size =
        |state: &TypedState| state.with(|Waiting(edits)| edits.get(&filter).map(Edits::size)).flatten();
    edits.fit_with(once(session.transaction_state()).chain(accepted).filter_map(size))?;
    let state = to.map_or(session.transaction_state(), Recipient::state);
    state.update(|Waiting(waiting)| match waiting.get_mut(&filter) {
        Some(before) => before.append(edits),
        None => {
            waiting.insert(filter, edits);
            Ok(())
        }
    })
}

/// Discards the message for a recipient as soon as it has come.
pub(super) fn discard(filter: Cow<'static, str>, to: &Recipient) {
    to.state().update(|DiscardedBy(filters)| filters.insert(filter));
}

/// Does what has waited for this message.
///
/// # Errors
/// As [`Edits::apply`].
pub(super) async fn apply(filter: &str, message: &mut Message, session: &Session) -> Result<(), Refusal> {
    let id = message.id();
    message.drop_recipients(|to| {
        let is_discarded = to.state().with(|DiscardedBy(filters)| filters.contains(filter)).unwrap_or_default();
        if is_discarded {
            tracing::info!(name: "recipient-discarded", %id, filter, %to, "a filter discarded a message for a recipient");
        }
        is_discarded
    });
    // All are taken first, as an edit may drop a recipient whose own edits follow.
    let left = message.envelope().recipients.iter().map(Recipient::state);
    let take = |state: &TypedState| state.with_mut(|Waiting(edits)| edits.remove(filter)).flatten();
    let all: Vec<Edits> = once(session.transaction_state()).chain(left).filter_map(take).collect();
    for edits in all {
        edits.apply(filter, message).await?;
    }
    Ok(())
}
