//! Messages and sessions that a request names, and what it gets of messages: parsed, as HTML for a frame, or as a download.

mod missing;

use std::fs::File;
use std::io::{self, Read as _};
use std::str::FromStr as _;

use axum::body::Body;
use axum::http::header::{
    CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::stream::try_unfold;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::spawn_blocking;

pub(crate) use self::missing::Missing;
use crate::checks::{self, Context, Finding};
use crate::mail::{Images, Mail, Part};
use crate::mailbox::{Id, Mailbox, MailboxError, Search, Summary};
use crate::problem::Problem;
use crate::release::{NotReleased, Outcome, as_received};
use crate::sessions::Transcript;
use crate::state::State;

/// Messages that are parsed at a time, since that takes a processor.
static PARSING: Semaphore = Semaphore::const_new(4);

/// KiB of all messages that are in memory at a time, for parsers and for clients that take their parts: 256 MiB.
static IN_MEMORY: Semaphore = Semaphore::const_new(256 * 1024);

/// The longest message that is parsed. A longer one can be downloaded.
const LONGEST: u64 = 128 * 1024 * 1024;

/// The bytes of a download that are in memory.
const PIECE: usize = 64 * 1024;

/// A message that was named. Its content stays in the file until it is wanted.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) summary: Summary,
    file: File,
}

impl State {
    /// Returns the mailbox, or why there is none.
    pub(crate) fn mailbox(&self) -> Result<&Mailbox, Missing> {
        self.mailbox.as_ref().ok_or(Missing::Mailbox)
    }

    /// Returns the session with a name, in capitals or not.
    pub(crate) fn session(&self, name: &str) -> Result<Transcript, Missing> {
        let id = name.to_ascii_uppercase().parse().ok();
        id.and_then(|id| self.sessions.get(id)).ok_or(Missing::Session)
    }

    /// Returns the session that brought a message, as long as it is kept.
    pub(crate) fn session_of(&self, message: &Summary) -> Result<Transcript, Missing> {
        let id = message.queue_id.as_deref().and_then(|id| id.split('-').next());
        self.session(id.unwrap_or_default())
    }

    /// Sends a message on to recipients that are allowed. `user` has asked for it.
    ///
    /// # Errors
    /// A problem if it was not even offered to the next hop.
    pub(crate) async fn release(
        &self,
        name: &str,
        to: &[String],
        user: Option<&str>,
    ) -> Result<Outcome, Problem> {
        let release = self.release.as_ref().ok_or(NotReleased::Unconfigured)?;
        let recipients = release.recipients(to)?;
        let place = release.place().await;
        let found = Found::get(self, name).await?;
        let summary = found.summary.clone();
        let content = found.read(|mail, _| as_received(mail)).await?;
        let (release, user) = (release.clone(), user.map(str::to_owned));
        // A browser that leaves does not end it, so that the log has each message that was sent on.
        let sending = tokio::spawn(async move {
            let _place = place;
            let outcome = release.send(&summary, &content, recipients).await;
            outcome.log(&summary, user.as_deref());
            outcome
        });
        sending.await.map_err(|_| Problem::unavailable("The message cannot be sent on now."))
    }

    /// Returns what a strict receiver would say about a message.
    pub(crate) fn findings(&self, mail: &Mail, message: &Summary) -> Vec<Finding> {
        let hostname = self.server.hostname();
        let session = self.session_of(message).ok();
        let is_bare =
            |id: &String| session.as_ref().is_some_and(|session| session.with_bare_line_ends.contains(id));
        let context = Context {
            envelope_from: message.envelope_from.as_deref(),
            hostname: Some(&hostname),
            had_bare_line_ends: message.queue_id.as_ref().is_some_and(is_bare),
        };
        checks::of(mail, &context)
    }
}

impl Found {
    /// Returns what is known of the message with a name. `latest` is the newest.
    pub(crate) async fn summary(state: &State, name: &str) -> Result<Summary, Missing> {
        state.mailbox()?.get(id_of(name)?).await?.ok_or(Missing::Message)
    }

    /// Returns the message with a name. `latest` is the newest.
    pub(crate) async fn get(state: &State, name: &str) -> Result<Self, Missing> {
        let found = state.mailbox()?.open_message(id_of(name)?).await?;
        let (summary, file) = found.ok_or(Missing::Message)?;
        Ok(Self { summary, file })
    }

    /// Marks the message as read. A Maildir that cannot be written is shown as well.
    pub(crate) async fn mark_read(&self, mailbox: &Mailbox) {
        if self.summary.is_unread
            && let Err(error) = mailbox.mark(&Search::ids([self.summary.id]), false).await
        {
            tracing::debug!(name: "mailbox-mark-failed", message = %self.summary.id, %error, "a message stays unread");
        }
    }

    /// Returns the message as its file has it, in pieces: a slow client holds one of them.
    pub(crate) async fn raw(self) -> Result<Response, Missing> {
        let (length, file) = blocking(move || Ok((self.file.metadata()?.len(), self.file))).await?;
        let pieces = try_unfold((file, length), |(mut file, left)| async move {
            if left == 0 {
                return Ok::<_, io::Error>(None);
            }
            let read = move || {
                let mut piece = vec![0; PIECE.min(usize::try_from(left).unwrap_or(PIECE))];
                file.read_exact(&mut piece)?;
                Ok::<_, io::Error>((piece, file))
            };
            let (piece, file) = spawn_blocking(read).await.map_err(io::Error::other)??;
            let left = left - piece.len() as u64;
            Ok(Some((Bytes::from(piece), (file, left))))
        });
        let name = format!("{}.eml", self.summary.id);
        let mut response = download("message/rfc822", &name, Body::from_stream(pieces));
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
        Ok(response)
    }

    /// Reads the message, and what is wanted of it, where blocking is allowed.
    pub(crate) async fn read<T: Send + 'static>(
        self,
        take: impl FnOnce(&Mail, &Summary) -> T + Send + 'static,
    ) -> Result<T, Missing> {
        self.hold(take).await.map(|(taken, _)| taken)
    }

    /// Reads the message like [`read`](Self::read). The place in memory is for what is taken, as long as that lives.
    async fn hold<T: Send + 'static>(
        self,
        take: impl FnOnce(&Mail, &Summary) -> T + Send + 'static,
    ) -> Result<(T, Place), Missing> {
        let (length, mut file) = blocking(move || Ok((self.file.metadata()?.len(), self.file))).await?;
        let size = usize::try_from(length).ok().filter(|_| length <= LONGEST).ok_or(MailboxError::TooLong)?;
        let weight = u32::try_from(size / 1024 + 1).map_err(|_| MailboxError::TooLong)?;
        let place = IN_MEMORY.acquire_many(weight).await.map_err(|_| Missing::Content)?;
        let parsing = PARSING.acquire().await.map_err(|_| Missing::Content)?;
        // The places are given back after the work, even if the client is gone by then.
        let work = move || {
            let _parsing = parsing;
            let mut raw = Vec::with_capacity(size);
            file.by_ref().take(length).read_to_end(&mut raw)?;
            Ok((take(&Mail::parse(raw), &self.summary), place))
        };
        blocking(work).await
    }

    /// Returns a document about the whole message. It keeps its place in memory until the client has it.
    pub(crate) async fn document(
        self,
        describe: impl FnOnce(&Mail, &Summary) -> Value + Send + 'static,
    ) -> Result<Response, Missing> {
        let (document, place) =
            self.hold(|mail, summary| serde_json::to_vec(&describe(mail, summary))).await?;
        let content = document.map_err(|_| Missing::Content)?;
        let document = Bytes::from_owner(Held { content, _place: place });
        Ok(([(CONTENT_TYPE, "application/json")], document).into_response())
    }

    /// Returns a part and its content.
    pub(crate) async fn part(self, number: usize) -> Result<(Part, Bytes), Missing> {
        let part = self.hold(move |mail, _| {
            let part = mail.part(number)?;
            Some((part.clone(), part.content()))
        });
        let (found, place) = part.await?;
        let (part, content) = found.ok_or(Missing::Part)?;
        Ok((part, Bytes::from_owner(Held { content, _place: place })))
    }

    /// Returns the HTML for a frame, with its own policy.
    pub(crate) async fn html(self, images: Images) -> Result<Response, Missing> {
        let (document, place) = self.hold(move |mail, _| mail.html_document(images)).await?;
        let document = document.ok_or(Missing::Html)?;
        let fields = [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CONTENT_SECURITY_POLICY, document.policy),
            (REFERRER_POLICY, "no-referrer"),
        ];
        let html = Bytes::from_owner(Held { content: document.html, _place: place });
        Ok((fields, html).into_response())
    }
}

/// Returns the id that a name stands for. `None` is the newest message.
fn id_of(name: &str) -> Result<Option<Id>, Missing> {
    if name == "latest" {
        return Ok(None);
    }
    Id::from_str(name).map(Some).map_err(|_| Missing::Message)
}

/// A place in memory.
type Place = SemaphorePermit<'static>;

/// Content on its way to a client, with its place in memory.
struct Held<C> {
    content: C,
    _place: Place,
}

impl<C: AsRef<[u8]>> AsRef<[u8]> for Held<C> {
    fn as_ref(&self) -> &[u8] {
        self.content.as_ref()
    }
}

/// Does work with files.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Missing> {
    let done = spawn_blocking(work).await.map_err(|_| Missing::Content)?;
    done.map_err(|error| MailboxError::from(error).into())
}

/// Returns content that a browser saves. The name is written as RFC 8187 has it, so that no byte of it ends the field.
pub(crate) fn download(kind: &str, name: &str, content: impl Into<Body>) -> Response {
    let name: String =
        name.chars().map(|c| if c.is_control() || c == '/' { '_' } else { c }).take(200).collect();
    let name = utf8_percent_encode(&name, NON_ALPHANUMERIC);
    harmless(kind, &format!("attachment; filename*=UTF-8''{name}"), content)
}

/// Returns content of a message. Should a browser open it, nothing in it runs or loads.
pub(crate) fn harmless(kind: &str, disposition: &str, content: impl Into<Body>) -> Response {
    let mut response = content.into().into_response();
    for (field, value) in [
        (CONTENT_TYPE, kind),
        (CONTENT_DISPOSITION, disposition),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
        (CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(field, value);
        }
    }
    response
}
