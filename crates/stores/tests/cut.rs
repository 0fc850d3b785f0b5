//! Clients who go before the end.

use crate::common::{Post, begin, client};
use mailchute::testing;

const SESSION: &[u8] = b"EHLO client.example\r\n\
    MAIL FROM:<alice@client.example>\r\n\
    RCPT TO:<bob@example.com>\r\n\
    RCPT TO:<carol@example.com>\r\n\
    DATA\r\n\
    Subject: one\r\n\r\n..One\r\n.\r\n\
    MAIL FROM:<>\r\n\
    RCPT TO:<bob@example.com>\r\n\
    DATA\r\n\
    Subject: two\r\n\r\nTwo\r\n.\r\n\
    QUIT\r\n";

/// Sends the first bytes of a session and goes.
async fn send_cut(post: &Post, octets: &[u8]) -> usize {
    let mut client = testing::connect(&post.server).open();
    client.greeting().await.expect(220);
    client.send_bytes(octets).await;
    client.close().await;
    let mut accepted = 0;
    while let Some(heard) = client.try_read_reply().await {
        accepted += usize::from(heard.to_string().contains("Message accepted"));
    }
    accepted
}

#[tokio::test]
async fn a_session_cut_at_any_byte_leaves_only_what_was_answered_250() {
    let post = Post::open();
    let mut kept = 0;
    for cut in 0..=SESSION.len() {
        let whole = SESSION[..cut].windows(5).filter(|octets| octets == b"\r\n.\r\n").count();
        let accepted = send_cut(&post, &SESSION[..cut]).await;
        assert_eq!(accepted, whole, "cut at {cut}");
        kept += accepted;
        assert_eq!(post.mail.messages().len(), kept, "cut at {cut}");
        post.mail.expect_no_leftovers().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_message_that_is_cut_leaves_nothing() {
    let post = Post::open();
    let content = format!("{}\r\n", "x".repeat(998)).repeat(1500);
    for cut in (0..content.len()).step_by(100_000) {
        let mut client = post.client().await;
        begin(&mut client, &["bob@example.com"]).await;
        client.send_bytes(&content.as_bytes()[..cut]).await;
        if cut % 200_000 == 0 {
            client.close().await;
            while client.try_read_reply().await.is_some() {}
        }
        drop(client);
        post.mail.expect_no_leftovers().await;
        assert_eq!(post.mail.messages().len(), 0, "cut at {cut}");
    }
}

#[tokio::test]
async fn a_message_that_is_refused_at_its_end_leaves_nothing() {
    let post = Post::with(|builder| builder.max_message_size(600_000));
    let mut client = post.client().await;
    begin(&mut client, &["bob@example.com"]).await;
    let content = format!("{}\r\n", "x".repeat(998)).repeat(1500);
    client.send_bytes(content.as_bytes()).await;
    client.command(".").await.expect(552);
    post.mail.expect_no_leftovers().await;
    assert_eq!(post.mail.messages().len(), 0);

    begin(&mut client, &["bob@example.com"]).await;
    client.command("Subject: a bare line feed\n\r\n.").await.expect(550);
    post.mail.expect_no_leftovers().await;
    assert_eq!(post.mail.messages().len(), 0);

    let mut other = crate::common::client(&post.server, 1).await;
    begin(&mut other, &["bob@example.com"]).await;
    other.command("Subject: hello\r\n\r\nHello Bob\r\n.").await.expect(250);
    assert_eq!(post.mail.messages().len(), 1);
}

#[tokio::test]
async fn a_message_whose_client_goes_after_the_final_dot_is_kept() {
    let post = Post::open();
    let mut client = client(&post.server, 1).await;
    begin(&mut client, &["bob@example.com"]).await;
    client.send_bytes(b"Subject: hello\r\n\r\nHello Bob\r\n.\r\n").await;
    client.close().await;
    client.greeting().await.expect(250);
    assert_eq!(post.mail.messages().len(), 1);
}
