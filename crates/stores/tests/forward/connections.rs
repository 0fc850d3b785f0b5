//! Connections: shared, replaced, and opened to whichever next hop is there.

use std::time::Duration;

use mailchute_stores::Forward;

use super::scripted::{Front, Scripted, lmtp, nobody, smtp};
use crate::common::eventually;

#[tokio::test]
async fn a_connection_is_shared_and_an_abandoned_transaction_reset() {
    let hop = Scripted::smtp().await;
    let front = Front::of(smtp(&hop));
    front.send(&["bob"]).await;
    let mut client = front.client().await;
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    hop.take_lines();
    client.command("RSET").await.expect(250);
    eventually(|| hop.script().lines == ["RSET"]).await;
    drop(client);
    assert_eq!(front.send(&["bob"]).await, "250 2.0.0 Saved");
    assert_eq!(hop.counts(), (1, 2));
}

#[tokio::test]
async fn a_client_that_goes_in_the_middle_leaves_nothing() {
    let hop = Scripted::smtp().await;
    let front = Front::of(smtp(&hop));
    let mut client = front.client().await;
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    client.command("DATA").await.expect(354);
    client.send_bytes(&b"Hello\r\n".repeat(20_000)).await;
    drop(client);
    eventually(|| hop.script().cut_off == 1).await;
    assert_eq!(hop.script().messages.len(), 0);
}

#[tokio::test]
async fn idle_connections_end_with_quit() {
    let hop = Scripted::smtp().await;
    let front = Front::of(smtp(&hop).idle(Duration::from_millis(20)));
    front.send(&["bob"]).await;
    eventually(|| hop.script().lines.last().is_some_and(|line| line == "QUIT")).await;
    assert_eq!(front.send(&["bob"]).await, "250 2.0.0 Saved");
    assert_eq!(hop.script().connections, 2);
}

#[tokio::test]
async fn the_next_target_takes_mail_that_the_first_does_not() {
    let (refusing, leaving, good) = (Scripted::smtp().await, Scripted::smtp().await, Scripted::smtp().await);
    refusing.script().greeting = "554 5.3.2 Not now".into();
    leaving.script().closes_at = "MAIL";
    let targets = [nobody().await, refusing.next_hop(), leaving.next_hop(), good.next_hop()];
    let front = Front::of(Forward::smtp(targets));
    assert_eq!(front.send(&["bob"]).await, "250 2.0.0 Saved");
    assert_eq!(front.send(&["bob"]).await, "250 2.0.0 Saved");
    assert_eq!((leaving.counts().0, good.counts().1), (1, 2));
}

#[tokio::test]
async fn without_any_next_hop_a_recipient_is_put_off() {
    let hop = Scripted::smtp().await;
    hop.script().mail = "421 4.3.2 Going down".into();
    for target in [nobody().await, hop.next_hop()] {
        let front = Front::of(Forward::smtp([target]));
        let mut client = front.client().await;
        client.command("MAIL FROM:<alice@client.example>").await.expect(250);
        let refusal = client.command("RCPT TO:<bob@example.com>").await;
        assert_eq!(refusal.to_string(), "451 4.4.1 The next server cannot be reached");
    }
}

#[tokio::test]
async fn a_hanging_next_hop_puts_off_its_own_session_only() {
    let hop = Scripted::smtp().await;
    hop.script().hangs_at = "RCPT TO:<slow@";
    let front = Front::of(smtp(&hop).command_timeout(Duration::from_millis(200)));
    let mut client = front.client().await;
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    let (slow, other) = tokio::join!(client.command("RCPT TO:<slow@example.com>"), front.send(&["bob"]));
    assert_eq!(slow.to_string(), "451 4.4.1 The next server cannot be reached");
    assert_eq!(other, "250 2.0.0 Saved");
}

#[tokio::test]
async fn a_connection_that_is_lost_before_the_content_is_replaced() {
    for at in ["RCPT TO:<eve@", "DATA"] {
        let (first, second) = (Scripted::lmtp().await, Scripted::lmtp().await);
        first.script().closes_at = at;
        let front = Front::of(Forward::lmtp([first.next_hop(), second.next_hop()]));
        assert_eq!(front.send(&["bob", "eve"]).await, "250 2.0.0 Saved");
        assert_eq!(second.script().messages[0].0, ["bob@example.com", "eve@example.com"], "{at}");
        assert_eq!(first.script().messages.len(), 0);
    }
}

#[tokio::test]
async fn a_connection_that_is_lost_at_the_end_puts_the_message_off() {
    let hop = Scripted::lmtp().await;
    hop.script().closes_at = ".";
    let front = Front::of(lmtp(&hop));
    assert_eq!(front.send(&["bob"]).await, "451 4.4.2 The connection to the next server was lost");
}

#[tokio::test]
async fn connections_are_bounded() {
    let hop = Scripted::smtp().await;
    let front = Front::of(smtp(&hop).connections(1));
    let mut first = front.client().await;
    first.command("MAIL FROM:<alice@client.example>").await.expect(250);
    first.command("RCPT TO:<bob@example.com>").await.expect(250);
    let mut second = front.client().await;
    second.command("MAIL FROM:<alice@client.example>").await.expect(250);
    let (waiting, sent) = tokio::join!(second.command("RCPT TO:<bob@example.com>"), async {
        first.data("Hello").await.to_string()
    });
    assert_eq!(sent, "250 2.0.0 Saved");
    waiting.expect(250);
    assert_eq!(hop.script().connections, 1);
}

#[tokio::test]
async fn a_silent_client_loses_its_connection_to_others() {
    let hop = Scripted::lmtp().await;
    let front = Front::of(lmtp(&hop).connections(1));
    let mut silent = front.client().await;
    silent.command("MAIL FROM:<ann@client.example>").await.expect(250);
    silent.command("RCPT TO:<ann@example.com>").await.expect(250);
    silent.command("RCPT TO:<eve@example.com>").await.expect(250);
    for _ in 0..2 {
        assert_eq!(front.send(&["bob"]).await, "250 2.0.0 Saved");
    }
    assert_eq!(silent.data("Hello").await.to_string(), "250 2.0.0 Saved");
    let kept = hop.script().messages.iter().map(|(to, _)| to.clone()).collect::<Vec<_>>();
    assert_eq!(
        kept,
        [vec!["bob@example.com"], vec!["bob@example.com"], vec!["ann@example.com", "eve@example.com"]]
    );
    assert_eq!(hop.script().connections, 1);
}

#[tokio::test]
async fn a_recipient_that_is_asked_again_may_be_refused() {
    let hop = Scripted::smtp().await;
    let front = Front::of(smtp(&hop).connections(1));
    let mut silent = front.client().await;
    silent.command("MAIL FROM:<>").await.expect(250);
    silent.command("RCPT TO:<ann@example.com>").await.expect(250);
    assert_eq!(front.send(&["bob"]).await, "250 2.0.0 Saved");
    hop.script().rcpt.insert("ann@example.com", "450 4.2.1 Moving");
    silent.command("RCPT TO:<eve@example.com>").await.expect(250);
    assert_eq!(silent.data("Hello").await.to_string(), "450 4.2.1 Moving");
    assert_eq!(hop.counts(), (1, 1));
}

#[tokio::test]
async fn a_next_hop_that_leaves_in_slow_content_puts_it_off() {
    let hop = Scripted::smtp().await;
    hop.script().leaves_at = "slow";
    let front = Front::of(smtp(&hop));
    let mut client = front.client().await;
    client.command("MAIL FROM:<>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    client.command("DATA").await.expect(354);
    // More than the forward gathers before it writes.
    client.send_bytes(&b"slow\r\n".repeat(20_000)).await;
    eventually(|| hop.script().cut_off == 1).await;
    client.send_bytes(&b"more\r\n".repeat(20_000)).await;
    client.send_bytes(b".\r\n").await;
    let reply = client.read_reply().await.to_string();
    assert!(reply.starts_with("451 4.4.2 The "), "{reply}");
    assert_eq!(front.send(&["bob"]).await, "250 2.0.0 Saved");
    assert_eq!(hop.counts(), (2, 1));
}

#[tokio::test]
async fn at_the_end_waiting_connections_hear_quit() {
    let hop = Scripted::smtp().await;
    let front = Front::of(smtp(&hop));
    tokio::join!(front.send(&["bob"]), front.send(&["eve"]));
    hop.take_lines();
    front.forward.disconnect().await;
    let lines = hop.take_lines();
    assert!(!lines.is_empty() && lines.iter().all(|line| line == "QUIT"), "{lines:?}");
    assert_eq!(lines.len(), hop.script().connections);
}

#[tokio::test]
async fn the_end_does_not_wait_for_a_next_hop_that_hangs() {
    let hop = Scripted::smtp().await;
    hop.script().hangs_at = "QUIT";
    let front = Front::of(smtp(&hop));
    front.send(&["bob"]).await;
    front.forward.disconnect().await;
    assert_eq!(hop.take_lines().last().unwrap(), "QUIT");
}
