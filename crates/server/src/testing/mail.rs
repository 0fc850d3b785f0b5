//! A message that an inbox has received.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use mailchute_proto::{Envelope, Mailbox, ReversePath, same_domain};

use crate::message::Header;
use crate::message::MessageId;
use crate::session::Session;

/// A message in an [`Inbox`](super::Inbox). Clones are cheap.
///
/// # Examples
/// ```
/// use mailchute::{Server, testing};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let inbox = testing::Inbox::new();
/// let server = Server::builder().store(inbox.clone()).build()?;
/// let mut client = testing::connect(&server).open();
/// client.greeting().await.expect(220);
/// client.command("EHLO client.example").await.expect(250);
/// client.command("MAIL FROM:<alice@client.example>").await.expect(250);
/// client.command("RCPT TO:<bob@example.com>").await.expect(250);
/// client.command("DATA").await.expect(354);
/// client.command("Subject: hello\r\n\r\nHello Bob\r\n.").await.expect(250);
///
/// let mail = &inbox.messages()[0];
/// assert!(mail.is_from("alice@client.example") && mail.is_to("bob@example.com"));
/// assert_eq!(mail.header().get("subject").as_deref(), Some("hello"));
/// assert_eq!(mail.body(), b"Hello Bob\r\n");
/// assert_eq!(mail.session().client_addr().ip().to_string(), "127.0.0.1");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Mail(Arc<Inner>);

struct Inner {
    id: MessageId,
    envelope: Envelope,
    header: Header,
    content: Bytes,
    directory: Option<Arc<str>>,
    session: Session,
}

impl Mail {
    pub(super) fn new(
        id: MessageId,
        envelope: Envelope,
        header: Header,
        content: Bytes,
        directory: Option<Arc<str>>,
        session: Session,
    ) -> Self {
        Self(Arc::new(Inner { id, envelope, header, content, directory, session }))
    }

    /// Returns the id of the message.
    #[must_use]
    pub fn id(&self) -> MessageId {
        self.0.id
    }

    /// Returns the sender and the recipients, as MAIL and RCPT named them and filters changed them.
    #[must_use]
    pub fn envelope(&self) -> &Envelope {
        &self.0.envelope
    }

    /// Returns whether the envelope has this sender; `""` is the null sender. Domains compare regardless of
    /// case, local parts do not.
    #[must_use]
    pub fn is_from(&self, address: &str) -> bool {
        match &self.0.envelope.sender.path {
            ReversePath::Null => address.is_empty(),
            path => is_same(path.mailbox(), path.as_str(), address),
        }
    }

    /// Returns whether the envelope has this recipient, compared as [`is_from`](Self::is_from) does.
    #[must_use]
    pub fn is_to(&self, address: &str) -> bool {
        let recipients = &self.0.envelope.recipients;
        recipients.iter().any(|recipient| is_same(recipient.mailbox(), recipient.as_str(), address))
    }

    /// Returns the header fields, such as `mail.header().get("Subject")`. Encoded words (RFC 2047) stay encoded.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.0.header
    }

    /// Returns the whole content as received, with the changes of filters. Lines end with CRLF, and dots are
    /// not stuffed. `Received:` is not added.
    #[must_use]
    pub fn content(&self) -> &Bytes {
        &self.0.content
    }

    /// Returns the content as text. Bytes that are not UTF-8 become U+FFFD.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0.content)
    }

    /// Returns the content after its first empty line.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        const EMPTY_LINE: &[u8] = b"\r\n\r\n";
        let content = &self.0.content[..];
        if let Some(body) = content.strip_prefix(b"\r\n") {
            return body;
        }
        let end = content.windows(EMPTY_LINE.len()).position(|bytes| bytes == EMPTY_LINE);
        end.map_or(&[], |end| &content[end + EMPTY_LINE.len()..])
    }

    /// Returns the directory that a filter asked for by [`file_into`](crate::Message::file_into), such as `Junk`.
    ///
    /// ```
    /// use mailchute::{Server, testing};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), mailchute::BuildError> {
    /// let inbox = testing::Inbox::new();
    /// let server = Server::builder()
    ///     .on_message(|mut message, _session| async move {
    ///         message.file_into("Junk")?;
    ///         Ok(message)
    ///     })
    ///     .store(inbox.clone())
    ///     .build()?;
    /// let mut client = testing::connect(&server).open();
    /// client.ready().await.expect(250);
    /// client.deliver("a@b.example", ["bob@example.com"], "Subject: lottery\r\n\r\n").await.expect(250);
    /// assert_eq!(inbox.messages()[0].directory(), Some("Junk"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn directory(&self) -> Option<&str> {
        self.0.directory.as_deref()
    }

    /// Returns the session in which the message came. It has the client's address, its TLS facts, and its
    /// identity as long as the session lasts.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.0.session
    }
}

fn is_same(mailbox: Option<&Mailbox>, text: &str, address: &str) -> bool {
    match (mailbox, Mailbox::parse(address)) {
        (Some(mailbox), Ok(other)) => {
            mailbox.unquoted_local_part() == other.unquoted_local_part()
                && same_domain(mailbox.domain(), other.domain())
        }
        _ => text.eq_ignore_ascii_case(address),
    }
}

/// Writes sender, recipients and subject on one line.
impl fmt::Display for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "from <{}> to", self.0.envelope.sender)?;
        for recipient in &self.0.envelope.recipients {
            write!(f, " <{recipient}>")?;
        }
        match self.0.header.get("Subject") {
            Some(subject) => write!(f, ", subject {subject:?}"),
            None => f.write_str(", no subject"),
        }
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail")
            .field("id", &format_args!("{}", self.0.id))
            .field("envelope", &self.0.envelope)
            .field("content", &self.text())
            .finish_non_exhaustive()
    }
}
