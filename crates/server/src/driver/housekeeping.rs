//! What the driver does between the steps: wait, send, shake hands, tell what happened.

use std::sync::Arc;
use std::time::Duration;

use mailchute_proto::reply::catalog;
use mailchute_proto::{Reply, Verdict, escaped};
use tokio::time::Instant;
use tracing::Level;

use super::{Driver, hear};
use crate::disconnect::Disconnect;
use crate::event::Event;
use crate::tls::{ClientCertificate, InForce};
use crate::wire::{COMMANDS, Patience, Wake};

/// How long a client may take for its next command when places are short.
const CROWDED: Duration = Duration::from_secs(10);

impl Driver {
    /// Gives a client the time to show that it does not wait for the greeting.
    pub(super) async fn hold_greeting(&mut self) -> Result<(), Disconnect> {
        let delay = self.core.clients.greeting_delay;
        if delay.is_zero() {
            return Ok(());
        }
        match self.wire.fill(COMMANDS, Patience::UntilStop, Instant::now() + delay).await {
            Wake::Input | Wake::Timeout => Ok(()),
            wake => Err(self.give_up(wake).await),
        }
    }

    /// Sends what is to be sent and waits for more of the client.
    pub(super) async fn wait_for_command(&mut self) -> Result<(), Disconnect> {
        self.flush().await?;
        let now = Instant::now();
        let mut limit = self.core.timeouts.command;
        if self.core.connections.is_crowded() {
            limit = limit.min(CROWDED);
        }
        // The whole command has that time, not each of its octets.
        let deadline = *self.waiting_since.get_or_insert(now) + limit;
        let deadline = deadline.min(self.last_moment(now));
        if deadline <= now {
            return Err(self.give_up(Wake::Timeout).await);
        }
        let patience = self.patience();
        let wake = match &mut self.delivery {
            // Between two chunks of a message those who hear it work on.
            Some(delivery) => delivery.hearing.fill(&mut self.wire, COMMANDS, deadline).await,
            None => self.wire.fill(COMMANDS, patience, deadline).await,
        };
        match wake {
            Wake::Input => Ok(()),
            wake => Err(self.give_up(wake).await),
        }
    }

    /// When the client must be done with its session, or with the transaction that is under way: talk within one
    /// would hold it open for ever.
    pub(super) fn last_moment(&mut self, now: Instant) -> Instant {
        let since = if self.machine.in_transaction() {
            *self.in_transaction_since.get_or_insert(now)
        } else {
            self.began
        };
        since + self.core.timeouts.session
    }

    pub(super) fn patience(&self) -> Patience {
        if self.machine.in_transaction() { Patience::UntilTimeout } else { Patience::UntilStop }
    }

    /// Says why the session ends, if the client can still hear it.
    pub(super) async fn give_up(&mut self, wake: Wake) -> Disconnect {
        match wake {
            Wake::Timeout => self.hang_up(&catalog::TIMEOUT).await,
            Wake::Stop => self.hang_up(&catalog::SHUTTING_DOWN).await,
            Wake::Input | Wake::Gone => {}
        }
        wake.into()
    }

    pub(super) async fn hang_up(&mut self, reply: &Reply) {
        let mark = self.output.len();
        self.machine.hang_up(reply, &mut self.output);
        self.report(None, mark);
        // The session ends with this reply whether it arrives or not.
        let _ = self.flush().await;
    }

    pub(super) async fn flush(&mut self) -> Result<(), Disconnect> {
        Ok(self.wire.flush(&mut self.output, self.core.timeouts.command).await?)
    }

    /// Does what a reply brings with it.
    pub(super) async fn after_reply(&mut self) -> Result<(), Disconnect> {
        if !self.machine.in_transaction() {
            self.delivery = None;
            self.session.end_transaction();
            // Who begins the next transaction in the same breath is never waited for between the two.
            let was_slow = self.in_transaction_since.take().is_some();
            if was_slow && self.began.elapsed() >= self.core.timeouts.session {
                return Err(self.give_up(Wake::Timeout).await);
            }
        }
        if let Some(pause) = self.machine.take_pause() {
            self.wire.shrink();
            tokio::time::sleep(pause).await;
            self.flush().await?;
        }
        Ok(())
    }

    /// Puts TLS in the place of the plain connection.
    pub(super) async fn handshake(&mut self) -> Result<(), Disconnect> {
        let Some(tls) = self.core.tls.as_deref().map(InForce::now) else {
            return Err(Disconnect::TlsFailure);
        };
        match self.wire.upgrade(self.core.timeouts.handshake, &tls, &self.core.turnstile).await? {
            Ok(facts) => {
                let client = facts.client.as_deref();
                tracing::info!(
                    version = facts.version,
                    cipher = facts.cipher,
                    sni = facts.sni,
                    resumed = facts.is_resumed,
                    client_certificate =
                        client.and_then(|client| client.name()).map(|name| escaped(name.as_bytes())),
                    client_verified = client.map(ClientCertificate::is_verified),
                    "secured"
                );
                if self.would_bind() && !self.wire.has_channel_binding() {
                    self.machine.cannot_bind();
                }
                let facts = Arc::new(facts);
                self.session.secured(Arc::clone(&facts));
                self.core.subscribers.tell(|| Event::secure(&self.session, facts));
                Ok(())
            }
            Err(error) => {
                tracing::info!(%error, "the TLS handshake failed");
                Err(Disconnect::TlsFailure)
            }
        }
    }

    /// Whether a mechanism is on offer that binds to the TLS session.
    fn would_bind(&self) -> bool {
        self.core.settings.mechanisms.iter().any(|mechanism| mechanism.binds_channel())
    }

    /// After STARTTLS it is the client's turn to speak: a refusal is said unasked, and hangs up.
    pub(super) async fn hear_secure_hooks(&mut self) -> Result<(), Disconnect> {
        let Some(tls) = self.session.tls() else { return Ok(()) };
        let hooks = self.core.chain.secure(&tls, &self.session);
        let verdict = match hear(&self.core, &mut self.wire, &mut self.output, hooks).await {
            Ok(verdict) => verdict,
            Err(wake) => return Err(self.give_up(wake).await),
        };
        let reply = match verdict {
            Verdict::Accept => return Ok(()),
            Verdict::Refuse => catalog::HUNG_UP,
            Verdict::Reply(reply) if reply.is_positive() && !reply.closes() => return Ok(()),
            Verdict::Reply(reply) if reply.is_positive() || reply.is_refusal() => reply,
            Verdict::Reply(_) => catalog::INTERNAL_ERROR,
        };
        self.hang_up(&reply).await;
        Err(Disconnect::Hook)
    }

    /// Tells of the command that the next step reads; its line, if the log wants it with the reply.
    pub(super) fn observe_command(&self) -> Option<String> {
        let subscribers = &self.core.subscribers;
        if !(subscribers.any() || tracing::enabled!(Level::INFO)) {
            return None;
        }
        let line = escaped(self.machine.upcoming_command(&self.wire.input)?);
        if !tracing::enabled!(Level::INFO) {
            subscribers.tell(|| Event::command(&self.session, line));
            return None;
        }
        subscribers.tell(|| Event::command(&self.session, line.clone()));
        Some(line)
    }

    /// Tells what was answered; the reply is what stands in the output from `mark` on.
    pub(super) fn report(&self, line: Option<String>, mark: usize) {
        if !(self.core.subscribers.any() || tracing::enabled!(Level::INFO)) {
            return;
        }
        // A reply is printable ASCII, whoever made it.
        let reply = str::from_utf8(self.output.get(mark..).unwrap_or_default()).unwrap_or_default();
        // A challenge of SCRAM is all it takes to guess the password without asking us.
        let reply = if reply.starts_with("334 ") { "334" } else { reply.trim_ascii_end() };
        if reply.is_empty() {
            // BDAT is answered when its chunk has come.
            if let Some(command) = line {
                tracing::info!(command, "command");
            }
            return;
        }
        if tracing::enabled!(Level::INFO) {
            let reply_line = reply.replace("\r\n", " / ");
            match line {
                Some(command) => tracing::info!(command, reply = reply_line, "command"),
                None => tracing::info!(reply = reply_line, "reply"),
            }
        }
        self.core.subscribers.tell(|| Event::reply(&self.session, reply));
    }
}
