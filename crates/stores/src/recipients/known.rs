//! Which users of a domain are known.

use std::fmt;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use mailchute::{Refusal, Session};

use super::answers::Answers;
use super::mistake::{self, FileError};
use super::users::Users;
use crate::destination::Destination;
use crate::template::{Template, directory_name};

/// Knows which users a domain has.
#[derive(Debug, Clone)]
pub struct Known {
    source: Source,
    /// The answers that are remembered.
    answers: Option<Arc<Answers>>,
}

#[derive(Clone)]
enum Source {
    Any,
    Listed(Arc<Users>),
    Directories(Arc<Template>),
    Asked(Arc<Question>),
}

type Answer = Pin<Box<dyn Future<Output = Result<bool, Refusal>> + Send>>;
type Question = dyn Fn(Destination, Session) -> Answer + Send + Sync;

impl Known {
    fn new(source: Source) -> Self {
        Self { source, answers: None }
    }

    /// Knows every user.
    #[must_use]
    pub fn any() -> Self {
        Self::new(Source::Any)
    }

    /// Knows these users, each the part of an address before the `@`.
    ///
    /// # Errors
    /// The first text that is not a user, and what to write instead.
    pub fn users(users: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, String> {
        let mut list = Users::default();
        users.into_iter().try_for_each(|user| list.add(user.as_ref()))?;
        Ok(Self::new(Source::Listed(list.into())))
    }

    /// Knows the users that a file lists: a user or an address on each line. The rest of a line after a colon or white space is
    /// ignored, so the file may be one of passwords. Lines that begin with `#` are comments. It blocks while it reads.
    ///
    /// # Errors
    /// [`FileError`], with all mistakes.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, FileError> {
        Ok(Self::new(Source::Listed(mistake::read(path.as_ref(), Users::parse)?.into())))
    }

    /// Knows the users whose directory exists. The template is its path, such as `/var/mail/{domain}/{user}`.
    #[must_use]
    pub fn directories(path: Template) -> Self {
        Self::new(Source::Directories(path.into()))
    }

    /// Asks `question`, such as a query of a database. It returns whether the user is known, or the refusal that the
    /// client gets if the question has no answer now.
    ///
    /// The question gets no [`Recipient`](mailchute::Recipient), so it cannot keep what it found. If the store needs
    /// that, look it up in a hook of RCPT after [`Recipients`](super::Recipients), and put it into the recipient's state:
    ///
    /// ```
    /// use mailchute::{Receipt, Refusal, Server, testing};
    /// use mailchute_stores::Destinations;
    /// use mailchute_stores::recipients::{LocalDomain, Recipients};
    ///
    /// /// The number of a mailbox in the database.
    /// #[derive(Clone, Copy)]
    /// struct MailboxId(u64);
    ///
    /// async fn look_up(user: &str) -> std::io::Result<Option<MailboxId>> {
    ///     Ok((user == "bob").then_some(MailboxId(17)))
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let server = Server::builder()
    ///     .hooks(Recipients::new(vec![LocalDomain::new("example.com")?])?)
    ///     .on_rcpt_to(|to, session| async move {
    ///         let mut ids = Vec::new();
    ///         for destination in &*Destinations::of(&to, session.hostname()) {
    ///             ids.extend(look_up(destination.user()).await?);
    ///         }
    ///         if ids.is_empty() {
    ///             return Err(Refusal::new(550, (5, 1, 1), "No such user here"));
    ///         }
    ///         to.state().insert(ids);
    ///         Ok(())
    ///     })
    ///     .on_store(|mut message, _session| async move {
    ///         message.bytes().await?;
    ///         let ids = message.envelope().recipients[0].state().get::<Vec<MailboxId>>().unwrap_or_default();
    ///         Ok(Receipt::new(format!("Kept in mailbox {}", ids[0].0)))
    ///     })
    ///     .build()?;
    /// let mut client = testing::connect(&server).open();
    /// client.ready().await.expect(250);
    /// client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    /// client.command("RCPT TO:<nobody@example.com>").await.expect(550);
    /// client.command("RCPT TO:<Bob@example.com>").await.expect(250);
    /// let reply = client.data("Subject: hello\r\n\r\nHello Bob").await.expect(250);
    /// assert!(reply.to_string().ends_with("Kept in mailbox 17"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn asked<Q, F>(question: Q) -> Self
    where
        Q: Fn(Destination, Session) -> F + Send + Sync + 'static,
        F: Future<Output = Result<bool, Refusal>> + Send + 'static,
    {
        Self::new(Source::Asked(Arc::new(move |destination, session| {
            Box::pin(question(destination, session))
        })))
    }

    /// Remembers for this time whether each user is known, so that a question is not asked at each message. Refusals are not
    /// remembered. The answers for the last 10,000 users stay.
    ///
    /// A new user is known after this time at the latest, and a deleted one unknown.
    ///
    /// ```
    /// use std::time::Duration;
    /// use mailchute_stores::recipients::Known;
    ///
    /// let known = Known::asked(|destination, _session| async move { Ok(destination.user() == "bob") })
    ///     .remembered_for(Duration::from_secs(60));
    /// ```
    #[must_use]
    pub fn remembered_for(self, time: Duration) -> Self {
        Self { answers: Some(Arc::new(Answers::new(time))), ..self }
    }

    pub(super) async fn knows(&self, destination: &Destination, session: &Session) -> Result<bool, Refusal> {
        let Some(answers) = &self.answers else { return self.source.knows(destination, session).await };
        if let Some(is_known) = answers.get(destination) {
            return Ok(is_known);
        }
        let is_known = self.source.knows(destination, session).await?;
        answers.add(destination, is_known);
        Ok(is_known)
    }
}

impl Source {
    /// Answers without memory.
    async fn knows(&self, destination: &Destination, session: &Session) -> Result<bool, Refusal> {
        match self {
            Self::Any => Ok(true),
            Self::Listed(users) => Ok(users.has(destination)),
            Self::Directories(template) => {
                let path = PathBuf::from(template.fill(destination, "", directory_name));
                match tokio::task::spawn_blocking(move || std::fs::metadata(path)).await {
                    Ok(Ok(found)) => Ok(found.is_dir()),
                    Ok(Err(error)) if is_absent(&error) => Ok(false),
                    Ok(Err(error)) => Err(error.into()),
                    Err(error) => Err(error.into()),
                }
            }
            Self::Asked(question) => question(destination.clone(), session.clone()).await,
        }
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename
    )
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("Any"),
            Self::Listed(users) => f.debug_tuple("Listed").field(users).finish(),
            Self::Directories(template) => f.debug_tuple("Directories").field(template).finish(),
            Self::Asked(_) => f.write_str("Asked(..)"),
        }
    }
}
