//! Removes the oldest messages, if bounds were set.

use std::time::{Duration, Instant, SystemTime};

use super::super::scan::MailFile;
use super::Worker;
use super::updating::Failure;

/// How long files are removed before requests have their turn.
const TURN: Duration = Duration::from_millis(500);

/// Messages that are looked up at once.
const BATCH: u64 = 5_000;

impl Worker {
    /// Removes old messages while nobody looks. New files are not read for that: their names have the time.
    pub(super) fn prune_unseen(&mut self) {
        match self.refresh().and_then(|()| self.prune()) {
            Err(Failure::Index(error)) => self.make_index_again(&error),
            Err(Failure::Maildir(error)) => tracing::warn!(
                name: "mailbox-unreadable",
                path = %self.path.display(),
                error = %error,
                "the Maildir cannot be looked at"
            ),
            Ok(()) => {}
        }
    }

    /// Removes messages that are beyond the bounds.
    pub(super) fn prune(&mut self) -> Result<(), Failure> {
        if self.retention.keeps_all() {
            return Ok(());
        }
        let end = Instant::now() + TURN;
        loop {
            let excess = self.excess()?;
            if excess.is_empty() {
                return Ok(());
            }
            let removed = excess.iter().take_while(|file| Instant::now() < end && self.remove(file)).count();
            self.refresh()?;
            // The rest, and a file that cannot be removed now, have their turn later.
            if removed < excess.len() {
                return Ok(());
            }
        }
    }

    /// Returns the oldest messages that are beyond the bounds, or some of them.
    fn excess(&self) -> Result<Vec<MailFile>, Failure> {
        let Some(index) = &self.index else { return Ok(Vec::new()) };
        let waiting = self.scanner.waiting.iter().map(|((micros, _), file)| (*micros, file));
        let waiting_size = |file| if self.retention.bytes.is_some() { self.size(file) } else { 0 };
        let waiting: Vec<_> = waiting.map(|(micros, file)| (micros, waiting_size(file), file)).collect();
        let mut messages = (self.scanner.known.len() as u64).saturating_sub(index.hidden_count()?);
        let mut bytes = if self.retention.bytes.is_some() { index.bytes()? } else { 0 };
        bytes += waiting.iter().map(|(_, size, _)| size).sum::<u64>();
        let now = SystemTime::now();
        let oldest =
            self.retention.age.and_then(|age| now.checked_sub(age)).unwrap_or(SystemTime::UNIX_EPOCH);
        let oldest = oldest.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_micros();
        let oldest = i64::try_from(oldest).unwrap_or_default();
        let is_beyond = |micros: i64, messages: u64, bytes: u64| {
            micros < oldest
                || self.retention.messages.is_some_and(|most| messages > most)
                || self.retention.bytes.is_some_and(|most| bytes > most)
        };
        let mut excess = Vec::new();
        let first = index.oldest(1)?.first().map(|(id, ..)| id.received().as_microsecond());
        let is_any = first.is_some_and(|micros| is_beyond(micros, messages, bytes));
        let mut indexed = index.oldest(if is_any { BATCH } else { 1 })?.into_iter().peekable();
        let mut waiting = waiting.into_iter().peekable();
        while (excess.len() as u64) < BATCH {
            let is_indexed = match (indexed.peek(), waiting.peek()) {
                (Some((id, ..)), Some((micros, ..))) => id.received().as_microsecond() <= *micros,
                (next, None) if next.is_none() => break,
                (next, _) => next.is_some(),
            };
            let next = if is_indexed {
                indexed.next().map(|(id, size, file)| (id.received().as_microsecond(), size, file))
            } else {
                waiting.next().map(|(micros, size, file)| (micros, size, file.clone()))
            };
            let Some((_, size, file)) = next.filter(|(micros, ..)| is_beyond(*micros, messages, bytes))
            else {
                break;
            };
            messages = messages.saturating_sub(1);
            bytes = bytes.saturating_sub(size);
            excess.push(file);
        }
        Ok(excess)
    }

    /// Returns the size of a file that is not in the index.
    fn size(&self, file: &MailFile) -> u64 {
        let named = super::super::name::MailName::parse(&file.name).size();
        let size = || self.directory(file).and_then(|directory| directory.size(&file.name));
        named.or_else(|| size().ok()).unwrap_or_default()
    }
}
