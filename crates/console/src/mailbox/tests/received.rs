//! Messages that a server receives.

use mailchute::{Server, testing};
use mailchute_stores::Maildir;

use super::*;

async fn send(server: &Server, subject: &str) {
    let mut client = testing::connect(server).open();
    client.greeting().await.expect(220);
    client.command("EHLO client.example").await.expect(250);
    client.command("MAIL FROM:<alice@example.org>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    client.command("DATA").await.expect(354);
    client.command(&format!("Subject: {subject}\r\n\r\nHello\r\n.")).await.expect(250);
}

#[tokio::test]
async fn a_wait_ends_with_the_message_that_it_is_for() {
    let mails = Mails::new();
    let server = Server::builder().store(Maildir::open(mails.path()).unwrap()).build().unwrap();
    let mailbox = mails.open();
    let following = tokio::spawn({
        let (mailbox, server) = (mailbox.clone(), server.clone());
        async move { mailbox.follow(&server).await }
    });
    let waiting = tokio::spawn({
        let mailbox = mailbox.clone();
        async move { wait(&mailbox, "to:bob subject:second").await }
    });
    send(&server, "first").await;
    send(&server, "second").await;
    let found = waiting.await.unwrap();
    assert_eq!(found.subject.as_deref(), Some("second"));
    assert_eq!(found.envelope_from.as_deref(), Some("alice@example.org"));
    assert_eq!(found.recipients, ["bob@example.com"]);
    assert!(found.queue_id.is_some());
    // It is there already.
    assert_eq!(wait(&mailbox, "subject:second").await.id, found.id);
    assert_eq!(mailbox.wait(&search("subject:third"), Duration::from_millis(5)).await.unwrap(), None);
    server.shutdown(Duration::ZERO);
    following.await.unwrap();
}
