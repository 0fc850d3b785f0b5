//! The outcome of a release.

use axum::http::StatusCode;
use mailchute::syntax::escaped;
use mailchute::{Receipt, Recipient, Refusal, Reply};
use serde::Serialize;
use serde_json::json;

use crate::mailbox::Summary;
use crate::problem::Problem;

/// The answers of the next hop for all recipients.
#[derive(Debug, Clone)]
pub(crate) struct Outcome(pub(crate) Vec<Answer>);

/// The answer of the next hop for a recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Answer {
    pub(crate) address: String,
    pub(crate) accepted: bool,
    /// Whether a refused recipient may be accepted later.
    pub(crate) temporary: bool,
    /// The reply on one line.
    pub(crate) reply: String,
}

impl Outcome {
    pub(super) fn of(recipients: &[Recipient], answers: Vec<Result<Receipt, Refusal>>) -> Self {
        let answers = answers.into_iter().map(Some).chain(std::iter::repeat_with(|| None));
        let answer = |(recipient, answer): (&Recipient, Option<Result<Receipt, Refusal>>)| {
            let answer = answer.unwrap_or_else(|| Err(Refusal::internal("there is no answer")));
            let (accepted, reply) = match answer {
                Ok(receipt) => (true, Reply::from(receipt)),
                Err(refusal) => (false, refusal.reply().clone()),
            };
            let reply = reply.to_string();
            Answer {
                address: recipient.as_str().to_owned(),
                accepted,
                temporary: !accepted && reply.starts_with('4'),
                reply: escaped(reply.trim_end().replace("\r\n", " / ").as_bytes()),
            }
        };
        Self(recipients.iter().zip(answers).map(answer).collect())
    }

    pub(crate) fn is_accepted(&self) -> bool {
        self.0.iter().all(|answer| answer.accepted)
    }

    /// Returns the recipients that do not have the message.
    pub(crate) fn refused(&self) -> impl Iterator<Item = &Answer> {
        self.0.iter().filter(|answer| !answer.accepted)
    }

    /// Tells the log who has the message.
    pub(crate) fn log(&self, message: &Summary, user: Option<&str>) {
        let addresses = |accepted: bool| {
            let answers = self.0.iter().filter(|answer| answer.accepted == accepted);
            answers.map(|answer| &*answer.address).collect::<Vec<_>>().join(", ")
        };
        tracing::info!(
            name: "console-released",
            message = message.queue_id.as_deref(),
            from = message.envelope_from.as_deref(),
            to = addresses(true),
            refused = addresses(false),
            user,
            "a message was sent on to other recipients"
        );
    }

    /// Says in a sentence or two who does not have the message.
    pub(crate) fn in_words(&self) -> String {
        let refused: Vec<_> =
            self.refused().map(|answer| format!("{} ({})", answer.address, answer.reply)).collect();
        let (number, all) = (refused.len(), self.0.len());
        let who = match (number, all) {
            (1, 1) => "the recipient".to_owned(),
            _ if number == all => format!("any of the {all} recipients"),
            _ => format!("{number} of {all} recipients"),
        };
        let mut text = format!("The next hop did not take the message for {who}: {}.", refused.join(", "));
        if number < all {
            text += " The others have it.";
        }
        text
    }
}

/// The answer of the API if not all recipients were accepted.
///
/// # Why
/// A program that looks at the status only must not believe that all have the message. So a part that fails is an error
/// as well, and not a 207. The member `recipients` says who has it, so that a retry can leave them out.
impl From<Outcome> for Problem {
    fn from(outcome: Outcome) -> Self {
        let problem = Self::new(StatusCode::BAD_GATEWAY, outcome.in_words());
        problem.with("recipients", json!(outcome.0))
    }
}
