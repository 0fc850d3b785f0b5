//! The thread of the mailbox: the one that reads and changes the Maildirs and the index.

mod building;
mod deleting;
mod marking;
mod pruning;
mod updating;

use std::collections::VecDeque;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use tokio::sync::broadcast;

use super::builder::MailboxBuilder;
use super::directory::Directory;
use super::index::{FILE, Index, Located};
use super::retention::Retention;
use super::scan::{MailFile, Scanner};
use super::{Change, Groups, Id, Listing, MailboxError, Search, Summary};
use building::Building;
use deleting::PendingDeletion;
use updating::Failure;

/// Something that is done on the thread.
pub(super) type Job = Box<dyn FnOnce(&mut Worker) + Send>;

/// How often the Maildirs are looked at while somebody watches: other programs send no events.
const POLL: Duration = Duration::from_secs(2);

/// How often old messages are removed.
const PRUNE: Duration = Duration::from_secs(5);

/// After this time without a request, memory is given back.
const REST: Duration = Duration::from_secs(30);

/// How often an answer is tried again with a new index.
const ATTEMPTS: usize = 4;

/// The state of the thread.
#[derive(Debug)]
pub(super) struct Worker {
    path: PathBuf,
    root: Directory,
    changes: broadcast::Sender<Change>,
    retention: Retention,
    undo: Duration,
    patience: Duration,
    /// The field that tags are read from.
    tags: String,
    /// `None` if not even one in memory can be made.
    index: Option<Index>,
    scanner: Scanner,
    /// Whether files that wait are put into the index without a request.
    is_wanted: bool,
    building: Option<Building>,
    rebuilds: usize,
    /// When the file of the index is tried again. `None` while the index is in it.
    leave_memory_at: Option<Instant>,
    deletions: VecDeque<PendingDeletion>,
    last_deletion: u64,
    next_poll: Instant,
    next_prune: Instant,
    is_rested: bool,
    is_closed: bool,
}

impl Worker {
    pub(super) fn new(root: Directory, changes: broadcast::Sender<Change>, options: MailboxBuilder) -> Self {
        let now = Instant::now();
        let MailboxBuilder { path, retention, undo, patience, tags } = options;
        Self {
            path,
            root,
            changes,
            retention,
            undo,
            patience,
            tags,
            index: None,
            scanner: Scanner::default(),
            is_wanted: true,
            building: None,
            rebuilds: 0,
            leave_memory_at: None,
            deletions: VecDeque::new(),
            // A page of another process must not undo one of this.
            last_deletion: getrandom::u32().unwrap_or_default().into(),
            next_poll: now,
            next_prune: now + PRUNE,
            is_rested: false,
            is_closed: false,
        }
    }

    /// Does what is asked for until the mailbox is closed or all handles are gone.
    pub(super) fn run(mut self, queue: &Receiver<Job>) {
        self.open_index();
        // So that the first request finds an index. Files that wait are put there between requests.
        self.prune_unseen();
        while !self.is_closed {
            match self.next(queue) {
                Ok(Some(job)) => {
                    self.is_rested = false;
                    self.guarded(job);
                }
                Ok(None) => {}
                Err(RecvTimeoutError::Timeout) => self.idle(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.guarded(|worker| {
                worker.do_what_is_due();
                if worker.has_work() {
                    worker.go_on();
                }
            });
        }
        self.finish_deletions();
    }

    /// Does a part of the work. A fault in it must not end the thread, and with it the mailbox.
    fn guarded(&mut self, work: impl FnOnce(&mut Self)) {
        if catch_unwind(AssertUnwindSafe(|| work(self))).is_err() {
            tracing::error!(name: "mailbox-failed", path = %self.path.display(), "a fault in the mailbox: the index is read again");
            // Deleted messages are there again, since nobody knows how far the work came.
            self.deletions.clear();
            self.index = None;
            self.open_index();
        }
    }

    /// Returns the next job. It waits only if there is nothing else to do.
    fn next(&self, queue: &Receiver<Job>) -> Result<Option<Job>, RecvTimeoutError> {
        if self.has_work() {
            return match queue.try_recv() {
                Ok(job) => Ok(Some(job)),
                Err(TryRecvError::Empty) => Ok(None),
                Err(TryRecvError::Disconnected) => Err(RecvTimeoutError::Disconnected),
            };
        }
        let now = Instant::now();
        let deletion = self.deletions.front().map(|deletion| deletion.due);
        let poll = (self.changes.receiver_count() > 0).then_some(self.next_poll);
        let prune = (!self.retention.keeps_all()).then_some(self.next_prune);
        let rest = (!self.is_rested).then_some(now + REST);
        let first = [deletion, poll, prune, rest].into_iter().flatten().min();
        match first {
            Some(first) => queue.recv_timeout(first.saturating_duration_since(now)).map(Some),
            None => queue.recv().map(Some).map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    fn has_work(&self) -> bool {
        self.is_wanted && !self.scanner.waiting.is_empty() || self.is_deleting()
    }

    fn do_what_is_due(&mut self) {
        let now = Instant::now();
        self.begin_due_deletion(now);
        if self.changes.receiver_count() > 0 && self.next_poll <= now {
            self.look();
        }
        if !self.retention.keeps_all() && self.next_prune <= now {
            self.prune_unseen();
            self.next_prune = Instant::now() + PRUNE;
        }
    }

    /// Gives memory back.
    fn idle(&mut self) {
        if !self.is_rested {
            // The next query says whether the index is damaged.
            let _ = self.index.as_ref().map(Index::rest);
            self.is_rested = true;
        }
    }

    /// Answers from an index that is up to date, and makes a new one if it is damaged.
    fn answer<T>(
        &mut self,
        read: impl FnMut(&mut Index) -> Result<T, rusqlite::Error>,
    ) -> Result<T, MailboxError> {
        self.answer_from(false, read)
    }

    /// Answers only if the index has all messages that a search may mean.
    fn answer_whole<T>(
        &mut self,
        search: &Search,
        read: impl FnMut(&mut Index) -> Result<T, rusqlite::Error>,
    ) -> Result<T, MailboxError> {
        self.answer_from(search.is_open(), read)
    }

    fn answer_from<T>(
        &mut self,
        needs_all: bool,
        mut read: impl FnMut(&mut Index) -> Result<T, rusqlite::Error>,
    ) -> Result<T, MailboxError> {
        for _ in 0..ATTEMPTS {
            self.update()?;
            if let Some(progress) = self.progress().filter(|_| needs_all) {
                return Err(MailboxError::Incomplete(progress));
            }
            let Some(index) = &mut self.index else { break };
            match read(index) {
                Ok(answer) => return Ok(answer),
                Err(error) => self.make_index_again(&error),
            }
        }
        Err(MailboxError::Index("it cannot be made".into()))
    }

    pub(super) fn list(
        &mut self,
        search: &Search,
        before: Option<Id>,
        limit: usize,
    ) -> Result<Listing, MailboxError> {
        let listing = self.answer(|index| index.list(search, before, limit))?;
        Ok(Listing { progress: self.progress(), ..listing })
    }

    /// Returns a message, or the newest one.
    pub(super) fn get(&mut self, id: Option<Id>) -> Result<Option<Summary>, MailboxError> {
        Ok(self.find(id)?.map(|found| found.summary))
    }

    fn find(&mut self, id: Option<Id>) -> Result<Option<Located>, MailboxError> {
        self.answer(|index| match id {
            Some(id) => index.get(id),
            None => index.newest(&Search::all()),
        })
    }

    pub(super) fn neighbours(&mut self, search: &Search, id: Id) -> Result<[Option<Id>; 2], MailboxError> {
        self.answer(|index| index.neighbours(search, id))
    }

    /// Returns the newest message that a search finds, without a look at the files if the index is current.
    pub(super) fn newest(
        &mut self,
        search: &Search,
        is_current: bool,
    ) -> Result<Option<Summary>, MailboxError> {
        let known = self.index.as_ref().filter(|_| is_current).map(|index| index.newest(search));
        let found = match known {
            Some(Ok(found)) => found,
            _ => self.answer(|index| index.newest(search))?,
        };
        Ok(found.map(|found| found.summary))
    }

    /// Returns a page of messages with the groups, after one look at the files.
    pub(super) fn overview(
        &mut self,
        search: &Search,
        before: Option<Id>,
        limit: usize,
    ) -> Result<(Listing, Groups), MailboxError> {
        let (listing, groups) =
            self.answer(|index| Ok((index.list(search, before, limit)?, index.groups()?)))?;
        Ok((Listing { progress: self.progress(), ..listing }, groups))
    }

    /// Returns a message, or the newest one, with its open file.
    pub(super) fn open(&mut self, id: Option<Id>) -> Result<Option<(Summary, File)>, MailboxError> {
        let Some(found) = self.find(id)? else { return Ok(None) };
        match self.directory(&found.file).and_then(|directory| directory.file(&found.file.name)) {
            Ok(file) => Ok(Some((found.summary, file))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens the directory of a file.
    fn directory(&self, file: &MailFile) -> std::io::Result<Directory> {
        let place = self.scanner.places.get(&file.place).ok_or(std::io::ErrorKind::NotFound)?;
        self.root.below(&place.path())?.child(file.directory_name())
    }

    /// Returns the bytes that the index takes on the disk. SQLite writes what is new to a second file.
    pub(super) fn index_bytes(&self) -> u64 {
        let size = |name: &str| self.root.size(name.as_bytes()).unwrap_or_default();
        size(FILE) + size(&format!("{FILE}-wal"))
    }

    #[cfg(test)]
    pub(super) fn rebuilds(&self) -> usize {
        self.rebuilds
    }

    /// Ends the thread after this job.
    pub(super) fn close(&mut self) {
        self.is_closed = true;
    }

    /// Tells the subscribers.
    fn tell(&self, change: Change) {
        // Nobody may watch.
        let _ = self.changes.send(change);
    }

    /// Tells of a change of messages, unless there are too many of them.
    fn tell_of(&self, ids: Vec<Id>, change: impl FnOnce(std::sync::Arc<[Id]>) -> Change) {
        match ids.len() {
            0 => {}
            1..=MOST_TOLD => self.tell(change(ids.into())),
            _ => self.tell(Change::Many),
        }
    }
}

/// The most messages of a change that are told one by one.
const MOST_TOLD: usize = 100;

impl From<Failure> for MailboxError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Maildir(error) => error.into(),
            Failure::Index(error) => Self::Index(error.to_string().into()),
        }
    }
}
