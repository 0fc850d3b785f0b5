//! `mailchute serve --explain`: sessions on standard output, as they go.
//!
//! # Why
//!
//! A separate thread writes, so that a reader who stops reading holds no session up. Events that find no room
//! meanwhile are dropped, and the output says how many.

use std::io::{self, Write as _};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use mailchute::events::{Events, Kind};
use mailchute::explain::Narrator;
use tokio::runtime::Handle;

use crate::failure::Failure;
use crate::process::deadline;

/// How long the end waits for the last lines to be read.
const FINAL_PATIENCE: Duration = Duration::from_secs(2);

/// The running narration. Dropping it waits a moment for its last lines, so the server must have ended before.
pub(crate) struct Narration(Option<JoinHandle<()>>);

impl Narration {
    /// Begins to tell these events.
    ///
    /// # Panics
    /// Panics outside a tokio runtime.
    pub(crate) fn begin(events: Events) -> Result<Self, Failure> {
        // Content is not shown, so no event carries it.
        let kinds = Kind::ALL.iter().copied().filter(|&kind| kind != Kind::DataChunk);
        let mut events = events.only(kinds);
        let runtime = Handle::current();
        let tell = move || {
            let mut narrator = Narrator::default();
            while let Some(event) = runtime.block_on(events.next()) {
                let text = narrator.tell(&event);
                let mut out = io::stdout().lock();
                // Without a reader there is nothing to tell, and sessions go on.
                if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
                    return;
                }
            }
        };
        let thread =
            thread::Builder::new().name("narration".to_owned()).spawn(tell).map_err(Failure::running)?;
        Ok(Self(Some(thread)))
    }
}

impl Drop for Narration {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            deadline::finishes_within(FINAL_PATIENCE, move || drop(thread.join()));
        }
    }
}
