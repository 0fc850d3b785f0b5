//! The commands that a session may send next.

use mailchute_proto::{BodyKind, Progress, Verb};

use crate::server::Server;
use crate::session::Session;
use crate::session::SessionPhase;

impl Server {
    /// Returns the verbs that are in order in a session now, to show them to people. The server refuses the other
    /// commands whatever their argument is. Within a message or an AUTH exchange, the verbs are those that are in order
    /// if it fails.
    ///
    /// The order is that of [`Verb::ALL`]. A closed session has none.
    ///
    /// # Examples
    /// ```
    /// use mailchute::command::Verb;
    /// use mailchute::{Server, testing};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), mailchute::BuildError> {
    /// let server = Server::builder().store(testing::Inbox::new()).build()?;
    /// let mut client = testing::connect(&server).open();
    /// client.ready().await.expect(250);
    /// client.command("MAIL FROM:<>").await.expect(250);
    /// let verbs = server.verbs_in_order(&server.sessions()[0]);
    /// assert!(verbs.contains(&Verb::Rcpt) && !verbs.contains(&Verb::Data));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn verbs_in_order(&self, session: &Session) -> Vec<Verb> {
        let phase = session.phase();
        if phase == SessionPhase::Over {
            return Vec::new();
        }
        let (facts, envelope) = (session.transmission_type(), session.envelope());
        let progress = Progress {
            protocol: session.protocol(),
            is_tls: facts.is_tls,
            is_authenticated: facts.is_authenticated,
            is_ready: session.helo_name().is_some(),
            is_extended: facts.is_extended,
            recipients: envelope.as_ref().map(|envelope| envelope.recipients.len()),
            is_binary: envelope
                .is_some_and(|envelope| envelope.sender.parameters().body == Some(BodyKind::BinaryMime)),
            is_in_chunks: phase == SessionPhase::Message,
        };
        let shared = self.shared();
        progress.verbs_in_order(shared.settings_of(session), session.ehlo_edits().as_deref()).collect()
    }
}
