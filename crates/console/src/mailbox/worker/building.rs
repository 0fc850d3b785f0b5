//! Puts files that wait into the index, the newest first.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::directory::{Directory, Head};
use super::super::entry::{Entry, READ};
use super::super::index::NewMessage;
use super::super::known::State;
use super::super::scan::MailFile;
use super::super::{Change, Id, Progress};
use super::updating::Failure;
use super::{MOST_TOLD, Worker};

/// Files that are put into the index at once: first few, so that a page has something to show, and then more.
const FIRST_BATCH: usize = 500;
const BATCH: usize = 2_000;

/// How long files are read before requests have their turn. A large message takes milliseconds.
const TURN: Duration = Duration::from_millis(500);

/// With more files than this, the progress is told.
const MANY: usize = 2_000;

/// How often the log says how far the index is.
const LOG: Duration = Duration::from_secs(2);

/// The work on many files.
#[derive(Debug)]
pub(super) struct Building {
    begin: Instant,
    logged: Instant,
    done: u64,
}

impl Worker {
    /// Returns how far the index is, if files wait.
    pub(super) fn progress(&self) -> Option<Progress> {
        let waiting = self.scanner.waiting.len() as u64;
        let done = self.building.as_ref().map_or(0, |building| building.done);
        (waiting > 0).then_some(Progress { done, total: done + waiting })
    }

    /// Does a part of the work that nobody waits for.
    pub(super) fn go_on(&mut self) {
        if self.is_deleting() {
            self.delete_some();
        } else if let Err(Failure::Index(error)) = self.index_batch() {
            self.make_index_again(&error);
            self.refresh_or_repair();
        }
    }

    /// Puts some of the files that wait into the index.
    pub(super) fn index_batch(&mut self) -> Result<(), Failure> {
        self.begin_building();
        let is_first = self.building.as_ref().is_none_or(|building| building.done == 0);
        let most = if is_first { FIRST_BATCH } else { BATCH };
        let (mut batch, mut opened, end) = (Vec::new(), None, Instant::now() + TURN);
        while batch.len() < most
            && (batch.is_empty() || Instant::now() < end)
            && let Some(((micros, hash), file)) = self.scanner.waiting.pop_last()
        {
            match self.read(&file, &mut opened) {
                Ok(head) => {
                    let entry = Entry::read(&head, &self.tags);
                    batch.push(NewMessage { micros, hash, file, entry });
                }
                // It was moved or removed since the scan, and the next one finds it again.
                Err(error) if error.kind() == io::ErrorKind::NotFound => self.scanner.lose(hash, &file),
                // A message that cannot be read is in the list all the same.
                Err(_) => batch.push(NewMessage { micros, hash, file, entry: Entry::default() }),
            }
        }
        // FTS5 writes all that it holds before it takes a lesser key than the last one.
        batch.reverse();
        let Some(index) = &mut self.index else { return Ok(()) };
        let ids = index.insert(&batch)?;
        for (id, new) in ids.iter().zip(&batch) {
            self.scanner.settle(new.hash, State::Indexed(*id));
        }
        self.tell_of_new(&ids)?;
        self.count_built(ids.len());
        Ok(())
    }

    /// Reads the beginning of a file. Files in one directory open it once.
    fn read(&self, file: &MailFile, opened: &mut Option<(u64, bool, Directory)>) -> io::Result<Head> {
        let is_open =
            opened.as_ref().is_some_and(|(place, in_cur, _)| (*place, *in_cur) == (file.place, file.in_cur));
        if !is_open {
            *opened = Some((file.place, file.in_cur, self.directory(file)?));
        }
        let (_, _, directory) = opened.as_ref().ok_or(io::ErrorKind::NotFound)?;
        directory.head(&file.name, READ)
    }

    fn tell_of_new(&mut self, ids: &[Id]) -> Result<(), Failure> {
        if ids.is_empty() || self.changes.receiver_count() == 0 {
            return Ok(());
        }
        if ids.len() > MOST_TOLD {
            self.tell(Change::Many);
            return Ok(());
        }
        for id in ids {
            let found = self.index.as_ref().map_or(Ok(None), |index| index.get(*id))?;
            if let Some(found) = found {
                self.tell(Change::Added(Arc::new(found.summary)));
            }
        }
        Ok(())
    }

    fn begin_building(&mut self) {
        if self.building.is_none() && self.scanner.waiting.len() > MANY {
            let now = Instant::now();
            self.building = Some(Building { begin: now, logged: now, done: 0 });
        }
    }

    fn count_built(&mut self, count: usize) {
        let Some(building) = &mut self.building else { return };
        building.done += count as u64;
        let (done, begin) = (building.done, building.begin);
        let waiting = self.scanner.waiting.len() as u64;
        let total = done + waiting;
        if waiting == 0 {
            self.building = None;
            let took = begin.elapsed().as_secs_f64();
            tracing::info!(name: "index-built", messages = done, took, "the index of messages is up to date");
        } else if building.logged.elapsed() >= LOG {
            building.logged = Instant::now();
            tracing::info!(name: "index-progress", done, total, "putting messages into the index");
        }
        self.tell(Change::Progress(Progress { done, total }));
    }
}
