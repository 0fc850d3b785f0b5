//! The commands that are in order, for those who show a session. The table itself is [`crate::phase`].

use crate::command::Verb;
use crate::edits::EhloEdits;
use crate::facts::ProtocolFacts;
use crate::offer::Offer;
use crate::phase::{Phase, out_of_order};
use crate::protocol::Protocol;
use crate::settings::Settings;

/// The facts of a session that decide which commands are in order.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress {
    /// The protocol of the session.
    pub protocol: Protocol,
    /// The session is inside TLS.
    pub is_tls: bool,
    /// The client has authenticated.
    pub is_authenticated: bool,
    /// The client has sent EHLO, HELO or LHLO, since TLS began.
    pub is_ready: bool,
    /// The client may use extensions: it has sent EHLO or LHLO.
    pub is_extended: bool,
    /// MAIL was accepted, and so were that many recipients.
    pub recipients: Option<usize>,
    /// MAIL carried BODY=BINARYMIME.
    pub is_binary: bool,
    /// The session is between two chunks of a message.
    pub is_in_chunks: bool,
}

impl Progress {
    fn phase(&self) -> Phase {
        match self.recipients {
            _ if !self.is_ready => Phase::Greeted,
            Some(_) if self.is_in_chunks => Phase::Chunks,
            // Whether others were refused changes the refusal only.
            Some(recipients) => Phase::Transaction { recipients, any_refused: false },
            None => Phase::Ready,
        }
    }

    /// Returns the verbs that are in order now, in the order of [`Verb::ALL`]. Others are refused whatever their
    /// argument is.
    pub fn verbs_in_order(
        &self,
        settings: &Settings,
        edits: Option<&EhloEdits>,
    ) -> impl Iterator<Item = Verb> + use<> {
        let mut facts = ProtocolFacts::default();
        facts.connection.protocol = self.protocol;
        facts.connection.is_tls = self.is_tls;
        facts.greeting.is_extended = self.is_extended;
        facts.greeting.is_authenticated = self.is_authenticated;
        facts.transaction.is_binary = self.is_binary;
        let offer = Offer { settings, facts: &facts, edits, now: None };
        let in_order: Vec<_> = Verb::ALL
            .iter()
            .copied()
            .filter(|verb| verb.spoken_in(self.protocol) == *verb)
            .filter(|&verb| out_of_order(self.phase(), verb, offer).is_none())
            .collect();
        in_order.into_iter()
    }
}
