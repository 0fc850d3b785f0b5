//! The counts of a session that a filter has seen before.

use mailchute::Session;

use crate::filter_id::{FilterId, PerFilter};
use crate::key::Key;

/// The counts of one filter.
#[derive(Clone, Copy, Default)]
struct Counted {
    refused_recipients: u32,
    helo: Option<Key>,
}

/// Returns how many recipients were refused permanently since the last call.
pub(super) fn newly_refused(id: FilterId, session: &Session) -> u32 {
    let now = session.refused_recipients();
    if now == 0 {
        return 0;
    }
    PerFilter::update(session.state(), id, |counted: &mut Counted| {
        now.saturating_sub(std::mem::replace(&mut counted.refused_recipients, now))
    })
}

/// Returns whether the name of EHLO is another than at the last call.
pub(super) fn is_new_helo(id: FilterId, session: &Session, key: Key) -> bool {
    PerFilter::update(session.state(), id, |counted: &mut Counted| counted.helo.replace(key) != Some(key))
}
