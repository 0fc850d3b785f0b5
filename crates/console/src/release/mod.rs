//! Release: a message that is kept goes on to real recipients, as far as a list allows.
//!
//! # Why
//!
//! An inbox promises that no mail leaves it. So nothing is released by default, and each recipient must be on the list.
//! The next hop gets the same as from a relay: the message with the `Received:` of this server, and the sender of its
//! envelope. The fields of the delivery to the Maildir stay here.

mod content;
mod outcome;
mod outlet;
mod recipients;

use std::fmt;
use std::sync::Arc;

use axum::http::StatusCode;
use bytes::Bytes;
use mailchute::address::{Mailbox, ReversePath};
use mailchute::params::BodyKind;
use mailchute::{Envelope, Recipient, Sender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::mailbox::Summary;
use crate::problem::Problem;
pub(crate) use content::as_received;
pub(crate) use outcome::Outcome;
pub use outlet::{Outlet, Sending};
pub use recipients::{NotReleaseTo, ReleaseTo};

/// Messages that are on their way at a time, since each is whole in memory.
const AT_ONCE: usize = 4;

/// The most recipients of a release.
const MOST_RECIPIENTS: usize = 100;

/// Sends kept messages on to real recipients. Without one, a console releases nothing.
///
/// # Examples
/// ```
/// use std::time::SystemTime;
///
/// use mailchute::listen::Queued;
/// use mailchute::proxy::XForward;
/// use mailchute::{Envelope, Server};
/// use mailchute_console::{Outlet, Release, Sending};
/// use mailchute_stores::{Forward, NextHop, hand_over};
///
/// /// A server without listeners, whose store is the next hop.
/// #[derive(Debug)]
/// struct Relay(Server);
///
/// impl Outlet for Relay {
///     fn send<'a>(&'a self, envelope: &'a Envelope, content: &'a [u8]) -> Sending<'a> {
///         let message = Queued::new("RELEASE-1", SystemTime::now());
///         Box::pin(async move { hand_over(&self.0, message, &XForward::default(), envelope, content).await })
///     }
/// }
///
/// let forward = Forward::smtp([NextHop::tcp("relay.example.com", 25)]).open()?;
/// let relay = Relay(Server::builder().with(forward).build()?);
/// let release = Release::through("relay.example.com:25", relay).allow("example.com".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Release {
    outlet: Arc<dyn Outlet>,
    next_hop: String,
    allowed: Vec<ReleaseTo>,
    places: Arc<Semaphore>,
}

impl Release {
    /// Sends through a next hop, whose name the pages show. No recipient is allowed yet.
    pub fn through(next_hop: impl Into<String>, outlet: impl Outlet) -> Self {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        Self { outlet: Arc::new(outlet), next_hop: next_hop.into(), allowed: Vec::new(), places }
    }

    /// Allows recipients, beside those that are allowed already.
    #[must_use]
    pub fn allow(mut self, recipients: ReleaseTo) -> Self {
        self.allowed.push(recipients);
        self
    }

    pub(crate) fn next_hop(&self) -> &str {
        &self.next_hop
    }

    pub(crate) fn allowed(&self) -> &[ReleaseTo] {
        &self.allowed
    }

    /// Returns whether a message may go to a recipient.
    pub(crate) fn allows(&self, recipient: &Recipient) -> bool {
        self.allowed.iter().any(|allowed| allowed.includes(recipient))
    }

    /// Reads the recipients that somebody asks for, each once.
    ///
    /// # Errors
    /// The first fault, for people: none or too many, a text that is not an address, or addresses that are not allowed.
    pub(crate) fn recipients(&self, asked: &[String]) -> Result<Vec<Recipient>, NotReleased> {
        let mut recipients: Vec<Recipient> = Vec::new();
        for text in asked {
            let recipient = text.parse().map_err(|_| NotReleased::NotAnAddress(text.clone()))?;
            if !recipients.contains(&recipient) {
                recipients.push(recipient);
            }
        }
        if recipients.is_empty() {
            return Err(NotReleased::NoRecipient);
        }
        if recipients.len() > MOST_RECIPIENTS {
            return Err(NotReleased::TooMany);
        }
        let refused: Vec<_> = recipients.iter().filter(|recipient| !self.allows(recipient)).collect();
        if refused.is_empty() {
            return Ok(recipients);
        }
        Err(NotReleased::NotAllowed(
            refused.into_iter().map(|recipient| recipient.as_str().to_owned()).collect(),
        ))
    }

    /// Waits until another message may be in memory.
    pub(crate) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        // It is never closed.
        Arc::clone(&self.places).acquire_owned().await.ok()
    }

    /// Sends a message to recipients that are [allowed](Self::recipients).
    pub(crate) async fn send(&self, message: &Summary, content: &Bytes, to: Vec<Recipient>) -> Outcome {
        let sender = message.envelope_from.as_deref();
        let envelope = envelope(sender, message.is_international(), content, to);
        let answers = self.outlet.send(&envelope, content).await;
        Outcome::of(&envelope.recipients, answers)
    }
}

impl fmt::Debug for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Release")
            .field("next_hop", &self.next_hop)
            .field("allowed", &self.allowed)
            .finish_non_exhaustive()
    }
}

/// Returns the envelope of a message for other recipients. The sender stays; a file that does not say it has the empty one,
/// so that nobody gets bounces for it.
fn envelope(sender: Option<&str>, is_international: bool, content: &[u8], to: Vec<Recipient>) -> Envelope {
    let sender = sender.and_then(|sender| Mailbox::parse(sender).ok());
    let mut sender = Sender::new(sender.map_or(ReversePath::Null, ReversePath::Mailbox));
    let parameters = sender.parameters_mut();
    parameters.body = (!content.is_ascii()).then_some(BodyKind::EightBitMime);
    parameters.smtputf8 = is_international || to.iter().any(|recipient| !recipient.as_str().is_ascii());
    let mut envelope = Envelope::new(sender);
    envelope.recipients = to;
    envelope
}

/// Why a message was not even offered to the next hop.
#[derive(Debug)]
pub(crate) enum NotReleased {
    /// Nothing is released here.
    Unconfigured,
    NoRecipient,
    TooMany,
    NotAnAddress(String),
    NotAllowed(Vec<String>),
}

impl From<NotReleased> for Problem {
    fn from(fault: NotReleased) -> Self {
        let status = match &fault {
            NotReleased::Unconfigured => StatusCode::NOT_FOUND,
            NotReleased::NoRecipient => StatusCode::BAD_REQUEST,
            NotReleased::TooMany | NotReleased::NotAnAddress(_) => StatusCode::UNPROCESSABLE_ENTITY,
            NotReleased::NotAllowed(_) => StatusCode::FORBIDDEN,
        };
        Self::new(status, fault.to_string())
    }
}

/// A sentence or two for people.
impl fmt::Display for NotReleased {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unconfigured => f.write_str(
                "This server releases no mail. Name a next hop by --console-release, and recipients by \
                 --console-release-to.",
            ),
            Self::NoRecipient => f.write_str("Name at least one recipient."),
            Self::TooMany => {
                write!(f, "A message is released to at most {MOST_RECIPIENTS} recipients at a time.")
            }
            Self::NotAnAddress(text) => write!(f, "{text:?} is not an address, such as bob@example.com."),
            Self::NotAllowed(addresses) => write!(
                f,
                "Mail must not be released to {}. Add the address or its domain to --console-release-to.",
                addresses.join(", ")
            ),
        }
    }
}

#[cfg(test)]
mod tests;
