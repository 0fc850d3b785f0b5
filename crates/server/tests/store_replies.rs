//! The reply to a message: the store's reply, or a refusal.

use crate::support::{build, builder, deliver, envelope, hello, read_all};
use mailchute::testing::Client;
use mailchute::{Builder, Message, Receipt, Refusal, Reply, Session, Store, Verdict, testing};

/// Answers as configured, once it has read the message.
struct Answering(Result<Receipt, Refusal>);

impl Store for Answering {
    async fn store(&self, message: Message, _session: &Session) -> Result<Receipt, Refusal> {
        read_all(message).await?;
        self.0.clone()
    }
}

fn queued() -> Receipt {
    Receipt::new("Queued as 4fzQ")
}

/// With a hook that accepts with its own text, a filter that reads nothing, and a filter that has read the message.
fn filtered() -> Builder {
    builder()
        .on_data(|_envelope, _session| async {
            Verdict::AcceptWith(Reply::new(250, (2, 7, 0), "Looks clean"))
        })
        .on_message(|message, _session| async { message })
        .on_message(|mut message, _session| async move {
            while message.chunk().await?.is_some() {}
            Ok(message)
        })
}

#[tokio::test(start_paused = true)]
async fn no_hook_or_filter_replaces_the_stores_positive_reply() {
    let server = build(filtered().store(Answering(Ok(queued()))));
    let mut client = hello(&server).await;
    assert_eq!(deliver(&mut client).await.lines(), ["250 2.6.0 Queued as 4fzQ"]);

    envelope(&mut client).await;
    client.send_bytes(b"BDAT 4\r\na\r\nb").await;
    assert_eq!(client.greeting().await.lines(), ["250 2.0.0 4 octets received"]);
    assert_eq!(client.command("BDAT 0 LAST").await.lines(), ["250 2.6.0 Queued as 4fzQ"]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_filter_or_store_stands() {
    let full = Refusal::new(452, (4, 3, 1), "No room");
    let server = build(filtered().store(Answering(Err(full))));
    assert_eq!(deliver(&mut hello(&server).await).await.lines(), ["452 4.3.1 No room"]);

    let refuses = |message, _session| async move {
        read_all(message).await?;
        Err::<Message, _>(Refusal::new(554, (5, 7, 1), "Spam"))
    };
    let server = build(filtered().on_message(refuses).store(Answering(Ok(queued()))));
    assert_eq!(deliver(&mut hello(&server).await).await.lines(), ["554 5.7.1 Spam"]);
}

async fn lmtp_replies(client: &mut Client) -> Vec<String> {
    client.greeting().await.expect(220);
    client.command("LHLO client.example").await.expect(250);
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    for recipient in ["bob", "full", "carol"] {
        client.command(&format!("RCPT TO:<{recipient}@example.com>")).await.expect(250);
    }
    client.command("DATA").await.expect(354);
    client.send_bytes(b"Subject: hello\r\n.\r\nQUIT\r\n").await;
    let mut replies = Vec::new();
    while let Some(reply) = client.try_read_reply().await {
        replies.push(reply.to_string());
    }
    replies
}

#[tokio::test(start_paused = true)]
async fn in_lmtp_each_recipient_hears_the_stores_reply() {
    let server = build(filtered().store(Answering(Ok(queued()))));
    let replies = lmtp_replies(&mut testing::connect(&server).lmtp().open()).await;
    let queued_as = "250 2.6.0 Queued as 4fzQ";
    assert_eq!(replies, [queued_as, queued_as, queued_as, "221 2.0.0 Closing connection"]);
}

#[tokio::test(start_paused = true)]
async fn in_lmtp_a_refusal_by_name_changes_nothing_for_the_others() {
    let refusing = filtered().on_message(|message, _session| async move {
        message.refuse(1, Refusal::new(452, (4, 2, 2), "Mailbox full"));
        message
    });
    let server = build(refusing.store(Answering(Ok(queued()))));
    let replies = lmtp_replies(&mut testing::connect(&server).lmtp().open()).await;
    let queued_as = "250 2.6.0 Queued as 4fzQ";
    assert_eq!(replies, [queued_as, "452 4.2.2 Mailbox full", queued_as, "221 2.0.0 Closing connection"]);
}
