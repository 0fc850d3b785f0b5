//! Transcripts with explanations.

use std::fmt;

use mailchute_proto::explain::Follower;

use super::notes::notes;
use crate::events::Transcript;

/// A transcript with the meaning of each line below it. Made by [`Transcript::explained`].
#[derive(Debug, Clone, Copy)]
pub struct ExplainedTranscript<'t>(&'t Transcript);

impl Transcript {
    /// Returns the transcript with the meaning of each line below it, in plain English.
    ///
    /// ```
    /// use mailchute::{Server, testing};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), mailchute::BuildError> {
    /// let server = Server::builder().store(testing::Inbox::new()).build()?;
    /// let recorder = server.events().record();
    ///
    /// let mut client = testing::connect(&server).open();
    /// client.greeting().await.expect(220);
    /// client.command("RCPT TO:<bob@example.com>").await.expect(503);
    ///
    /// let transcript = recorder.last().expect("a session has begun");
    /// let text = transcript.explained().to_string();
    /// assert!(text.contains("S: 503 5.5.1 Send EHLO first\n          | Greet first."), "{text}");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn explained(&self) -> ExplainedTranscript<'_> {
        ExplainedTranscript(self)
    }
}

impl fmt::Display for ExplainedTranscript<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write_head(f)?;
        let mut follower = Follower::default();
        for line in self.0.lines() {
            write!(f, "\n{line}")?;
            for note in notes(&mut follower, &line.said) {
                write!(f, "\n          | {note}")?;
            }
        }
        Ok(())
    }
}
