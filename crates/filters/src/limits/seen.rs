//! The counts of a session that a filter has seen before.

use mailchute::Session;

use crate::filter_id::FilterId;
use crate::key::Key;

/// The counts of each filter in a session. Few sessions have more than one.
#[derive(Default)]
struct Seen(Vec<(FilterId, Counted)>);

/// The counts of one filter.
#[derive(Clone, Copy, Default)]
struct Counted {
    refused_recipients: u32,
    helo: Option<Key>,
}

impl Counted {
    fn update<R>(id: FilterId, session: &Session, change: impl FnOnce(&mut Self) -> R) -> R {
        session.state().update(|Seen(all)| {
            let index = all.iter().position(|(other, _)| *other == id).unwrap_or_else(|| {
                all.push((id, Self::default()));
                all.len() - 1
            });
            change(&mut all[index].1)
        })
    }
}

/// Returns how many recipients were refused permanently since the last call.
pub(super) fn newly_refused(id: FilterId, session: &Session) -> u32 {
    let now = session.refused_recipients();
    if now == 0 {
        return 0;
    }
    Counted::update(id, session, |counted| {
        now.saturating_sub(std::mem::replace(&mut counted.refused_recipients, now))
    })
}

/// Returns whether the name of EHLO is another than at the last call.
pub(super) fn is_new_helo(id: FilterId, session: &Session, key: Key) -> bool {
    Counted::update(id, session, |counted| counted.helo.replace(key) != Some(key))
}
