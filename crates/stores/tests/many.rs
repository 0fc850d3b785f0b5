//! Many deliveries at a time.

use std::collections::HashSet;
use std::fs;

use crate::common::{Mail, Post, begin, client, split_trace};
use mailchute::Server;
use mailchute_stores::{LineEnds, Maildir};

/// Sends messages from `clients` clients at a time, `each` from every one.
async fn send(server: &Server, clients: u8, each: usize, mark: &str) {
    let senders: Vec<_> = (0..clients)
        .map(|number| {
            let (server, mark) = (server.clone(), mark.to_owned());
            tokio::spawn(async move {
                let mut client = client(&server, number).await;
                for turn in 0..each {
                    begin(&mut client, &["bob@example.com"]).await;
                    // Some are larger than what is written in one turn.
                    let filling =
                        format!("{}\r\n", "x".repeat(998)).repeat(if turn % 10 == 9 { 600 } else { 1 });
                    client
                        .command(&format!("Subject: {mark}-{number}-{turn}\r\n\r\n{filling}."))
                        .await
                        .expect(250);
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
}

/// The first line of the content of each message.
fn marks(mail: &Mail) -> HashSet<String> {
    mail.messages()
        .iter()
        .map(|path| {
            let message = fs::read(path).unwrap();
            let (_, content) = split_trace(&message);
            assert!(content.ends_with(b"xx\r\n"), "{path:?} is not whole");
            let end = content.iter().position(|octet| *octet == b'\r').unwrap();
            String::from_utf8(content[..end].to_vec()).unwrap()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_deliveries_at_a_time_are_all_kept_once() {
    let post = Post::open();
    send(&post.server, 200, 1, "a").await;
    assert_eq!(post.mail.messages().len(), 200);
    assert_eq!(marks(&post.mail).len(), 200);
    post.mail.expect_no_leftovers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn small_and_large_messages_in_turn_are_all_kept_once() {
    let post = Post::open();
    send(&post.server, 20, 20, "a").await;
    assert_eq!(post.mail.messages().len(), 400);
    assert_eq!(marks(&post.mail).len(), 400);
    post.mail.expect_no_leftovers().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_stores_on_one_directory_do_not_clash() {
    let directory = tempfile::tempdir().unwrap();
    let mail = Mail(directory.path().to_owned());
    let server = || {
        let store = Maildir::builder(&mail.0).line_ends(LineEnds::Crlf).open().unwrap();
        Server::builder().store(store).build().unwrap()
    };
    let (one, other) = (server(), server());
    tokio::join!(send(&one, 50, 2, "one"), send(&other, 50, 2, "other"));
    assert_eq!(mail.messages().len(), 200);
    assert_eq!(marks(&mail).len(), 200);
}
