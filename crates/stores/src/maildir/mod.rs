//! Maildir: one file for each message.
//!
//! ```text
//!   message ──► buffer ──► tmp/NAME ──fsync──► new/NAME,S=SIZE ──fsync of new/──► 250
//!              (delivery)  (draft)    (rename)     (kept)        (sync)
//! ```
//!
//! Everything that ends before the 250 removes its file: a [`Draft`](draft::Draft) and a
//! [`Kept`](kept::Kept) do so when they are dropped. If the process ends before a thread removes its file,
//! [`Shown`] does it.

pub(crate) mod access;
mod buffer;
mod builder;
pub(crate) mod copies;
pub(crate) mod delivery;
pub(crate) mod directories;
mod draft;
pub(crate) mod drafts;
mod flushed;
mod in_tmp;
pub(crate) mod intents;
mod interest;
mod kept;
mod leftovers;
mod line_ends;
mod name;
pub(crate) mod opened;
pub(crate) mod queued;
pub(crate) mod quota;
mod rename;
pub(crate) mod shown;
mod sink;
pub(crate) mod subdirectories;
mod sync;
pub(crate) mod unpublished;
mod usage;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use mailchute::params::BodyKind;
use mailchute::{Message, Receipt, Refusal, Session, Store};

pub use builder::MaildirBuilder;
pub use line_ends::LineEnds;

use copies::Copies;
use delivery::Delivery;
use directories::Directories;
use leftovers::Sweeper;
use name::Names;
use opened::Opened;
use queued::QueuedFile;
use quota::Room;
use shown::Shown;
use sync::DirectorySync;

use crate::prepared::{Prepared, Taken};

/// Keeps each message as a file of its own in a directory that other programs can read:
/// <https://cr.yp.to/proto/maildir.html>.
///
/// - **Line ends** are LF by default, as programs of Unix expect. [`line_ends`](MaildirBuilder::line_ends) keeps CRLF. A
///   message that would not survive the change keeps CRLF in any case. No other byte is changed.
/// - **File names** are `TIME.MmicrosPprocessQnumber.HOST,S=SIZE`, such as
///   `1769860800.M42P917Q0.mx.example.com,S=1024`. They never have text from a client.
///
/// The client gets 250 when the message is safe: written to `tmp/`, flushed, renamed to `new/`, and `new/`
/// flushed. At the top stand the [trace fields](Message::prepend_trace_fields), which name the envelope with every
/// recipient. The rest is what the client sent. All mail goes to this one directory. Its reader may sort it by
/// recipients.
///
/// The Maildir does not keep the parameters of MAIL and RCPT. An application that acts on DSN, DELIVERBY,
/// MT-PRIORITY or FUTURERELEASE records them in a hook. A Maildir delivers at once, so it never holds a
/// message back.
///
/// If the disk is full, the client gets `452 4.3.1`; after any other failure it gets `451 4.3.0`. The log
/// says why, and nothing of the message remains. Nothing remains either if the client disconnects before the
/// end, or if the store is [too slow](mailchute::Builder::store_timeout). The next opening of the Maildir
/// removes files that a killed process left in `tmp/`, and so does a delivery once an hour. These are files
/// with this host's form of names that no process has locked (`flock`), and all files older than 36 hours.
///
/// Directories that go missing while the server runs are not made again, so that nothing is written under the
/// mount point of a disk that is gone. Mail gets 451 until they are back.
///
/// A message for which a filter has asked for a directory ([`Message::file_into`]) goes there, with names as
/// in Maildir++: `Junk` is `.Junk`, and `Lists/rust` is `.Lists.rust`. The directory is made with the first
/// message, and again if a reader has removed it.
///
/// A message from a [queue](mailchute::listen::Queued) has a file name that depends on the queue's name for it. If the
/// queue hands it over again and the file is still in `new/` or `cur/`, no second one is made.
///
/// Clones share the directory. Any number of stores and processes may deliver to it at the same time.
///
/// # Examples
/// ```
/// use mailchute::Server;
/// use mailchute_stores::Maildir;
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("mail");
/// let server = Server::builder().store(Maildir::open(path)?).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Maildir(Arc<Shared>);

/// The state that deliveries share.
pub(crate) struct Shared {
    directories: Directories,
    names: Names,
    line_ends: LineEnds,
    /// Flushes `new/`.
    sync: DirectorySync,
    /// Shared with the subdirectories, and with other Maildirs to which the same message may go.
    shown: Arc<Shown>,
    sweeper: Sweeper,
    subdirectories: Opened,
    /// Shared with the subdirectories. `None` without a quota.
    pub(crate) room: Option<Arc<Room>>,
}

impl Shared {
    /// Opens a Maildir whose directories exist. The call blocks.
    pub(crate) fn new(directories: Directories, line_ends: LineEnds, shown: Arc<Shown>) -> Self {
        let names = Names::new();
        leftovers::remove(&directories.tmp, &names);
        Self {
            directories,
            names,
            line_ends,
            sync: DirectorySync::default(),
            shown,
            sweeper: Sweeper::default(),
            subdirectories: Opened::default(),
            room: None,
        }
    }

    /// Bounds what may be in it.
    pub(crate) fn with_room(self, room: Option<Arc<Room>>) -> Self {
        Self { room, ..self }
    }

    /// Makes the names in `new/` durable. The call blocks.
    fn flush_new(&self) -> io::Result<()> {
        self.sync.run(|| directories::flush(&self.directories.new))
    }

    /// Removes left-over files in the background, once an hour.
    pub(crate) fn sweep(self: &Arc<Self>) {
        if self.sweeper.is_due() {
            let shared = Arc::clone(self);
            tokio::task::spawn_blocking(move || leftovers::remove(&shared.directories.tmp, &shared.names));
        }
    }
}

/// Returns how lines of a message end in the files of a store whose lines end with `usual`.
pub(crate) fn line_ends_of(message: &Message, usual: LineEnds) -> LineEnds {
    match message.envelope().sender.parameters().body {
        Some(BodyKind::BinaryMime) => LineEnds::Crlf,
        _ => usual,
    }
}

impl Maildir {
    /// Opens the Maildir in the directory `path` with all defaults of [`builder`](Self::builder).
    ///
    /// # Errors
    /// The errors of [`MaildirBuilder::open`].
    ///
    /// ```
    /// let error = mailchute_stores::Maildir::open("/dev/null/mail").unwrap_err();
    /// assert!(error.to_string().contains("/dev/null"));
    /// ```
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::builder(path).open()
    }

    /// Returns the options for the Maildir in the directory `path`.
    pub fn builder(path: impl AsRef<Path>) -> MaildirBuilder {
        MaildirBuilder::new(path.as_ref())
    }

    /// Returns the directory, as an absolute path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.directories.root
    }

    /// Takes back all messages that were not answered yet, and refuses later ones with 451.
    ///
    /// Call it in a program that ends without waiting for blocking tasks, after
    /// [`Runtime::shutdown_timeout`]. When a store's future is dropped, its blocking thread still has to
    /// remove the file, and may wait for a slow disk. If the process ends first, the message stays. Its
    /// client was told to try again, and sends it once more. A runtime that is dropped waits, and needs no
    /// such call.
    ///
    /// [`Runtime::shutdown_timeout`]: tokio::runtime::Runtime::shutdown_timeout
    pub fn close(&self) {
        self.0.shown.close();
    }

    pub(crate) fn line_ends(&self) -> LineEnds {
        self.0.line_ends
    }

    /// Reads the whole message.
    async fn receive(&self, mut message: Message, session: &Session) -> Result<(Delivery, Receipt), Refusal> {
        let maildir = match message.directory() {
            Some(directory) => subdirectories::open(&self.0, directory).await?,
            None => Arc::clone(&self.0),
        };
        maildir.sweep();
        let line_ends = line_ends_of(&message, maildir.line_ends);
        let mut delivery = Delivery::new(Copies::one(maildir, QueuedFile::of(session)), line_ends);
        message.prepend_trace_fields();
        while let Some(chunk) = message.chunk().await? {
            delivery.push(chunk).await?;
        }
        Ok((delivery, Receipt::new(format!("Message accepted as {}", message.id()))))
    }

    /// Makes the message durable in `tmp/`, to be shown once other stores have it too.
    pub(crate) async fn prepare(&self, message: Message, session: &Session) -> Result<Prepared, Refusal> {
        let (delivery, receipt) = self.receive(message, session).await?;
        let unpublished = delivery.prepare().await?;
        Ok(Prepared::new(async {
            let published = unpublished.publish(|_| true).await?;
            Ok(Taken::new(|| {
                published.keep()?;
                Ok(receipt)
            }))
        }))
    }

    /// Returns the mode of files, if one was [set](MaildirBuilder::file_mode).
    pub(crate) fn file_mode(&self) -> Option<u32> {
        self.0.directories.access.asked_for()
    }
}

impl Store for Maildir {
    async fn store(&self, message: Message, session: &Session) -> Result<Receipt, Refusal> {
        let (delivery, receipt) = self.receive(message, session).await?;
        let published = delivery.finish().await?;
        // From here to the answer nothing is awaited, so the message cannot be given up any more.
        published.keep()?;
        Ok(receipt)
    }
}

impl fmt::Debug for Maildir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Maildir").field("path", &self.path()).finish_non_exhaustive()
    }
}

/// Returns an error that names the failed action and the file.
fn named(error: &io::Error, tried: &str, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {tried} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc;
    use std::time::Duration;

    use mailchute::{Server, testing};
    use tokio::runtime::Runtime;

    use super::*;

    /// Runs `meanwhile` while `new/` is being flushed and the flush does not end.
    fn while_new_is_flushed<T>(maildir: &Maildir, meanwhile: impl FnOnce() -> T) -> T {
        std::thread::scope(|scope| {
            let (begun, has_begun) = mpsc::channel();
            let (end, may_end) = mpsc::channel::<()>();
            scope.spawn(move || {
                maildir.0.sync.run(|| {
                    begun.send(()).unwrap();
                    // The other end is dropped.
                    let _ = may_end.recv();
                    Ok(())
                })
            });
            has_begun.recv().unwrap();
            let outcome = meanwhile();
            drop(end);
            outcome
        })
    }

    fn messages(maildir: &Maildir) -> usize {
        fs::read_dir(&maildir.0.directories.new).unwrap().count()
    }

    /// Sends a message, and waits until it is in `new/` and its client waits for the answer.
    async fn send(server: &Server, maildir: &Maildir) -> testing::Client {
        let mut client = testing::connect(server).open();
        client.greeting().await.expect(220);
        client.command("EHLO client.example").await.expect(250);
        client.command("MAIL FROM:<>").await.expect(250);
        client.command("RCPT TO:<bob@example.com>").await.expect(250);
        client.command("DATA").await.expect(354);
        client.send_bytes(b"Subject: x\r\n\r\n.\r\n").await;
        while messages(maildir) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        client
    }

    fn open() -> (tempfile::TempDir, Maildir, Server, Runtime) {
        let directory = tempfile::tempdir().unwrap();
        let maildir = Maildir::open(directory.path()).unwrap();
        let server = Server::builder().store(maildir.clone()).build().unwrap();
        (directory, maildir, server, Runtime::new().unwrap())
    }

    #[test]
    fn a_process_that_ends_while_new_is_flushed_leaves_nothing() {
        let (_directory, maildir, server, runtime) = open();
        while_new_is_flushed(&maildir, || {
            let client = runtime.block_on(send(&server, &maildir));
            runtime.shutdown_timeout(Duration::ZERO);
            assert_eq!(messages(&maildir), 1, "the thread that would remove it waits for the flush");
            maildir.close();
            assert_eq!(messages(&maildir), 0);
            drop(client);
        });
        assert_eq!(messages(&maildir), 0);
    }

    #[test]
    fn what_was_taken_back_is_not_answered_250() {
        let (_directory, maildir, server, runtime) = open();
        let mut client = while_new_is_flushed(&maildir, || {
            let client = runtime.block_on(send(&server, &maildir));
            maildir.close();
            client
        });
        runtime.block_on(async { client.greeting().await.expect(451) });
        assert_eq!(messages(&maildir), 0);
    }

    #[test]
    fn what_was_answered_250_is_not_taken_back() {
        let (_directory, maildir, server, runtime) = open();
        let mut client = while_new_is_flushed(&maildir, || runtime.block_on(send(&server, &maildir)));
        runtime.block_on(async { client.greeting().await.expect(250) });
        maildir.close();
        assert_eq!(messages(&maildir), 1);
    }

    #[test]
    fn a_closed_maildir_shows_no_message() {
        let (directory, maildir, server, runtime) = open();
        runtime.block_on(async {
            let mut client = testing::connect(&server).open();
            client.greeting().await.expect(220);
            client.command("EHLO client.example").await.expect(250);
            client.command("MAIL FROM:<>").await.expect(250);
            client.command("RCPT TO:<bob@example.com>").await.expect(250);
            client.command("DATA").await.expect(354);
            maildir.close();
            client.command("Subject: x\r\n\r\n.").await.expect(451);
        });
        drop(runtime);
        assert_eq!(messages(&maildir), 0);
        assert_eq!(fs::read_dir(directory.path().join("tmp")).unwrap().count(), 0);
    }
}
