//! A Maildir for each user: a copy of a message for each of its destinations.
//!
//! ```text
//!   recipients ──► destinations ──► place: path of each Maildir ──► opened: Maildirs in use
//!   content    ──► a draft in each ──flush──► note of all names ──► renames ──flush──► 250
//! ```

mod builder;
mod copy_recipients;
mod mistake;
mod place;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use mailchute::listen::Queued;
use mailchute::session::Protocol;
use mailchute::{
    Answer, Builder, Hooks, Install, Message, Receipt, Recipient, Refusal, Session, Store, Verdict,
};
use tokio::task::spawn_blocking;

pub use builder::MaildirsBuilder;
pub use mistake::PlaceError;

use crate::destination::{Destination, Destinations, expand};
use crate::group::Group;
use crate::maildir::access::Access;
use crate::maildir::copies::Copies;
use crate::maildir::delivery::Delivery;
use crate::maildir::directories::Directories;
use crate::maildir::drafts::Failure;
use crate::maildir::intents::Intents;
use crate::maildir::opened::Opened;
use crate::maildir::queued::QueuedFile;
use crate::maildir::quota::{NoRoom, Room};
use crate::maildir::shown::Shown;
use crate::maildir::{Shared, line_ends_of, subdirectories};
use crate::prepared::{Prepared, Taken};
use crate::template::Template;
use copy_recipients::CopyRecipients;
use place::Place;

/// Keeps a copy of each message in the [Maildir](crate::Maildir) of each user that it goes to.
///
/// The path of a Maildir is a [`Template`]: `/var/mail/{domain}/{user}`. [`Destinations`] says which users a recipient
/// stands for: itself, or the members of an alias. Without a hook that resolves recipients, such as
/// [`recipients`](crate::recipients), each address that is accepted has a Maildir.
///
/// - **Copies.** Each Maildir gets one copy, even if several recipients lead to it. Its `Delivered-To:` names only
///   them, so nobody learns of blind copies to others. The content is read once.
/// - **Directories** are made with the first message, but only below the constant beginning of the template, such as
///   `/var/mail`. There must be the directory `.mailchute`, which is made when the store is opened. So nothing is
///   written under the mount point of a disk that is gone, and mail gets 451 until it is back. New directories belong to
///   the server's user, unless the directory at the beginning [gives its group rights](MaildirsBuilder::file_mode).
/// - **In SMTP** one reply is for all: either all Maildirs get the message, or none. If one of them cannot take it, the
///   client gets `451 4.3.0` or `452 4.3.1` and sends the message again.
/// - **In LMTP** each recipient has its own reply. Those whose Maildir can take the message have it.
/// - **A crash** between two copies leaves none for long. Their names are on disk in `.mailchute` before the first is
///   shown. The next opening of the store removes them, since the client was not answered. So nobody has a
///   message twice.
/// - **Quotas.** [`max_size`](MaildirsBuilder::max_size) and [`max_messages`](MaildirsBuilder::max_messages) bound what a
///   user has. Register the store by [`Builder::with`], so that a full user is refused at RCPT, and others get the message.
/// - **Directories for mail** that filters ask for ([`Message::file_into`]) are those of each user: `Junk` is `.Junk`
///   in the Maildir of each.
///
/// All else is as in a [`Maildir`](crate::Maildir): line ends, file names, left-over files. Clones share the
/// directories. Any number of stores and processes may deliver to them at the same time.
///
/// # Examples
/// ```
/// use mailchute::Server;
/// use mailchute_stores::{Maildirs, Template};
///
/// # let directory = tempfile::tempdir()?;
/// # let root = directory.path().display();
/// let template = Template::parse(&format!("{root}/{{domain}}/{{user}}"))?;
/// let server = Server::builder().with(Maildirs::open(template)?).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Maildirs(Arc<Inner>);

struct Inner {
    place: Place,
    options: MaildirsBuilder,
    access: Access,
    intents: Arc<Intents>,
    shown: Arc<Shown>,
    opened: Opened,
}

impl Maildirs {
    /// Opens Maildirs with all defaults of [`builder`](Self::builder).
    ///
    /// # Errors
    /// The errors of [`MaildirsBuilder::open`].
    pub fn open(template: Template) -> io::Result<Self> {
        Self::builder(template).map_err(io::Error::other)?.open()
    }

    /// Returns the options for the Maildirs that a template names.
    ///
    /// # Errors
    /// [`PlaceError`] if the template cannot name Maildirs.
    pub fn builder(template: Template) -> Result<MaildirsBuilder, PlaceError> {
        MaildirsBuilder::new(template)
    }

    /// Returns the directory in which all Maildirs are, as an absolute path.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.place.root()
    }

    /// Takes back all messages that were not answered yet, and refuses later ones with 451: see
    /// [`Maildir::close`](crate::Maildir::close).
    pub fn close(&self) {
        self.0.shown.close();
    }

    pub(crate) fn options(&self) -> &MaildirsBuilder {
        &self.0.options
    }

    /// Returns the Maildir at this path, or a directory in it. Missing directories are made.
    async fn maildir(&self, path: &str, directory: Option<Arc<str>>) -> io::Result<Arc<Shared>> {
        let maildir = match self.0.opened.get(path) {
            Some(opened) => opened,
            None => {
                let (inner, path) = (Arc::clone(&self.0), Arc::from(path));
                spawn_blocking(move || inner.make(path)).await.map_err(io::Error::other)??
            }
        };
        match directory {
            Some(directory) => subdirectories::open(&maildir, directory).await,
            None => Ok(maildir),
        }
    }

    /// Opens the Maildirs of a message. In LMTP it refuses those recipients whose Maildir cannot take it.
    async fn open_all(
        &self,
        groups: Vec<Group>,
        message: &Message,
        failure: Failure,
        session: &Session,
    ) -> Result<(Vec<Group>, Vec<Arc<Shared>>), Refusal> {
        let bytes = message.envelope().sender.parameters().size.unwrap_or(0);
        let (mut taking, mut maildirs, mut refused) = (Vec::new(), Vec::new(), None);
        for group in groups {
            let opened = match self.maildir(&group.path, message.directory()).await {
                Ok(maildir) if is_repeated(session) => Ok(maildir),
                Ok(maildir) => check_room(&maildir, bytes).await.map(|()| maildir),
                Err(error) => Err(error),
            };
            match opened {
                Ok(maildir) => {
                    maildir.sweep();
                    maildirs.push(maildir);
                    taking.push(group);
                }
                Err(error) if failure == Failure::OfOne => {
                    let refusal = refusal(error);
                    group.places.iter().for_each(|place| message.refuse(*place, refusal.clone()));
                    refused = Some(refusal);
                }
                Err(error) => return Err(refusal(error)),
            }
        }
        match refused {
            Some(refusal) if maildirs.is_empty() => Err(refusal),
            _ => Ok((taking, maildirs)),
        }
    }

    /// Reads the whole message.
    async fn receive(
        &self,
        mut message: Message,
        session: &Session,
    ) -> Result<(Delivery, CopyRecipients, Receipt), Refusal> {
        expand(&mut message, session);
        let hostname = session.hostname();
        let recipients = message.envelope().recipients.iter();
        let destinations: Vec<_> = recipients.map(|to| Destinations::of(to, hostname)).collect();
        let failure = match session.protocol() {
            Protocol::Lmtp => Failure::OfOne,
            _ => Failure::OfAll,
        };
        let groups = Group::all(&destinations, |destination| self.0.place.of(destination))?;
        let (groups, maildirs) = self.open_all(groups, &message, failure, session).await?;
        let line_ends = line_ends_of(&message, self.0.options.line_ends_of_files());
        let receipt = Receipt::new(format!("Message accepted as {}", message.id()));
        let named: Vec<_> = groups.iter().map(|group| &group.named).collect();
        let mut content = message.for_places(&named).await?;
        let tops = content.tops().to_vec();
        let queued = QueuedFile::of(session);
        let copies = Copies::each(maildirs.into_iter().zip(tops), failure, &self.0.intents, queued);
        let mut delivery = Delivery::new(copies, line_ends);
        while let Some(chunk) = content.chunk().await? {
            delivery.push(chunk).await?;
        }
        Ok((delivery, CopyRecipients { groups, copies: content }, receipt))
    }

    /// Makes the copies durable where no reader finds them, to be shown once other stores have the message too.
    pub(crate) async fn prepare(&self, message: Message, session: &Session) -> Result<Prepared, Refusal> {
        let (delivery, recipients, receipt) = self.receive(message, session).await?;
        let mut unpublished = delivery.prepare().await.map_err(refusal)?;
        refuse(&recipients, unpublished.take_failed());
        let recipients = Arc::new(recipients);
        Ok(Prepared::new(async {
            let left = Arc::clone(&recipients);
            let mut published =
                unpublished.publish(move |number| left.want(number)).await.map_err(refusal)?;
            refuse(&recipients, std::mem::take(&mut published.failed));
            Ok(Taken::new(move || {
                published.retain(|number| recipients.want(number));
                published.keep()?;
                Ok(receipt)
            }))
        }))
    }

    /// Answers for a recipient at RCPT.
    pub(crate) async fn rcpt(&self, to: &Recipient, session: &Session) -> Answer {
        if self.0.options.quota().is_some() && !is_repeated(session) {
            let envelope = session.envelope();
            let bytes = envelope.and_then(|envelope| envelope.sender.parameters().size).unwrap_or(0);
            for destination in Destinations::of(to, session.hostname()).iter() {
                self.ask(destination, bytes).await.map_err(refusal)?;
            }
        }
        Ok(Verdict::Accept)
    }

    /// Asks whether there is room for a message of this size. No directory is made for that.
    async fn ask(&self, destination: &Destination, bytes: u64) -> io::Result<()> {
        let path = self.0.place.of(destination);
        if self.0.opened.get(&path).is_none() {
            let root = self.0.place.root().join(&path);
            if !spawn_blocking(move || root.is_dir()).await.map_err(io::Error::other)? {
                return self.0.options.quota().check_empty(bytes).map_err(io::Error::other);
            }
        }
        let maildir = self.maildir(&path, None).await?;
        check_room(&maildir, bytes).await
    }
}

impl Inner {
    fn make(&self, path: Arc<str>) -> io::Result<Arc<Shared>> {
        let root = self.place.root().join(&*path);
        let directories = Directories::one_of_many(root.clone(), self.intents.directory(), self.access)?;
        let made = Shared::new(directories, self.options.line_ends_of_files(), Arc::clone(&self.shown));
        let quota = self.options.quota();
        let room = quota.is_some().then(|| Room::new(root, quota));
        Ok(self.opened.insert(path, made.with_room(room)))
    }
}

async fn check_room(maildir: &Shared, bytes: u64) -> io::Result<()> {
    let Some(room) = maildir.room.clone() else { return Ok(()) };
    spawn_blocking(move || room.check(bytes)).await.map_err(io::Error::other)?
}

/// Refuses the recipients of copies that failed.
fn refuse(recipients: &CopyRecipients, failed: Vec<(usize, io::Error)>) {
    for (number, error) in failed {
        recipients.refuse(number, &refusal(error));
    }
}

/// Whether users may have the message already. Then they need no room, and a missing copy asks for room at its end.
fn is_repeated(session: &Session) -> bool {
    session.queued().is_some_and(Queued::is_repeated)
}

fn refusal(error: io::Error) -> Refusal {
    NoRoom::refusal(&error).unwrap_or_else(|| error.into())
}

impl Store for Maildirs {
    async fn store(&self, message: Message, session: &Session) -> Result<Receipt, Refusal> {
        let (delivery, recipients, receipt) = self.receive(message, session).await?;
        let mut published = delivery.finish().await.map_err(refusal)?;
        refuse(&recipients, std::mem::take(&mut published.failed));
        // From here to the answer nothing is awaited, so the message cannot be given up any more.
        published.keep()?;
        Ok(receipt)
    }
}

/// Asks at RCPT whether there is room, if users have a [quota](MaildirsBuilder::max_size).
impl Hooks for Maildirs {
    async fn rcpt_to(&self, to: &Recipient, session: &Session) -> Answer {
        self.rcpt(to, session).await
    }
}

impl Install for Maildirs {
    fn install(self, builder: Builder) -> Builder {
        builder.hooks(self.clone()).store(self)
    }
}

impl fmt::Debug for Maildirs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Maildirs").field(&format_args!("{}", self.0.options)).finish()
    }
}
