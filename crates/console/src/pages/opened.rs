//! A message that a page is about.

use serde::Deserialize;

use crate::mail::Mail;
use crate::mailbox::{Id, Summary};
use crate::pages::failure::Failure;
use crate::pages::layout::At;
use crate::pages::tab::Tab;

/// What of the message is wanted.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    /// The search whose messages are the neighbours.
    #[serde(default)]
    pub(crate) q: String,
    pub(crate) tab: Option<Tab>,
    /// Whether images from elsewhere may be loaded.
    pub(crate) images: Option<String>,
    /// Where the source begins.
    pub(crate) from: Option<String>,
}

/// A message with its content.
pub(crate) struct Opened {
    pub(crate) summary: Summary,
    pub(crate) mail: Mail,
}

/// Reads a message, on a thread where reading may take its time.
pub(crate) async fn open(at: &At, id: &str) -> Result<Opened, Failure> {
    let mailbox = at.state.mailbox.as_ref().ok_or(Failure::NoMailbox)?;
    let id: Id = id.parse().map_err(|_| Failure::NoMessage)?;
    let summary = mailbox.get(id).await?.ok_or(Failure::NoMessage)?;
    let content = mailbox.content(id).await?.ok_or(Failure::NoMessage)?;
    let read = tokio::task::spawn_blocking(move || Mail::parse(content)).await;
    Ok(Opened { summary, mail: read.map_err(|_| Failure::Read)? })
}

/// Returns a size for people.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{}.{} KiB", bytes / 1024, bytes % 1024 * 10 / 1024),
        _ => format!("{}.{} MiB", bytes / 1_048_576, bytes % 1_048_576 * 10 / 1_048_576),
    }
}
