//! The lines that client and server have sent, for failed assertions.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Lines that are remembered. Older ones are forgotten.
const LINES: usize = 200;

/// Bytes of each line that are remembered.
const WIDTH: usize = 200;

/// The lines of a conversation so far. Clones share the same conversation.
#[derive(Debug, Clone, Default)]
pub(super) struct Conversation(Arc<Mutex<VecDeque<String>>>);

impl Conversation {
    fn lines(&self) -> MutexGuard<'_, VecDeque<String>> {
        // Each change leaves complete lines.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn client_sends(&self, bytes: &[u8]) {
        let count = bytes.split_inclusive(|byte| *byte == b'\n').count();
        for line in bytes.split_inclusive(|byte| *byte == b'\n').skip(count.saturating_sub(LINES)) {
            self.add("C", line.strip_suffix(b"\r\n").unwrap_or(line));
        }
    }

    pub(super) fn server_says(&self, line: &str) {
        self.add("S", line.as_bytes());
    }

    fn add(&self, who: &str, line: &[u8]) {
        let cut = &line[..line.len().min(WIDTH)];
        let more = if cut.len() < line.len() { "…" } else { "" };
        let mut lines = self.lines();
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(format!("{who}: {}{more}", String::from_utf8_lossy(cut).escape_debug()));
    }
}

impl fmt::Display for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the conversation so far:")?;
        self.lines().iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}
