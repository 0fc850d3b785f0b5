//! The answers of all lists of a filter, together.

use mailchute::session::TypedState;
use mailchute::{Refusal, Session};

use super::listing::Listing;
use super::rules::Action;
use crate::filter_id::FilterId;

/// The answers of one filter's lists about a client, or about the domains of a transaction.
#[derive(Clone, Debug, Default)]
pub(super) struct Decision {
    /// In the order of the lists.
    pub(super) listings: Vec<Listing>,
    /// A list did not answer.
    pub(super) is_failed: bool,
}

impl Decision {
    pub(super) fn action(&self) -> Option<Action> {
        self.listings.iter().map(|listing| listing.action).max()
    }

    /// The word of the finding.
    pub(super) fn word(&self) -> &'static str {
        match self.action() {
            Some(action) => action.as_str(),
            None if self.is_failed => "failed",
            None => "none",
        }
    }

    /// The refusal of a recipient. It begins with the subject, as `name` writes it.
    pub(super) fn refusal(&self, name: impl Fn(&str) -> String) -> Option<Refusal> {
        if self.action()? != Action::Refuse {
            return None;
        }
        let listing = self.listings.iter().find(|listing| listing.action == Action::Refuse)?;
        let mut text = format!("{} is listed by {}", name(&listing.subject), listing.list);
        if let Some(reason) = &listing.reason {
            text += ": ";
            text += reason;
        }
        Some(Refusal::new(550, (5, 7, 1), text))
    }
}

/// The decisions of all filters in a session. Few sessions have more than one.
#[derive(Default)]
pub(super) struct Decisions(Vec<(FilterId, Decision)>);

impl Decisions {
    /// Returns the decision of a filter.
    pub(super) fn get(state: &TypedState, id: FilterId) -> Option<Decision> {
        let of_filter = |Self(all): &Self| {
            all.iter().find(|(other, _)| *other == id).map(|(_, decision)| decision.clone())
        };
        state.with(of_filter).flatten()
    }

    pub(super) fn insert(state: &TypedState, id: FilterId, decision: Decision) {
        state.update(|Self(all)| {
            all.retain(|(other, _)| *other != id);
            all.push((id, decision));
        });
    }

    /// Returns what the lists of all filters know.
    pub(super) fn listings(state: &TypedState) -> Vec<Listing> {
        let of_all =
            |Self(all): &Self| all.iter().flat_map(|(_, decision)| decision.listings.clone()).collect();
        state.with(of_all).unwrap_or_default()
    }
}

impl Listing {
    /// Returns the lists that know the client, once it has sent MAIL.
    #[must_use]
    pub fn of_client(session: &Session) -> Vec<Self> {
        Decisions::listings(session.state())
    }

    /// Returns the lists of domains that know the name of HELO or the domain of the sender.
    #[must_use]
    pub fn of_domains(session: &Session) -> Vec<Self> {
        Decisions::listings(session.transaction_state())
    }
}
