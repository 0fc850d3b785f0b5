//! One visitor's conversation, with the lesson that it belongs to.

use std::sync::Arc;

use mailchute::Server;
use mailchute::command::Verb;
use tokio_rustls::rustls::ClientConfig;

use super::conversation::{Conversation, NotSent};
use super::fact::Fact;
use super::input::Input;
use super::lesson::Lesson;

/// A conversation, and how far its lesson is.
#[derive(Debug)]
pub(crate) struct Visit {
    server: Server,
    connector: Arc<ClientConfig>,
    is_lmtp: bool,
    conversation: Conversation,
    lesson: Option<&'static Lesson>,
    step: usize,
    /// The events since the step began.
    facts: Vec<Fact>,
}

/// Facts of one step that are remembered. Later ones do not count.
const MOST_FACTS: usize = 2_000;

impl Visit {
    pub(super) async fn begin(
        server: &Server,
        connector: Arc<ClientConfig>,
        is_lmtp: bool,
        lesson: Option<&'static Lesson>,
    ) -> Self {
        let conversation = Conversation::begin(server, connector.clone(), is_lmtp).await;
        Self { server: server.clone(), connector, is_lmtp, conversation, lesson, step: 0, facts: Vec::new() }
    }

    /// Ends the connection and begins another one. The lesson goes on at the same step.
    pub(crate) async fn again(&mut self) {
        self.conversation = Conversation::begin(&self.server, self.connector.clone(), self.is_lmtp).await;
        self.facts.clear();
    }

    /// Sends an input, and checks the step of the lesson.
    pub(crate) async fn send(&mut self, input: &Input) -> Result<(), NotSent> {
        self.conversation.send(input).await?;
        self.facts.extend(self.conversation.take_facts());
        self.facts.truncate(MOST_FACTS);
        let step = self.lesson.and_then(|lesson| lesson.steps.get(self.step));
        if step.is_some_and(|step| step.is_passed_by(&self.facts)) {
            self.step += 1;
            self.facts.clear();
        }
        Ok(())
    }

    pub(crate) fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    pub(crate) fn lesson(&self) -> Option<&'static Lesson> {
        self.lesson
    }

    /// Returns the number of steps that were passed.
    pub(crate) fn step(&self) -> usize {
        self.step
    }

    /// Returns whether all steps of the lesson were passed.
    pub(crate) fn has_passed(&self) -> bool {
        self.lesson.is_some_and(|lesson| self.step == lesson.steps.len())
    }

    pub(crate) fn is_lmtp(&self) -> bool {
        self.is_lmtp
    }

    /// Returns the commands that are in order now.
    pub(crate) fn in_order(&self) -> Vec<Verb> {
        self.conversation.session().map(|session| self.server.verbs_in_order(session)).unwrap_or_default()
    }
}
