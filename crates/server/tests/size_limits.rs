//! Limits on the size of a message that hooks set for a sender or a recipient.

use mailchute::testing::{self, Client};
use mailchute::{Refusal, Server};

use crate::support::{Seen, StoreBy as _, build, builder, hello};

/// Bob takes 100 bytes, Carl 50, and the sender `short` sends 20. Complete messages are recorded.
fn limited() -> (Server, Seen<usize>) {
    let seen = Seen::<usize>::default();
    let note = seen.clone();
    let limit = |bytes, name: &str| (bytes, Refusal::new(552, (5, 2, 3), format!("{name} says: too long")));
    let server = builder()
        .on_mail_from(move |from, session| async move {
            if from.as_str().starts_with("short") {
                let (bytes, refusal) = limit(20, "short");
                session.limit_size(bytes, refusal);
            }
            if from.as_str() == "short@refused.example" {
                return Err(Refusal::new(550, (5, 7, 1), "No"));
            }
            Ok(())
        })
        .on_rcpt_to(move |to, session| async move {
            for (name, bytes) in [("bob", 100), ("carl", 50)] {
                if to.as_str().starts_with(name) {
                    let (bytes, refusal) = limit(bytes, name);
                    session.limit_size(bytes, refusal);
                }
            }
        })
        .store_by(move |mut message, _session| {
            let note = note.clone();
            async move {
                note.push(message.bytes().await?.len());
                Ok(())
            }
        });
    (build(server), seen)
}

async fn envelope(client: &mut Client, from: &str, to: &[&str]) {
    client.command(&format!("MAIL FROM:{from}")).await.expect(250);
    for name in to {
        client.command(&format!("RCPT TO:<{name}@example.com>")).await.expect(250);
    }
}

#[tokio::test(start_paused = true)]
async fn the_lowest_limit_of_all_recipients_counts() {
    let cases: [(&str, &[&str], usize, &str); 8] = [
        ("<a@b.example>", &["bob"], 100, "250"),
        ("<a@b.example>", &["bob"], 101, "552 5.2.3 bob says: too long"),
        ("<a@b.example>", &["bob", "carl"], 51, "552 5.2.3 carl says: too long"),
        ("<a@b.example>", &["carl", "bob"], 51, "552 5.2.3 carl says: too long"),
        ("<a@b.example>", &["carl", "bob"], 50, "250"),
        ("<short@b.example>", &["carl"], 21, "552 5.2.3 short says: too long"),
        ("<a@b.example>", &["dave"], 300_000, "250"),
        ("<a@b.example> SIZE=10", &["bob"], 300_001, "552 5.2.3 bob says: too long"),
    ];
    let (server, seen) = limited();
    // All in one session: no limit outlives its transaction.
    let mut client = hello(&server).await;
    client.command("MAIL FROM:<short@refused.example>").await.expect(550);
    for (from, to, bytes, expected) in cases {
        envelope(&mut client, from, to).await;
        client.command("DATA").await.expect(354);
        client.send_bytes(&[&b"x".repeat(bytes - 2)[..], b"\r\n.\r\n"].concat()).await;
        let reply = client.read_reply().await.to_string();
        assert!(reply.starts_with(expected), "{bytes} bytes for {to:?}: {reply}");
        let read = seen.all().last().copied();
        assert_eq!(read == Some(bytes), expected == "250", "{bytes} bytes for {to:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_declared_size_is_refused_before_the_message_is_sent() {
    let (server, _) = limited();
    let mut client = hello(&server).await;
    envelope(&mut client, "<a@b.example> SIZE=101", &["bob"]).await;
    assert_eq!(client.command("DATA").await.lines(), ["552 5.2.3 bob says: too long"]);
    envelope(&mut client, "<a@b.example> SIZE=100", &["bob"]).await;
    client.command("DATA").await.expect(354);
}

#[tokio::test(start_paused = true)]
async fn chunks_past_the_limit_are_refused_at_once() {
    let (server, seen) = limited();
    let mut client = hello(&server).await;
    envelope(&mut client, "<a@b.example>", &["carl"]).await;
    let chunk = "x".repeat(28) + "\r\n";
    client.send_bytes(format!("BDAT 30\r\n{chunk}BDAT 30\r\n{chunk}").as_bytes()).await;
    client.read_reply().await.expect(250);
    client.read_reply().await.expect(552);
    assert_eq!(seen.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn in_lmtp_each_recipient_hears_of_the_limit() {
    let (server, _) = limited();
    let mut client = testing::connect(&server).lmtp().open();
    client.greeting().await.expect(220);
    client.command("LHLO client.example").await.expect(250);
    envelope(&mut client, "<a@b.example>", &["dave", "carl"]).await;
    client.command("DATA").await.expect(354);
    client.command(&format!("{}\r\n.", "x".repeat(60))).await.expect(552);
    client.read_reply().await.expect(552);
}
