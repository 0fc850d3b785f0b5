//! The client in memory: transactions, and the text of a failed assertion.

use std::panic::AssertUnwindSafe;

use crate::support::{build, builder};
use mailchute::testing::{self, Client, Inbox};
use mailchute::{Refusal, Server, Verdict};

const BOTH: [&str; 2] = ["bob@example.com", "bob@elsewhere.example"];

fn server(inbox: &Inbox) -> Server {
    let local =
        builder().on_rcpt_to(|to, _session| async move { Verdict::accept_if(to.domain_is("example.com")) });
    build(local.store(inbox.clone()))
}

async fn ready(server: &Server) -> Client {
    let mut client = testing::connect(server).open();
    client.ready().await.expect(250);
    client
}

/// The text of a panic.
async fn panic_of(work: impl Future<Output = ()> + Send + 'static) -> String {
    let panic = tokio::spawn(AssertUnwindSafe(work)).await.expect_err("it panics").into_panic();
    *panic.downcast::<String>().expect("it has a text")
}

#[tokio::test]
async fn delivers_content_with_dots_at_the_start_of_lines() {
    let inbox = Inbox::new();
    let mut client = ready(&server(&inbox)).await;
    for content in ["", "..\r\n.", "a: b\r\n\r\n.\r\n.c\r\n"] {
        client.deliver("", ["bob@example.com"], content).await.expect(250);
        let whole = if content.is_empty() || content.ends_with('\n') { "" } else { "\r\n" };
        assert_eq!(inbox.messages().pop().expect("it came").text(), format!("{content}{whole}"));
    }
}

#[tokio::test]
async fn a_delivery_goes_on_for_those_who_are_accepted() {
    let inbox = Inbox::new();
    let mut client = ready(&server(&inbox)).await;
    let delivery = client.deliver("alice@client.example", BOTH, "Hello").await.expect(550);
    assert_eq!((delivery.mail.code(), delivery.rcpt.len(), delivery.data.len()), (250, 2, 1));
    assert!(inbox.messages()[0].is_to(BOTH[0]) && !inbox.messages()[0].is_to(BOTH[1]));
}

#[tokio::test]
async fn a_delivery_that_is_refused_leaves_no_transaction() {
    let inbox = Inbox::new();
    let mut client = ready(&server(&inbox)).await;
    let refused = client.deliver("not an address", BOTH, "Hello").await.expect(501);
    assert!(refused.rcpt.is_empty() && refused.data.is_empty());
    let refused = client.deliver("", &BOTH[1..], "Hello").await.expect(550);
    assert_eq!((refused.rcpt.len(), refused.data.len()), (1, 0));
    client.deliver("", &BOTH[..1], "Hello").await.expect(250);
    assert_eq!(inbox.messages().len(), 1);
}

#[tokio::test]
async fn a_delivery_by_lmtp_has_a_reply_for_each_recipient() {
    let full = builder().on_store(|mut message, _session| async move {
        message.bytes().await?;
        message.refuse(1, Refusal::new(452, (4, 2, 2), "Mailbox full"));
        Ok(mailchute::Receipt::new("Delivered"))
    });
    let mut client = testing::connect(&build(full)).lmtp().open();
    client.ready().await.expect(250);
    let delivery = client.deliver("", BOTH, "Hello").await.expect(452);
    assert_eq!(delivery.data.iter().map(testing::Reply::code).collect::<Vec<_>>(), [250, 452]);
    client.command("QUIT").await.expect(221);
}

#[tokio::test]
async fn a_failed_assertion_shows_the_conversation() {
    let text = panic_of(async {
        let mut client = ready(&server(&Inbox::new())).await;
        client.deliver("", &BOTH[1..], "Hello").await.expect(250);
    })
    .await;
    assert!(text.contains("the server said: 550 5.1.1"), "{text}");
    assert!(text.contains("the conversation so far:\n  S: 220 mx.example.com"), "{text}");
    let said =
        "C: MAIL FROM:<>\n  S: 250 2.1.0 Sender OK\n  C: RCPT TO:<bob@elsewhere.example>\n  S: 550 5.1.1";
    assert!(text.contains(said), "{text}");
}

#[tokio::test]
async fn a_closed_connection_fails_at_the_line_of_the_test() {
    let line = line!() + 4;
    let text = panic_of(async {
        let mut client = ready(&server(&Inbox::new())).await;
        client.command("QUIT").await.expect(221);
        let _ = client.command("NOOP").await;
    })
    .await;
    assert!(text.starts_with(&format!("{}:{line}:", file!())), "{text}");
    assert!(text.contains(": the server has closed the connection\n"), "{text}");
    assert!(text.ends_with("C: NOOP"), "{text}");
}

#[tokio::test]
async fn a_long_conversation_shows_its_end() {
    let text = panic_of(async {
        let mut client = ready(&server(&Inbox::new())).await;
        client.deliver("", ["bob@example.com"], "x".repeat(500) + "\r\n").await.expect(250);
        client.deliver("", ["bob@example.com"], "line\r\n".repeat(1_000)).await.expect(999);
    })
    .await;
    assert!(text.lines().count() < 210, "{}", text.lines().count());
    assert!(
        text.contains("C: line\n") && !text.contains("EHLO") && !text.contains(&"x".repeat(201)),
        "{text}"
    );
}
