//! The handle of the mailbox.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use mailchute::Server;
use mailchute::events::Kind;
use tokio::sync::{Notify, broadcast, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

use super::builder::MailboxBuilder;
use super::directory::Directory;
use super::worker::{Job, Worker};
use super::{Change, Deletion, Groups, Id, Listing, MailboxError, Search, Summary};

/// Changes that may wait for one receiver.
const CHANGES: usize = 1_024;

/// The longest time of a request. On a disk that does not answer, it would never end.
const PATIENCE: Duration = Duration::from_secs(30);

/// The stack of the thread. Parsers of mail go down into messages.
const STACK: usize = 8 * 1024 * 1024;

/// The messages of the Maildirs in a directory, for the pages of a [`Console`](crate::Console). Clones share it.
///
/// The directory is a Maildir, or has Maildirs below it. It also gets the index, `mailchute-index.sqlite`: a cache that is
/// made again if it is missing or damaged. If the directory cannot be written, the index is in memory.
///
/// # Examples
/// ```no_run
/// use mailchute_console::{Mailbox, Retention};
///
/// let mailbox = Mailbox::builder("./mail").retention(Retention::all().messages(500)).open()?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Mailbox(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    jobs: mpsc::Sender<Job>,
    changes: broadcast::Sender<Change>,
    /// Wakes [`Mailbox::follow`] when somebody begins to look.
    watched: Notify,
    /// Whether a look waits in the queue.
    is_nudged: Arc<AtomicBool>,
    /// Held by the one who looks for accepted messages.
    following: tokio::sync::Mutex<()>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl MailboxBuilder {
    /// Opens the mailbox, and reads new mail on a separate thread.
    ///
    /// # Errors
    /// The directory cannot be read, or the system gives no thread.
    pub fn open(self) -> io::Result<Mailbox> {
        Mailbox::open(self)
    }
}

impl Mailbox {
    /// Returns the options for the Maildir in a directory, or for those below it.
    pub fn builder(path: impl AsRef<Path>) -> MailboxBuilder {
        MailboxBuilder::new(path.as_ref())
    }

    fn open(builder: MailboxBuilder) -> io::Result<Self> {
        let named = |error: io::Error| {
            io::Error::new(error.kind(), format!("cannot read {}: {error}", builder.path.display()))
        };
        // SQLite must find no link on the way to its file.
        let path = builder.path.canonicalize().map_err(named)?;
        let root = Directory::open(&path).map_err(named)?;
        let (jobs, queue) = mpsc::channel();
        let changes = broadcast::Sender::new(CHANGES);
        let (told, options) = (changes.clone(), MailboxBuilder { path: path.clone(), ..builder });
        let work = move || Worker::new(root, told, options).run(&queue);
        let thread = thread::Builder::new().name("mailbox".to_owned()).stack_size(STACK).spawn(work)?;
        Ok(Self(Arc::new(Inner {
            path,
            jobs,
            changes,
            watched: Notify::new(),
            is_nudged: Arc::default(),
            following: tokio::sync::Mutex::default(),
            thread: Mutex::new(Some(thread)),
        })))
    }

    /// Returns the directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Returns the bytes that the index takes on the disk.
    pub(crate) async fn index_bytes(&self) -> Result<u64, MailboxError> {
        self.read(|worker| Ok(worker.index_bytes())).await
    }

    /// Runs a job on the worker's thread.
    async fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Worker) -> Result<T, MailboxError> + Send + 'static,
    ) -> Result<T, MailboxError> {
        self.queue(job, false).await
    }

    /// Runs a job that only reads. It is left out if nobody waits for the answer any more.
    async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Worker) -> Result<T, MailboxError> + Send + 'static,
    ) -> Result<T, MailboxError> {
        self.queue(job, true).await
    }

    async fn queue<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Worker) -> Result<T, MailboxError> + Send + 'static,
        only_reads: bool,
    ) -> Result<T, MailboxError> {
        let (sender, answer) = oneshot::channel();
        let job: Job = Box::new(move |worker| {
            if !(only_reads && sender.is_closed()) {
                // The caller may be gone.
                let _ = sender.send(job(worker));
            }
        });
        self.0.jobs.send(job).map_err(|_| MailboxError::Closed)?;
        let answer = timeout(PATIENCE, answer).await.map_err(|_| MailboxError::Slow)?;
        answer.map_err(|_| MailboxError::Failed)?
    }

    /// Returns a page of the messages that a search finds, the newest first: those before the message `before`.
    pub(crate) async fn list(
        &self,
        search: &Search,
        before: Option<Id>,
        limit: usize,
    ) -> Result<Listing, MailboxError> {
        let search = search.clone();
        self.read(move |worker| worker.list(&search, before, limit)).await
    }

    /// Returns the next newer and the next older message among those that a search finds.
    pub(crate) async fn neighbours(&self, search: &Search, id: Id) -> Result<[Option<Id>; 2], MailboxError> {
        let search = search.clone();
        self.read(move |worker| worker.neighbours(&search, id)).await
    }

    /// Returns a message, or the newest one.
    pub(crate) async fn get(&self, id: Option<Id>) -> Result<Option<Summary>, MailboxError> {
        self.read(move |worker| worker.get(id)).await
    }

    /// Returns a message, or the newest one, with its open file.
    pub(crate) async fn open_message(&self, id: Option<Id>) -> Result<Option<(Summary, File)>, MailboxError> {
        self.read(move |worker| worker.open(id)).await
    }

    /// Marks what a search finds as read or unread, and returns the number of messages that were not so before.
    pub(crate) async fn mark(&self, search: &Search, is_unread: bool) -> Result<u64, MailboxError> {
        let search = search.clone();
        self.ask(move |worker| worker.mark(&search, is_unread)).await
    }

    /// Hides what a search finds. The files are removed some seconds later, or when the mailbox is closed.
    pub(crate) async fn delete(&self, search: &Search) -> Result<Deletion, MailboxError> {
        let search = search.clone();
        self.ask(move |worker| worker.delete(&search)).await
    }

    /// Restores what a deletion has hidden, and returns the number of messages. 0 if it is too late.
    pub(crate) async fn undo(&self, deletion: u64) -> Result<u64, MailboxError> {
        self.ask(move |worker| worker.undo(deletion)).await
    }

    /// Returns a page of messages as [`list`](Self::list) does, and counts all messages by recipient, domain and folder.
    pub(crate) async fn overview(
        &self,
        search: &Search,
        before: Option<Id>,
        limit: usize,
    ) -> Result<(Listing, Groups), MailboxError> {
        let search = search.clone();
        self.read(move |worker| worker.overview(&search, before, limit)).await
    }

    /// Waits for a message that a search finds, and returns the newest one. `None` if there is none in time.
    pub(crate) async fn wait(
        &self,
        search: &Search,
        time: Duration,
    ) -> Result<Option<Summary>, MailboxError> {
        let deadline = Instant::now() + time;
        // The first question looks for changes itself.
        let mut changes = self.watch();
        let mut is_first = true;
        loop {
            let search = search.clone();
            // After a change, the index has what is looked for.
            let is_current = !std::mem::take(&mut is_first);
            if let Some(found) = self.read(move |worker| worker.newest(&search, is_current)).await? {
                return Ok(Some(found));
            }
            loop {
                match timeout_at(deadline, changes.recv()).await {
                    Err(_) => return Ok(None),
                    Ok(Err(broadcast::error::RecvError::Closed)) => return Err(MailboxError::Closed),
                    Ok(Ok(Change::Progress(_) | Change::Removed(_))) => {}
                    Ok(_) => break,
                }
            }
        }
    }

    /// Returns all changes from now on. While a receiver lives, new mail is looked for.
    pub(crate) fn changes(&self) -> broadcast::Receiver<Change> {
        let receiver = self.watch();
        self.nudge();
        receiver
    }

    fn watch(&self) -> broadcast::Receiver<Change> {
        let receiver = self.0.changes.subscribe();
        self.0.watched.notify_waiters();
        receiver
    }

    /// Looks for changes soon.
    fn nudge(&self) {
        if !self.0.is_nudged.swap(true, Ordering::AcqRel) {
            let is_nudged = Arc::clone(&self.0.is_nudged);
            // If the mailbox is closed, there is nothing to see.
            let _ = self.0.jobs.send(Box::new(move |worker| {
                is_nudged.store(false, Ordering::Release);
                worker.look();
            }));
        }
    }

    /// Looks for each message that the server accepts, while somebody watches. Ends with the server. One
    /// caller at a time looks.
    ///
    /// # Why
    /// The server makes no events that nobody wants. While nobody watches, a message costs nothing here.
    pub(crate) async fn follow(&self, server: &Server) {
        tokio::select! {
            () = async {
                let _alone = self.0.following.lock().await;
                self.follow_events(server).await;
            } => {}
            () = server.stopped() => {}
        }
    }

    async fn follow_events(&self, server: &Server) {
        loop {
            loop {
                let watched = self.0.watched.notified();
                if self.0.changes.receiver_count() > 0 {
                    break;
                }
                watched.await;
            }
            let mut events = server.events().only([Kind::Message]);
            // Messages that came before the subscription.
            self.nudge();
            while self.0.changes.receiver_count() > 0 {
                if events.next().await.is_none() {
                    return;
                }
                self.nudge();
            }
        }
    }

    /// Returns how often the index was made again.
    #[cfg(test)]
    pub(super) async fn rebuilds(&self) -> usize {
        self.ask(|worker| Ok(worker.rebuilds())).await.unwrap_or_default()
    }

    /// Removes deleted messages at once, and ends the thread of the mailbox. The call blocks. Later calls find the mailbox
    /// closed.
    pub fn close(&self) {
        let _ = self.0.jobs.send(Box::new(Worker::close));
        let thread = self.0.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A thread that has panicked has ended as well.
        let _ = thread.map(JoinHandle::join);
    }
}
