//! Messages and sessions that a request names, and what it gets of messages: parsed, as HTML for a frame, or as a download.

mod missing;

use std::str::FromStr as _;

use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::Semaphore;

pub(crate) use self::missing::Missing;
use crate::checks::{self, Context, Finding};
use crate::mail::{Images, Mail, Part};
use crate::mailbox::{Id, Mailbox, Search, Summary};
use crate::problem::Problem;
use crate::release::{NotReleased, Outcome, as_received};
use crate::sessions::Transcript;
use crate::state::State;

/// Messages that are parsed at a time, since each is whole in memory.
static PARSING: Semaphore = Semaphore::const_new(4);

/// A message that was named.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) summary: Summary,
    raw: Bytes,
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
        let _place = release.place().await;
        let found = Found::get(self, name).await?;
        let summary = found.summary.clone();
        let content = found.read(|mail, _| as_received(mail)).await?;
        let outcome = release.send(&summary, &content, recipients).await;
        let addresses = |accepted: bool| {
            let answers = outcome.0.iter().filter(|answer| answer.accepted == accepted);
            answers.map(|answer| &*answer.address).collect::<Vec<_>>().join(", ")
        };
        tracing::info!(
            name: "console-released",
            message = summary.queue_id.as_deref(),
            from = summary.envelope_from.as_deref(),
            to = addresses(true),
            refused = addresses(false),
            user,
            "a message was sent on to other recipients"
        );
        Ok(outcome)
    }

    /// Returns what a strict receiver would say about a message.
    pub(crate) fn findings(&self, mail: &Mail, message: &Summary) -> Vec<Finding> {
        let hostname = self.server.hostname();
        let context = Context {
            envelope_from: message.envelope_from.as_deref(),
            hostname: Some(&hostname),
            ..Context::default()
        };
        checks::of(mail, &context)
    }
}

impl Found {
    /// Returns what is known of the message with a name. `latest` is the newest.
    pub(crate) async fn summary(state: &State, name: &str) -> Result<Summary, Missing> {
        let mailbox = state.mailbox()?;
        let summary = if name == "latest" {
            mailbox.list(&Search::all(), None, 1).await?.messages.pop()
        } else {
            mailbox.get(Id::from_str(name).map_err(|_| Missing::Message)?).await?
        };
        summary.ok_or(Missing::Message)
    }

    /// Returns the message with a name. `latest` is the newest.
    pub(crate) async fn get(state: &State, name: &str) -> Result<Self, Missing> {
        let summary = Self::summary(state, name).await?;
        let raw = state.mailbox()?.content(summary.id).await?.ok_or(Missing::Message)?;
        Ok(Self { summary, raw })
    }

    /// Returns the message as its file has it.
    pub(crate) fn raw(self) -> Response {
        download("message/rfc822", &format!("{}.eml", self.summary.id), self.raw)
    }

    /// Reads the message, and what is wanted of it, where blocking is allowed.
    pub(crate) async fn read<T: Send + 'static>(
        self,
        take: impl FnOnce(&Mail, &Summary) -> T + Send + 'static,
    ) -> Result<T, Missing> {
        let permit = PARSING.acquire().await.map_err(|_| Missing::Content)?;
        let read = tokio::task::spawn_blocking(move || take(&Mail::parse(self.raw), &self.summary)).await;
        drop(permit);
        read.map_err(|_| Missing::Content)
    }

    /// Returns a part and its content.
    pub(crate) async fn part(self, number: usize) -> Result<(Part, Bytes), Missing> {
        let part = self.read(move |mail, _| {
            let part = mail.part(number)?;
            Some((part.clone(), mail.content(part)))
        });
        part.await?.ok_or(Missing::Part)
    }

    /// Returns the HTML for a frame, with its own policy.
    pub(crate) async fn html(self, images: Images) -> Result<Response, Missing> {
        let document = self.read(move |mail, _| mail.html_document(images)).await?;
        let document = document.ok_or(Missing::Html)?;
        let fields = [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CONTENT_SECURITY_POLICY, document.policy),
            (REFERRER_POLICY, "no-referrer"),
        ];
        Ok((fields, document.html).into_response())
    }
}

/// Returns content that a browser saves. The name is written as RFC 8187 has it, so that no byte of it ends the field.
pub(crate) fn download(kind: &str, name: &str, content: Bytes) -> Response {
    let name: String =
        name.chars().map(|c| if c.is_control() || c == '/' { '_' } else { c }).take(200).collect();
    let name = utf8_percent_encode(&name, NON_ALPHANUMERIC);
    harmless(kind, &format!("attachment; filename*=UTF-8''{name}"), content)
}

/// Returns content of a message. Should a browser open it, nothing in it runs or loads.
pub(crate) fn harmless(kind: &str, disposition: &str, content: Bytes) -> Response {
    let mut response = content.into_response();
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
