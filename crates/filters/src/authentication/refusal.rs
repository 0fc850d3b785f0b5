//! The refusal of a message that DMARC does not let in.

use mailchute::Refusal;

use crate::dmarc::{DmarcOutcome, DmarcResult};

/// Returns the refusal for the outcome of a message that should be refused.
pub(super) fn refusal(outcome: &DmarcOutcome) -> Refusal {
    match (&outcome.author, &outcome.problem) {
        (Some(author), _) if outcome.result == DmarcResult::Fail => Refusal::new(
            550,
            (5, 7, 26),
            format!(
                "The domain {author} asks to refuse this message, since neither SPF nor DKIM authenticates it (DMARC); send it \
                 through a server of {author}, or sign it"
            ),
        ),
        (_, Some(problem)) => Refusal::new(
            550,
            (5, 7, 1),
            format!("The author cannot be checked (DMARC): {problem}; write one From field with one address"),
        ),
        _ => Refusal::new(550, (5, 7, 26), "The message fails DMARC"),
    }
}
