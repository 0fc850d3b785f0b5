//! The answers of all lists of a filter, together.

use mailchute::session::TypedState;
use mailchute::{Refusal, Session};

use super::listing::Listing;
use super::rules::Action;
use crate::filter_id::PerFilter;

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

/// Returns what the lists of all filters know.
fn listings(state: &TypedState) -> Vec<Listing> {
    PerFilter::with_all(state, |all: &mut dyn Iterator<Item = &Decision>| {
        all.flat_map(|decision| decision.listings.clone()).collect()
    })
}

impl Listing {
    /// Returns the lists that know the client, once it has sent MAIL.
    #[must_use]
    pub fn of_client(session: &Session) -> Vec<Self> {
        listings(session.state())
    }

    /// Returns the lists of domains that know the name of HELO or the domain of the sender.
    #[must_use]
    pub fn of_domains(session: &Session) -> Vec<Self> {
        listings(session.transaction_state())
    }
}
