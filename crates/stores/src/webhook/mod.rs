//! Messages as POST requests to a web server, while the client waits.
//!
//! ```text
//!   message ──► content hash, size ──► webhook-id          first reading
//!           ──► body: raw, or JSON ──► signature, length   second reading
//!           ──► POST, streamed     ──► status: 250, refusal, put off
//! ```
//!
//! # Why
//!
//! The signature stands in a header, before the body. So the body is read once to sign it, and again to send it. Meanwhile
//! a long one waits in the message's spool, or in a temporary file as JSON.

mod body;
mod builder;
pub(crate) mod client;
mod content;
pub(crate) mod escape;
mod facts;
mod format;
mod id;
mod json;
mod mistake;
mod object;
mod outcome;
mod parsed;
mod place;
pub(crate) mod post;
pub(crate) mod server;
mod signature;
pub(crate) mod url;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::StreamExt as _;
use futures_util::stream;
use mailchute::{Answer, Message, Receipt, Refusal, Session, Store, Verdict};

pub use builder::WebhookBuilder;
pub use format::WebhookFormat;
pub use mistake::WebhookError;

use crate::destination::{Destinations, expand};
use content::Digest;
use facts::Facts;
use place::Parcel;
use post::Poster;

/// POST requests of one message that are under way at a time.
const AT_A_TIME: usize = 8;

/// Posts each message to a web server, and answers the client by the status of the response.
///
/// One request has the message for all recipients. With `{user}`, `{domain}`, `{address}` or `{detail}` in the path of the
/// URL there is a request for each place, and each names its own recipients only. `{id}` is the `webhook-id`.
///
/// # The request
///
/// The body is the message as the client sent it, with the edits of filters: `content-type: message/rfc822`. These headers
/// say the rest:
///
/// | header | value |
/// |---|---|
/// | `webhook-id` | the id of this message for these recipients. It stays when the client sends the message again |
/// | `webhook-timestamp` | the time of the request, in seconds since 1970 |
/// | `webhook-signature` | the signature of [Standard Webhooks](https://www.standardwebhooks.com), with a [secret](WebhookBuilder::secret) |
/// | `mailchute-sender` | the sender of MAIL; empty for `<>` |
/// | `mailchute-recipients` | the recipients, with `, ` between two |
/// | `mailchute-message` | the id of the message in the log |
/// | `mailchute-time` | when the message came, in seconds since 1970 |
/// | `mailchute-client` | the address of the client; none over a Unix socket |
/// | `mailchute-client-name` | the client's host name, if a proxy knows it |
/// | `mailchute-helo` | the name in EHLO |
/// | `mailchute-protocol` | `ESMTP`, `ESMTPS`, `LMTP` and so on |
/// | `mailchute-tls`, `mailchute-tls-cipher` | version and cipher suite, with TLS |
/// | `mailchute-user` | the user, after AUTH |
/// | `mailchute-listener` | the name of the listener, if it has one |
/// | `mailchute-directory` | the directory that a filter asks for, such as `Junk` |
///
/// In the values `%`, `,`, spaces and all bytes other than visible ASCII are percent-encoded (RFC 3986 §2.1) as UTF-8. So
/// `bücher@example.com` is `b%C3%BCcher@example.com`. More recipients than 6 KiB of header take another request, as web
/// servers bound their headers.
///
/// [JSON](WebhookFormat::Json) has the same facts, and the message in parts.
///
/// # The response
///
/// | response | the client |
/// |---|---|
/// | 2xx | `250`: the web server has the message |
/// | 413 | `552 5.3.4` |
/// | 408, 425, 429 | `451 4.3.0` |
/// | any other 4xx | `554 5.6.0` |
/// | 507 | `452 4.3.1` |
/// | any other, such as redirects and 5xx | `451 4.3.0` |
/// | none | `451 4.4.1`, or `451 4.4.2` after the [timeout](WebhookBuilder::timeout) |
///
/// The client does not see the response's text. It sends the message again after a 4yz. Then the web server may get a
/// message that it has: it knows that by the `webhook-id`.
///
/// In SMTP one reply is for all. If one of several requests is refused, the client sends the message again or gives up,
/// though others have it. In LMTP each recipient has the reply of its own request.
///
/// Clones share the connections.
///
/// # Examples
/// ```
/// use mailchute::Server;
/// use mailchute_stores::{Webhook, WebhookFormat};
///
/// let webhook = Webhook::builder("http://127.0.0.1:8080/inbound/{user}")?.format(WebhookFormat::Json).open()?;
/// let server = Server::builder().store(webhook).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Webhook(Arc<Shared>);

struct Shared {
    options: WebhookBuilder,
    poster: Poster,
}

impl Webhook {
    /// Begins with the URL to post to: `https://HOST/PATH`, or `http://HOST/PATH` without TLS.
    ///
    /// # Errors
    /// [`WebhookError`] if it is not such a URL.
    pub fn builder(url: &str) -> Result<WebhookBuilder, WebhookError> {
        WebhookBuilder::new(url)
    }

    /// The options that it was made of.
    pub(crate) fn options(&self) -> &WebhookBuilder {
        &self.0.options
    }

    async fn deliver(&self, mut message: Message, session: &Session) -> Result<Receipt, Refusal> {
        let time = SystemTime::now();
        expand(&mut message, session);
        let recipients = message.envelope().recipients.iter();
        let destinations: Vec<_> = recipients.map(|to| Destinations::of(to, session.hostname())).collect();
        let parcels = Parcel::all(&self.options().url, self.options().format, &message, &destinations)?;
        let facts = Facts::of(&message, session, time);
        // Each parcel is read twice, after all of it has come.
        let all: Vec<_> = (0..destinations.len()).collect();
        let readings: Vec<_> =
            std::iter::once(&all).chain(parcels.iter().flat_map(|parcel| [&parcel.places; 2])).collect();
        let mut readers = message.split(&readings).into_iter();
        let mut next = || readers.next().ok_or_else(|| Refusal::internal("a message cannot be split"));
        let digest = Digest::of(next()?).await?;
        let mut posts = Vec::new();
        for parcel in &parcels {
            posts.push(self.0.poster.post(parcel, &facts, &digest, [next()?, next()?]));
        }
        let answers: Vec<_> = stream::iter(posts).buffered(AT_A_TIME).collect().await;
        conclude(&message, &parcels, answers)
    }
}

/// Refuses the recipients whose requests have failed.
fn conclude(
    message: &Message,
    parcels: &[Parcel],
    answers: Vec<Result<Receipt, Refusal>>,
) -> Result<Receipt, Refusal> {
    let mut receipt = None;
    let mut refused: Vec<Answer> = Vec::new();
    for (parcel, answer) in parcels.iter().zip(answers) {
        match answer {
            Ok(own) => receipt = receipt.or(Some(own)),
            Err(refusal) => {
                parcel.places.iter().for_each(|place| message.refuse(*place, refusal.clone()));
                refused.push(Err(refusal));
            }
        }
    }
    match receipt {
        Some(receipt) => Ok(receipt),
        None => match Verdict::for_all(refused) {
            Err(refusal) => Err(refusal),
            Ok(_) => Err(Refusal::internal("a message without recipients")),
        },
    }
}

impl Store for Webhook {
    async fn store(&self, message: Message, session: &Session) -> Result<Receipt, Refusal> {
        self.deliver(message, session).await
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Webhook").field(&format_args!("{}", self.0.options)).finish()
    }
}
