//! A store that refuses single recipients, and clients that get a reply for each.

use mailchute::testing::Client;
use mailchute::{Message, Receipt, Refusal, Session, Store};

use super::{MESSAGE, Seen};

/// Records the recipients of stored messages, and the directory; refuses addresses that begin with `full`.
#[derive(Clone, Default)]
pub(crate) struct Mailboxes(pub(crate) Seen<String>);

impl Store for Mailboxes {
    async fn store(&self, mut message: Message, _session: &Session) -> Result<Receipt, Refusal> {
        message.bytes().await?;
        for (place, recipient) in message.envelope().recipients.iter().enumerate() {
            if recipient.as_str().starts_with("full") {
                message.refuse(place, Refusal::new(452, (4, 2, 2), "Mailbox full"));
            } else {
                let directory =
                    message.directory().map_or_else(String::new, |directory| format!(" in {directory}"));
                self.0.push(format!("{recipient}{directory}"));
            }
        }
        Ok(Receipt::new("Delivered").with_enhanced(1, 5))
    }
}

/// Sends a message to these recipients and QUIT, and returns all replies after the 354.
pub(crate) async fn deliver_to(
    client: &mut Client,
    hello: &str,
    recipients: &[&str],
) -> Vec<mailchute::testing::Reply> {
    client.greeting().await.expect(220);
    client.command(&format!("{hello} client.example")).await.expect(250);
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    for recipient in recipients {
        client.command(&format!("RCPT TO:<{recipient}>")).await.expect(250);
    }
    client.command("DATA").await.expect(354);
    client.send_bytes(format!("{MESSAGE}\r\nQUIT\r\n").as_bytes()).await;
    let mut replies = Vec::new();
    while let Some(reply) = client.try_read_reply().await {
        replies.push(reply);
    }
    replies
}
