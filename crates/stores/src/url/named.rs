//! The stores that a URL can name, with their options.

#[cfg(feature = "nats")]
use crate::JetStreamBuilder;
#[cfg(feature = "s3")]
use crate::S3Builder;
#[cfg(feature = "webhook")]
use crate::WebhookBuilder;
use crate::{ForwardBuilder, MaildirBuilder, MaildirsBuilder};

/// A parsed URL, with the options of its store.
#[derive(Debug, Clone)]
pub(super) enum Named {
    Maildir(MaildirBuilder),
    Maildirs(MaildirsBuilder),
    Forward(Box<ForwardBuilder>),
    #[cfg(feature = "nats")]
    JetStream(Box<JetStreamBuilder>),
    #[cfg(feature = "webhook")]
    Webhook(Box<WebhookBuilder>),
    #[cfg(feature = "s3")]
    S3(Box<S3Builder>),
    Discard,
}
