//! Failures on purpose: rules that refuse, delay or hang up, for a limited time.
//!
//! # Why
//!
//! The rules are hooks and a filter in front of all others, so the server's own promises hold: a refused message is
//! never kept, and a message is answered 250 only by the store. While no rule is active, each stage costs one
//! relaxed load.

mod attempts;
mod document;
mod hooks;
mod in_force;
mod pattern;
mod preset;
mod rule;
mod stage;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until, timeout};

pub(crate) use document::{Chaos as Document, RuleDocument, Status};
use in_force::InForce;
pub(crate) use preset::PRESETS;
pub(crate) use rule::Invalid;
pub(crate) use stage::Stage;

/// Rules that make a server fail on purpose, to test what its clients do. Clones share the same rules.
///
/// A server refuses mail while rules are active. Give a clone to [`Builder::with`](mailchute::Builder::with) before
/// all other hooks, also at each [`reconfigure`](mailchute::Server::reconfigure), and another to the console.
///
/// # Examples
/// ```
/// use mailchute::{Server, testing};
/// use mailchute_console::{Chaos, Console};
///
/// let chaos = Chaos::new();
/// let server = Server::builder().with(chaos.clone()).store(testing::Inbox::new()).build()?;
/// let console = Console::builder(&server).chaos(chaos).build();
/// # Ok::<(), mailchute::BuildError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Chaos(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// Whether there are rules, so that a stage without any takes no lock.
    has_rules: AtomicBool,
    in_force: Mutex<Option<InForce>>,
    /// Wakes delays and open pages when rules begin or end.
    changed: watch::Sender<()>,
    /// Ends the rules when their time is over.
    timer: Mutex<Option<AbortHandle>>,
}

/// The banner of all pages while rules are active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Banner {
    pub(crate) rules: usize,
    pub(crate) ends: Timestamp,
}

impl Chaos {
    /// Returns a handle without rules.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns what all pages say while rules are active.
    pub(crate) fn banner(&self) -> Option<Banner> {
        let in_force = self.lock();
        let rules = in_force.as_ref()?;
        Some(Banner { rules: rules.len(), ends: rules.ends() })
    }

    /// Returns what changes when rules begin or end.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.0.changed.subscribe()
    }

    /// Returns the active rules, and how often each was applied.
    pub(crate) fn status(&self) -> Status {
        self.lock().as_ref().map_or_else(Status::default, InForce::status)
    }

    /// Applies rules instead of those before. Call it inside a tokio runtime.
    pub(crate) fn set(&self, document: &Document) -> Result<Status, Invalid> {
        let rules = InForce::new(document)?;
        let (id, until, status) = (rules.id(), rules.until(), rules.status());
        tracing::warn!(
            name: "chaos-began",
            rules = rules.len(),
            seconds = document.seconds,
            "rules of chaos are active: the server refuses or delays mail on purpose"
        );
        *self.lock() = Some(rules);
        self.0.has_rules.store(true, Ordering::Relaxed);
        self.0.changed.send_replace(());
        let chaos = self.clone();
        let timer = tokio::spawn(async move {
            sleep_until(until).await;
            chaos.end(|rules| rules.id() == id);
        });
        let before =
            self.0.timer.lock().unwrap_or_else(PoisonError::into_inner).replace(timer.abort_handle());
        if let Some(before) = before {
            before.abort();
        }
        Ok(status)
    }

    /// Takes the rules out of force.
    pub(crate) fn clear(&self) {
        self.end(|_| true);
    }

    fn end(&self, is_meant: impl Fn(&InForce) -> bool) {
        let mut in_force = self.lock();
        let Some(ended) = in_force.take_if(|rules| is_meant(rules)) else { return };
        self.0.has_rules.store(false, Ordering::Relaxed);
        drop(in_force);
        self.0.changed.send_replace(());
        tracing::warn!(name: "chaos-ended", applied = ended.applied(), "no rule of chaos is active any more");
    }

    /// Returns whether rules are active.
    fn is_on(&self) -> bool {
        self.0.has_rules.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Option<InForce>> {
        // Each change leaves whole rules.
        self.0.in_force.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the rules of a moment that are due, if their time is not over.
    fn due(&self, attempt: &attempts::Attempt<'_>) -> (u64, Vec<rule::Effect>) {
        let mut in_force = self.lock();
        match in_force.as_mut() {
            Some(rules) if Instant::now() < rules.until() => (rules.id(), rules.due(attempt)),
            _ => (0, Vec::new()),
        }
    }

    fn is_in_force(&self, id: u64) -> bool {
        self.lock().as_ref().is_some_and(|rules| rules.id() == id)
    }

    /// Waits for this time, or until these rules end.
    async fn delay(&self, time: Duration, id: u64) {
        let mut changed = self.0.changed.subscribe();
        let end = async { while self.is_in_force(id) && changed.changed().await.is_ok() {} };
        // Most rules are still active after their delay.
        let _ = timeout(time, end).await;
    }
}
