//! A message that a page is about.

use serde::Deserialize;

use crate::mail::Mail;
use crate::mailbox::Summary;
use crate::pages::tab::Tab;

/// The part of the message that is wanted.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    /// The search whose messages are the neighbours.
    #[serde(default)]
    pub(crate) q: String,
    pub(crate) tab: Option<Tab>,
    /// Whether images from elsewhere may be loaded.
    pub(crate) images: Option<String>,
    /// How many recipients the message was released to just now.
    pub(crate) released: Option<u64>,
    /// The deletion of the message before this one, and that message.
    pub(crate) deletion: Option<u64>,
    pub(crate) deleted: Option<String>,
    /// Where the source begins.
    pub(crate) from: Option<String>,
}

/// A message with its content.
#[derive(Clone, Copy)]
pub(crate) struct Opened<'a> {
    pub(crate) summary: &'a Summary,
    pub(crate) mail: &'a Mail,
}
