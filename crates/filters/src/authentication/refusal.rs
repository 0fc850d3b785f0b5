//! The refusals of messages that DMARC does not let in.

use mailchute::Refusal;

use crate::dmarc::{DmarcOutcome, DmarcProblem, DmarcResult};

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

/// Returns the refusal for the outcome of a message that a later check may let in.
pub(super) fn refusal_for_now(outcome: &DmarcOutcome) -> Refusal {
    let author = outcome.author.as_deref().unwrap_or_default();
    let name = match &outcome.problem {
        Some(DmarcProblem::Open(name) | DmarcProblem::Dns(name, _)) => name,
        _ => author,
    };
    Refusal::new(
        451,
        (4, 7, 0),
        format!(
            "The domain {author} does not want mail that neither SPF nor DKIM authenticates (DMARC), and the DNS does not \
             answer for {name}; try again later"
        ),
    )
}
