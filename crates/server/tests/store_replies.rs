//! What the client hears of a message that data hooks and a store have both answered.

use crate::support::{build, builder, deliver, envelope, hello, read_all};
use mailchute::testing::Client;
use mailchute::{Builder, Message, Reply, Session, Store, testing};

/// Answers as it is told, once it has read the message.
struct Answering(Result<Reply, Reply>);

impl Store for Answering {
    async fn store(&self, message: Message, _session: &Session) -> Result<Reply, Reply> {
        read_all(message).await?;
        self.0.clone()
    }
}

fn queued() -> Reply {
    Reply::new(250, (2, 6, 0), "Queued as 4fzQ")
}

/// With two data hooks: one that answers this before the message is read, and one that has read it.
fn answered(reply: &Reply) -> Builder {
    let (first, second) = (reply.clone(), reply.clone());
    builder().on_data(move |_message, _session| std::future::ready(first.clone())).on_data(
        move |message, _session| {
            let reply = second.clone();
            async move {
                read_all(message).await?;
                Ok(reply)
            }
        },
    )
}

fn clean() -> Reply {
    Reply::new(250, (2, 7, 0), "Looks clean")
}

#[tokio::test(start_paused = true)]
async fn the_stores_positive_reply_outlasts_that_of_a_hook() {
    let server = build(answered(&clean()).store(Answering(Ok(queued()))));
    let mut client = hello(&server).await;
    assert_eq!(deliver(&mut client).await.lines(), ["250 2.6.0 Queued as 4fzQ"]);

    envelope(&mut client).await;
    client.send_octets(b"BDAT 4\r\na\r\nb").await;
    assert_eq!(client.greeting().await.lines(), ["250 2.0.0 4 octets received"]);
    assert_eq!(client.send("BDAT 0 LAST").await.lines(), ["250 2.6.0 Queued as 4fzQ"]);
}

#[tokio::test(start_paused = true)]
async fn without_a_store_the_last_hooks_positive_reply_stands() {
    let server = build(answered(&clean()).on_data(|_message, _session| async {}));
    assert_eq!(deliver(&mut hello(&server).await).await.lines(), ["250 2.7.0 Looks clean"]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_hook_or_store_stands_whatever_the_other_says() {
    let full = Reply::new(452, (4, 3, 1), "No room");
    let server = build(answered(&clean()).store(Answering(Err(full))));
    assert_eq!(deliver(&mut hello(&server).await).await.lines(), ["452 4.3.1 No room"]);

    let spam = Reply::new(554, (5, 7, 1), "Spam");
    let refuses = move |message, _session| {
        let spam = spam.clone();
        async move {
            read_all(message).await?;
            Err::<(), _>(spam)
        }
    };
    let server = build(answered(&clean()).on_data(refuses).store(Answering(Ok(queued()))));
    assert_eq!(deliver(&mut hello(&server).await).await.lines(), ["554 5.7.1 Spam"]);
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_accepts_and_hangs_up_does_so_after_the_stores_reply() {
    let server = build(answered(&clean().hang_up()).store(Answering(Ok(queued()))));
    let mut client = hello(&server).await;
    assert_eq!(deliver(&mut client).await.lines(), ["250 2.6.0 Queued as 4fzQ"]);
    assert!(client.try_read_reply().await.is_none());
}

async fn lmtp_replies(client: &mut Client) -> Vec<String> {
    client.greeting().await.expect(220);
    client.send("LHLO client.example").await.expect(250);
    client.send("MAIL FROM:<alice@client.example>").await.expect(250);
    for recipient in ["bob", "full", "carol"] {
        client.send(&format!("RCPT TO:<{recipient}@example.com>")).await.expect(250);
    }
    client.send("DATA").await.expect(354);
    client.send_octets(b"Subject: hello\r\n.\r\nQUIT\r\n").await;
    let mut replies = Vec::new();
    while let Some(reply) = client.try_read_reply().await {
        replies.push(reply.to_string());
    }
    replies
}

#[tokio::test(start_paused = true)]
async fn in_lmtp_each_recipient_hears_the_stores_reply() {
    let server = build(answered(&clean()).store(Answering(Ok(queued()))));
    let replies = lmtp_replies(&mut testing::lmtp_client(&server)).await;
    let queued_as = "250 2.6.0 Queued as 4fzQ";
    assert_eq!(replies, [queued_as, queued_as, queued_as, "221 2.0.0 Closing connection"]);
}

#[tokio::test(start_paused = true)]
async fn in_lmtp_a_refusal_by_name_changes_nothing_for_the_others() {
    let refusing = answered(&clean()).on_data(|message, _session| async move {
        message.refuse(1, Reply::new(452, (4, 2, 2), "Mailbox full"));
        clean()
    });
    let server = build(refusing.store(Answering(Ok(queued()))));
    let replies = lmtp_replies(&mut testing::lmtp_client(&server)).await;
    let queued_as = "250 2.6.0 Queued as 4fzQ";
    assert_eq!(replies, [queued_as, "452 4.2.2 Mailbox full", queued_as, "221 2.0.0 Closing connection"]);
}
