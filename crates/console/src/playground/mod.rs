//! The playground: type SMTP, and a real conversation answers.
//!
//! # Why
//!
//! The playground has a server of its own, with the same code as the real one: what it says is what Mailchute says.
//! Nothing leaves the process, so a visitor can try everything. The page has no table of states: the server itself
//! tells which commands are in order.

mod conversation;
mod decode;
mod entry;
mod fact;
mod input;
mod lesson;
mod pipe;
mod readings;
mod server;
mod tls;
mod visit;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use mailchute::Server;
use tokio::time::Instant;

pub(crate) use conversation::{NotSent, Wanted};
pub(crate) use entry::Entry;
pub(crate) use input::{Input, LineEnd};
pub(crate) use lesson::{Lesson, Step, lesson, lessons};
pub(crate) use readings::Reading;
pub(crate) use server::USER;
use tls::Tls;
pub(crate) use visit::Visit;

/// The most conversations at once. The one that was idle for the longest time ends for a new one.
const MOST: usize = 64;

/// How long a conversation may be idle.
const IDLE: Duration = Duration::from_secs(15 * 60);

/// The playground. Clones share the same conversations.
#[derive(Debug, Clone, Default)]
pub(crate) struct Playground(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Made for the first visitor. `None` if that fails.
    running: OnceLock<Option<Running>>,
    visits: Mutex<HashMap<String, Entered>>,
}

struct Running {
    tls: Tls,
    server: Server,
}

struct Entered {
    visit: Handle,
    last_used: Instant,
}

/// A conversation, as the requests of one page share it.
pub(crate) type Handle = Arc<tokio::sync::Mutex<Visit>>;

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("visits", &self.lock().len()).finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entered>> {
        // Each change leaves whole conversations.
        self.visits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> Option<&Running> {
        let make = || {
            let tls = Tls::new()?;
            let server = server::build(&tls)?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(Running { tls, server })
        };
        let running = self.running.get_or_init(|| {
            make()
                .inspect_err(
                    |error| tracing::error!(name: "playground-failed", %error, "there is no playground"),
                )
                .ok()
        });
        running.as_ref()
    }
}

impl Playground {
    /// Begins a conversation. `None` if there is no server, since no certificate could be made.
    pub(crate) async fn begin(&self, lesson: Option<&'static Lesson>, is_lmtp: bool) -> Option<Handle> {
        let running = self.0.running()?;
        let is_lmtp = lesson.map_or(is_lmtp, |lesson| lesson.lmtp);
        let visit = Visit::begin(&running.server, running.tls.connector(), is_lmtp, lesson).await;
        Some(Arc::new(tokio::sync::Mutex::new(visit)))
    }

    /// Begins a conversation that its visitor finds again by the id.
    pub(crate) async fn enter(&self, lesson: Option<&'static Lesson>, is_lmtp: bool) -> Option<String> {
        let id = new_id()?;
        let visit = self.begin(lesson, is_lmtp).await?;
        let mut visits = self.0.lock();
        forget_idle(&mut visits);
        if visits.len() >= MOST {
            let oldest = visits.iter().min_by_key(|(_, entered)| entered.last_used).map(|(id, _)| id.clone());
            oldest.and_then(|oldest| visits.remove(&oldest));
        }
        visits.insert(id.clone(), Entered { visit, last_used: Instant::now() });
        Some(id)
    }

    /// Returns the conversation of an id. `None` if it was idle for too long, or ended for others.
    pub(crate) fn get(&self, id: &str) -> Option<Handle> {
        let mut visits = self.0.lock();
        forget_idle(&mut visits);
        let entered = visits.get_mut(id)?;
        entered.last_used = Instant::now();
        Some(Arc::clone(&entered.visit))
    }

    /// Ends a conversation.
    pub(crate) fn leave(&self, id: &str) {
        self.0.lock().remove(id);
    }

    /// Returns how a strict and a tolerant server read the same bytes.
    pub(crate) async fn readings(&self, raw: &[u8]) -> Option<[Reading; 2]> {
        let running = self.0.running()?;
        let strict = Reading::of(&running.server, running.tls.connector(), raw).await;
        let whole = readings::with_whole_line_ends(raw);
        let tolerant = Reading::of(&running.server, running.tls.connector(), &whole).await;
        Some([strict, tolerant])
    }
}

fn forget_idle(visits: &mut HashMap<String, Entered>) {
    visits.retain(|_, entered| entered.last_used.elapsed() < IDLE);
}

/// Returns 32 hex digits that cannot be guessed. `None` if the host has no random numbers.
fn new_id() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
