//! The questions to a greylist: at RCPT, or at DATA for bounces.

use std::time::Duration;

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

    /// Returns how long the client must wait with mail for this recipient.
    async fn wait(
        &self,
        network: &str,
        from: &Sender,
        to: &Recipient,
        session: &Session,
    ) -> Option<Duration> {
        let sender = if from.is_null() { String::new() } else { without_changing_parts(from) };
        let keys = Keys {
            triplet: Key::of(&[network.as_bytes(), sender.as_bytes(), to.lookup_key().as_bytes()]),
            network: Key::of(&[network.as_bytes()]),
        };
        let (word, wait) = match self.decide(keys).await {
            Decision::Wait(wait) => ("wait", Some(wait)),
            Decision::Pass => ("pass", None),
            Decision::Known | Decision::KnownNetwork => ("known", None),
        };
        session.add_finding("greylist", word);
        wait
    }
}

fn answer(wait: Option<Duration>) -> Answer {
    match wait {
        Some(wait) => Err(Refusal::new(451, (4, 7, 1), format!("Greylisted; {}", TryAgainIn(wait)))),
        None => Ok(Verdict::Accept),
    }
}

impl Hooks for Greylist {
    async fn rcpt_to(&self, to: &Recipient, session: &Session) -> Answer {
        let sender = session.sender().filter(|sender| !sender.is_null());
        let (Some(sender), false, Some(network)) = (sender, is_postmaster(to), self.network(session)) else {
            return Ok(Verdict::Accept);
        };
        answer(self.wait(&network, &sender, to, session).await)
    }

    async fn data(&self, envelope: &Envelope, session: &Session) -> Answer {
        let Some(network) = self.network(session).filter(|_| envelope.sender.is_null()) else {
            return Ok(Verdict::Accept);
        };
        let mut longest = None;
        for to in envelope.recipients.iter().filter(|to| !is_postmaster(to)) {
            longest = longest.max(self.wait(&network, &envelope.sender, to, session).await);
        }
        if longest.is_some() {
            session.add_finding("greylist", "wait");
        }
        answer(longest)
    }
}
