//! The questions to a greylist: at RCPT, or at DATA for bounces.

use mailchute::{Answer, Envelope, Hooks, Recipient, Refusal, Sender, Session, Verdict};

use super::Greylist;
use super::decide::{Decision, Keys};
use super::sender::without_changing_parts;
use crate::client::{is_postmaster, network_of};
use crate::key::Key;
use crate::retry::TryAgainIn;

impl Greylist {
    /// Returns the network of the client, unless the client is exempt.
    fn network(&self, session: &Session) -> Option<String> {
        if session.identity().is_some() {
            return None;
        }
        Some(network_of(self.exempt.address(session)?, 24).to_string())
    }

    /// Decides on mail for this recipient.
    async fn decide_on(&self, network: &str, from: &Sender, to: &Recipient) -> Decision {
        let sender = if from.is_null() { String::new() } else { without_changing_parts(from) };
        let keys = Keys {
            triplet: Key::of(&[network.as_bytes(), sender.as_bytes(), to.lookup_key().as_bytes()]),
            network: Key::of(&[network.as_bytes()]),
        };
        self.decide(keys).await
    }
}

/// Returns the answer to the client, and tells the decision.
fn answer(decision: Decision, session: &Session) -> Answer {
    let (word, wait) = match decision {
        Decision::Wait(wait) => ("wait", Some(wait)),
        Decision::Pass => ("pass", None),
        Decision::Known | Decision::KnownNetwork => ("known", None),
    };
    session.add_finding("greylist", word);
    match wait {
        Some(wait) => Err(Refusal::new(451, (4, 7, 1), format!("Greylisted; {}", TryAgainIn(wait)))),
        None => Ok(Verdict::Accept),
    }
}

/// Returns the decision on a message for several recipients, of those on each: all wait for the last.
fn stricter(one: Decision, other: Decision) -> Decision {
    match (one, other) {
        (Decision::Wait(one), Decision::Wait(other)) => Decision::Wait(one.max(other)),
        (Decision::Wait(wait), _) | (_, Decision::Wait(wait)) => Decision::Wait(wait),
        (Decision::Pass, _) | (_, Decision::Pass) => Decision::Pass,
        (known, _) => known,
    }
}

impl Hooks for Greylist {
    async fn rcpt_to(&self, to: &Recipient, session: &Session) -> Answer {
        let sender = session.sender().filter(|sender| !sender.is_null());
        let (Some(sender), false, Some(network)) = (sender, is_postmaster(to), self.network(session)) else {
            return Ok(Verdict::Accept);
        };
        answer(self.decide_on(&network, &sender, to).await, session)
    }

    async fn data(&self, envelope: &Envelope, session: &Session) -> Answer {
        let Some(network) = self.network(session).filter(|_| envelope.sender.is_null()) else {
            return Ok(Verdict::Accept);
        };
        let mut strictest = None;
        for to in envelope.recipients.iter().filter(|to| !is_postmaster(to)) {
            let decision = self.decide_on(&network, &envelope.sender, to).await;
            strictest = Some(strictest.map_or(decision, |before| stricter(before, decision)));
        }
        strictest.map_or(Ok(Verdict::Accept), |decision| answer(decision, session))
    }
}
