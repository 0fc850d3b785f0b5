//! Messages that a request names.

use std::str::FromStr as _;

use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::Semaphore;

use crate::mail::{Mail, Part};
use crate::mailbox::{Id, Mailbox, MailboxError, Search, Summary};
use crate::problem::Problem;
use crate::state::State;

/// Messages that are parsed at a time, since each is whole in memory.
static PARSING: Semaphore = Semaphore::const_new(4);

/// A message that was named.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) summary: Summary,
    raw: Bytes,
}

impl From<MailboxError> for Problem {
    fn from(error: MailboxError) -> Self {
        let sentence = format!("{error}.");
        match error {
            MailboxError::TooLong => Self::new(axum::http::StatusCode::PAYLOAD_TOO_LARGE, sentence),
            MailboxError::Closed | MailboxError::Maildir(_) | MailboxError::Index(_) => {
                Self::unavailable(sentence)
            }
        }
    }
}

impl State {
    /// Returns the mailbox, or why there is none.
    pub(crate) fn mailbox(&self) -> Result<&Mailbox, Problem> {
        self.mailbox.as_ref().ok_or_else(|| Problem::not_found("The server keeps no mail in a Maildir."))
    }

    /// Reads a search as people write it.
    pub(crate) fn search(text: Option<&str>) -> Result<Search, Problem> {
        Search::parse(text.unwrap_or_default()).map_err(|mistake| Problem::bad(format!("{mistake}.")))
    }
}

impl Found {
    /// Returns the message with a name. `latest` is the newest.
    pub(crate) async fn get(state: &State, name: &str) -> Result<Self, Problem> {
        let unknown = || Problem::not_found("There is no such message.");
        let mailbox = state.mailbox()?;
        let summary = if name == "latest" {
            mailbox.list(&Search::all(), None, 1).await?.messages.pop()
        } else {
            mailbox.get(Id::from_str(name).map_err(|_| unknown())?).await?
        };
        let summary = summary.ok_or_else(unknown)?;
        let raw = mailbox.content(summary.id).await?.ok_or_else(unknown)?;
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
    ) -> Result<T, Problem> {
        let failed = || Problem::unavailable("The message cannot be read now.");
        let permit = PARSING.acquire().await.map_err(|_| failed())?;
        let read = tokio::task::spawn_blocking(move || take(&Mail::parse(self.raw), &self.summary)).await;
        drop(permit);
        read.map_err(|_| failed())
    }

    /// Returns a part as a download.
    pub(crate) async fn part(self, number: &str) -> Result<Response, Problem> {
        let unknown = || Problem::not_found("The message has no such part.");
        let number: usize = number.parse().map_err(|_| unknown())?;
        let part = self.read(move |mail, _| {
            let part = mail.part(number)?;
            Some((part.clone(), mail.content(part)))
        });
        let (part, content) = part.await?.ok_or_else(unknown)?;
        let name = part.file_name.clone().unwrap_or_else(|| format!("part-{number}"));
        Ok(download(harmless_type(&part), &name, content))
    }
}

/// Returns the type of a part for a download. What a browser could run has none of its own.
fn harmless_type(part: &Part) -> &str {
    const ACTIVE: [&str; 6] = ["html", "xml", "svg", "script", "css", "multipart/"];
    let name = &*part.content_type;
    let is_type = name.split_once('/').is_some_and(|(kind, subtype)| {
        let is_token = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
        };
        is_token(kind) && is_token(subtype)
    });
    if is_type && !ACTIVE.iter().any(|active| name.contains(active)) {
        name
    } else {
        "application/octet-stream"
    }
}

fn download(kind: &str, name: &str, content: Bytes) -> Response {
    let name: String =
        name.chars().map(|c| if c.is_control() || c == '/' { '_' } else { c }).take(200).collect();
    let disposition =
        format!("attachment; filename*=UTF-8''{}", utf8_percent_encode(&name, NON_ALPHANUMERIC));
    let mut response = content.into_response();
    for (field, value) in [
        (CONTENT_TYPE, kind),
        (CONTENT_DISPOSITION, &*disposition),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
        (HeaderName::from_static("content-security-policy"), "sandbox; default-src 'none'"),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(field, value);
        }
    }
    response
}
