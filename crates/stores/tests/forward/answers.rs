//! Each answer of the next hop becomes that of our client.

use mailchute::testing;
use mailchute_stores::{AnyStore, Routed as _};

use super::scripted::{Front, Scripted, lmtp, smtp};

#[tokio::test]
async fn an_unknown_user_is_refused_in_the_words_of_the_next_hop() {
    let hop = Scripted::lmtp().await;
    hop.script().rcpt.insert("eve@example.com", "550 5.1.1 <eve@example.com> No such user here");
    hop.script().rcpt.insert("full@example.com", "452 4.2.2 Quota exceeded");
    let front = Front::of(lmtp(&hop));
    let mut client = front.client().await;
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    let unknown = client.command("RCPT TO:<eve@example.com>").await;
    assert_eq!(unknown.to_string(), "550 5.1.1 <eve@example.com> No such user here");
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    assert_eq!(client.command("RCPT TO:<full@example.com>").await.to_string(), "452 4.2.2 Quota exceeded");
    assert_eq!(client.data("Hello").await.to_string(), "250 2.0.0 Saved");
    let messages = hop.script().messages.clone();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].0, ["bob@example.com"]);
}

#[tokio::test]
async fn the_next_hop_hears_one_transaction_and_received_on_top() {
    let hop = Scripted::lmtp().await;
    let front = Front::of(lmtp(&hop));
    assert_eq!(front.send(&["bob"]).await, "250 2.0.0 Saved");
    assert_eq!(
        hop.take_lines(),
        ["LHLO mx.example.com", "MAIL FROM:<alice@client.example>", "RCPT TO:<bob@example.com>", "DATA"]
    );
    let (_, content) = hop.script().messages.remove(0);
    assert!(
        content.starts_with("Received: from client.example ([127.0.0.1])\r\n\tby mx.example.com"),
        "{content}"
    );
    assert!(content.ends_with(" +0000\r\nSubject: x\r\n\r\nHello\r\n..dot\r\n"), "{content}");
    assert!(!content.contains("Return-Path") && !content.contains("Delivered-To"), "{content}");
}

#[tokio::test]
async fn mail_and_data_are_refused_in_the_words_of_the_next_hop() {
    let hop = Scripted::smtp().await;
    let front = Front::of(smtp(&hop));
    hop.script().mail = "550 5.7.1 Sender refused".into();
    let mut client = front.client().await;
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    for _ in 0..2 {
        assert_eq!(client.command("RCPT TO:<bob@example.com>").await.to_string(), "550 5.7.1 Sender refused");
    }
    client.command("RSET").await.expect(250);
    hop.script().mail = "250 Ok".into();
    hop.script().data = "452 4.3.1 Disk full".into();
    assert_eq!(front.send(&["bob"]).await, "452 4.3.1 Disk full");
    hop.script().data = "354 Go on".into();
    hop.script().end.insert("bob@example.com", "554 5.6.0 Spam");
    assert_eq!(front.send(&["bob"]).await, "554 5.6.0 Spam");
    assert_eq!(hop.script().connections, 1, "none of these ends the connection");
}

#[tokio::test]
async fn in_lmtp_each_recipient_has_its_own_answer() {
    let hop = Scripted::lmtp().await;
    hop.script().end.insert("full@example.com", "452 4.2.2 Full");
    hop.script().end.insert("never@example.com", "554 5.6.0 Never");
    let front = Front::of(lmtp(&hop));
    let mut client = testing::connect(&front.server).lmtp().open();
    client.ready().await.expect(250);
    client.command("MAIL FROM:<>").await.expect(250);
    for name in ["full", "bob", "never"] {
        client.command(&format!("RCPT TO:<{name}@example.com>")).await.expect(250);
    }
    assert_eq!(client.data("Hello").await.to_string(), "452 4.2.2 Full");
    assert_eq!(client.read_reply().await.to_string(), "250 2.0.0 Saved");
    assert_eq!(client.read_reply().await.to_string(), "554 5.6.0 Never");
    assert!(!front.state.path().join("state").exists(), "nothing is mixed");
}

#[tokio::test]
async fn a_second_backend_in_a_transaction_is_put_off() {
    let (first, second) = (Scripted::lmtp().await, Scripted::lmtp().await);
    let other = lmtp(&second).open().unwrap().into();
    let front = Front::with(lmtp(&first), |builder| builder.hooks(OtherFor(other)));
    let mut client = front.client().await;
    client.command("MAIL FROM:<>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    // The first hook asks the other next hop, which has no part in this transaction.
    let refusal = client.command("RCPT TO:<eve@other.example>").await;
    assert_eq!(refusal.to_string(), "452 4.5.3 Too many recipients: this one goes to another server");
    assert_eq!(client.data("Hello").await.to_string(), "250 2.0.0 Saved");
    assert_eq!(second.script().connections, 0);
}

/// Asks another forward about one domain.
struct OtherFor(AnyStore);

impl mailchute::Hooks for OtherFor {
    async fn rcpt_to(&self, to: &mailchute::Recipient, session: &mailchute::Session) -> mailchute::Answer {
        if to.domain_is("other.example") {
            return self.0.rcpt(&[], to, session).await;
        }
        Ok(mailchute::Verdict::Accept)
    }
}
