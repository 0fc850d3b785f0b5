//! The store in memory, and servers for tests of other programs.

use std::time::Duration;

use crate::support::talk::connect;
use crate::support::{build, builder, deliver, hello};
use mailchute::testing::{self, Inbox};
use tokio::net::TcpStream;

const LONG: Duration = Duration::from_secs(3_600);

async fn inbox_with(content: &str) -> Inbox {
    let inbox = Inbox::new();
    let server = build(builder().store(inbox.clone()));
    let mut client = hello(&server).await;
    client.command("MAIL FROM:<>").await.expect(250);
    client.command("RCPT TO:<Bob@EXAMPLE.com>").await.expect(250);
    client.command("RCPT TO:<Postmaster>").await.expect(250);
    client.command("DATA").await.expect(354);
    client.command(&format!("{content}.")).await.expect(250);
    inbox
}

#[tokio::test]
async fn a_catch_all_takes_mail_for_everybody() {
    let inbox = Inbox::new();
    let server = testing::catch_all(&inbox).await.expect("a port is free");
    let mut client = connect(server.addr()).await;
    client.hello().await;
    crate::support::talk_one_message(&mut client).await;
    let mail = inbox.wait_for(|mail| mail.is_to("bob@example.com"), LONG).await.expect("it was accepted");
    assert!(mail.is_from("alice@client.example"));
    assert_eq!(mail.header().get("Subject").as_deref(), Some("hello"));
    assert_eq!(
        (&mail.text()[..], mail.body()),
        ("Subject: hello\r\n\r\nHello Bob\r\n", &b"Hello Bob\r\n"[..])
    );
    assert_eq!(server.running().server().sessions()[0].id(), mail.session().id());
}

#[tokio::test]
async fn a_test_server_stops_when_dropped() {
    let server = testing::catch_all(&Inbox::new()).await.expect("a port is free");
    let (addr, handle) = (server.addr(), server.running().server().clone());
    let mut client = connect(addr).await;
    client.hello().await;
    drop(server);
    client.rest().await;
    handle.stopped().await;
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn finds_messages_by_their_envelope() {
    let mail = inbox_with("\r\nno header\r\n").await.messages().remove(0);
    assert!(mail.is_from("") && !mail.is_from("alice@client.example"));
    for (address, is_recipient) in
        [("Bob@example.com", true), ("\"Bob\"@example.COM", true), ("bob@example.com", false)]
    {
        assert_eq!(mail.is_to(address), is_recipient, "{address}");
    }
    assert!(mail.is_to("postmaster") && !mail.is_to(""));
    assert_eq!(mail.body(), b"no header\r\n");
    assert_eq!(mail.to_string(), "from <> to <Bob@EXAMPLE.com> <Postmaster>, no subject");
}

#[tokio::test]
async fn a_content_that_is_all_header_has_no_body() {
    let mail = inbox_with("A: b\r\n").await.messages().remove(0);
    assert_eq!((mail.body(), mail.content().len()), (&b""[..], 6));
}

#[tokio::test(start_paused = true)]
async fn waits_for_a_message_that_is_still_to_come() {
    let inbox = Inbox::new();
    let waiting = tokio::spawn({
        let inbox = inbox.clone();
        async move { inbox.wait_for_count(2, LONG).await }
    });
    let server = build(builder().store(inbox.clone()));
    let mut client = hello(&server).await;
    deliver(&mut client).await.expect(250);
    assert!(!waiting.is_finished());
    deliver(&mut client).await.expect(250);
    let messages = waiting.await.expect("it does not panic").expect("they came");
    assert_eq!(messages.len(), 2);
    assert_ne!(messages[0].id(), messages[1].id());
}

#[tokio::test(start_paused = true)]
async fn says_what_came_instead_of_the_expected_message() {
    let inbox = inbox_with("Subject: other\r\n").await;
    let error = inbox.wait_for(|mail| mail.is_to("alice@example.com"), LONG).await.expect_err("it is to Bob");
    assert_eq!(
        error.to_string(),
        "expected a matching message within 3600s; the inbox has 1 message:\n  \
         from <> to <Bob@EXAMPLE.com> <Postmaster>, subject \"other\""
    );
    assert_eq!(error.received().len(), 1);
    inbox.clear();
    assert!(inbox.wait_for_one(LONG).await.expect_err("it is empty").received().is_empty());
}

#[tokio::test(start_paused = true)]
async fn waiting_for_one_message_fails_when_there_are_two() {
    let inbox = Inbox::new();
    let server = build(builder().store(inbox.clone()));
    let mut client = hello(&server).await;
    deliver(&mut client).await.expect(250);
    assert!(inbox.wait_for_one(LONG).await.is_ok());
    deliver(&mut client).await.expect(250);
    assert_eq!(inbox.wait_for_one(LONG).await.expect_err("there are two").received().len(), 2);
}
