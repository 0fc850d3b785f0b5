//! The driver between two steps: it waits, sends and reports.

use mailchute_proto::Reply;
use mailchute_proto::catalog;
use tokio::time::Instant;

use super::Driver;
use crate::connection::read_outcome::{Interruptible, ReadOutcome};
use crate::connection::wire::COMMANDS;
use crate::driver::ask_hooks::farewell;
use crate::events::stage::Stage;
use crate::runtime::counters::Count;
use crate::runtime::timeouts::CROWDED;
use crate::session::disconnect::Disconnect;

impl Driver {
    /// Waits for the greeting delay, so that a client that does not wait for the greeting shows it.
    pub(super) async fn hold_greeting(&mut self) -> Result<(), Disconnect> {
        let delay = self.shared.timeouts.greeting_delay;
        if delay.is_zero() {
            return Ok(());
        }
        match self.wire.fill(COMMANDS, Interruptible::UntilStop, Instant::now() + delay).await {
            ReadOutcome::Input | ReadOutcome::Timeout => Ok(()),
            outcome => Err(self.give_up(outcome).await),
        }
    }

    /// Sends what is due, and waits for the next command.
    pub(super) async fn wait_for_command(&mut self) -> Result<(), Disconnect> {
        self.flush().await?;
        let now = Instant::now();
        let mut limit = self.shared.timeouts.command;
        if self.shared.connections.is_crowded() {
            limit = limit.min(CROWDED);
        }
        // The whole command has that time, not each of its bytes.
        let deadline = *self.waiting_since.get_or_insert(now) + limit;
        let last_moment = match self.pace {
            Some(_) if self.delivery.is_some() => self.message_deadline(now, limit, true),
            // After a refusal the next command need not be a chunk, and has its usual time.
            _ => Some(self.last_moment(now)),
        };
        let Some(deadline) = last_moment.map(|last| deadline.min(last)).filter(|deadline| *deadline > now)
        else {
            return Err(self.give_up(ReadOutcome::Timeout).await);
        };
        let interruptible = self.interruptible();
        let outcome = match &mut self.delivery {
            // The readers work on between two chunks of a message.
            Some(delivery) => delivery.readers.fill(&mut self.wire, COMMANDS, deadline).await,
            None => self.wire.fill(COMMANDS, interruptible, deadline).await,
        };
        if let Some(pace) = &mut self.pace {
            pace.waited_since(now);
        }
        match outcome {
            ReadOutcome::Input => Ok(()),
            outcome => Err(self.give_up(outcome).await),
        }
    }

    /// Returns when the client must be done with its session, or with the current transaction. Otherwise
    /// chatter would hold a transaction open for ever.
    pub(super) fn last_moment(&mut self, now: Instant) -> Instant {
        let since = if self.machine.in_transaction() {
            *self.in_transaction_since.get_or_insert(now)
        } else {
            self.session.began()
        };
        since + self.shared.timeouts.session
    }

    pub(super) fn interruptible(&self) -> Interruptible {
        if self.machine.in_transaction() { Interruptible::UntilTimeout } else { Interruptible::UntilStop }
    }

    /// Tells the client why the session ends, if it can still be told.
    pub(super) async fn give_up(&mut self, outcome: ReadOutcome) -> Disconnect {
        match outcome {
            ReadOutcome::Timeout => self.say_farewell(&catalog::TIMEOUT).await,
            ReadOutcome::Shutdown => self.say_farewell(&catalog::SHUTTING_DOWN).await,
            ReadOutcome::Closed => {
                if let Some(refusal) = farewell(&self.wire) {
                    self.say_farewell(refusal.reply()).await;
                }
            }
            ReadOutcome::Input | ReadOutcome::Gone => {}
        }
        outcome.into()
    }

    async fn say_farewell(&mut self, reply: &Reply) {
        self.machine.hang_up(reply, &mut self.output);
        self.report_farewell();
        // The session ends with this reply whether it arrives or not.
        let _ = self.flush().await;
    }

    /// Refuses to go on, and hangs up.
    pub(super) async fn hang_up(&mut self, reply: &Reply) {
        self.machine.hang_up(reply, &mut self.output);
        self.report_at(Stage::Secure);
        // The session ends with this reply whether it arrives or not.
        let _ = self.flush().await;
    }

    pub(super) async fn flush(&mut self) -> Result<(), Disconnect> {
        Ok(self.wire.flush(&mut self.output, self.shared.timeouts.command).await?)
    }

    /// Does what is due after a reply.
    pub(super) async fn after_reply(&mut self) -> Result<(), Disconnect> {
        self.forget_pace();
        if !self.machine.in_transaction() {
            self.cut_off_message();
            self.session.end_transaction(self.machine.has_pending_xforward());
            // A client that pipelines its next transaction is never waited for between the two, so its time
            // is checked here.
            let was_slow = self.in_transaction_since.take().is_some();
            if was_slow && self.session.began().elapsed() >= self.shared.timeouts.session {
                return Err(self.give_up(ReadOutcome::Timeout).await);
            }
        }
        if let Some(pause) = self.machine.take_pause() {
            self.wire.pause(pause).await;
            self.flush().await?;
        }
        Ok(())
    }

    /// Drops the message that is coming in, if there is one: it ends without an answer.
    pub(super) fn cut_off_message(&mut self) {
        if self.delivery.take().is_some() {
            self.shared.count(Count::MessagesCutOff, &self.session);
        }
    }
}
