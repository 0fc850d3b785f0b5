//! Messages from a queue, which may hand each over several times.

use std::fs;
use std::time::{Duration, SystemTime};

use mailchute::listen::Queued;
use mailchute::testing;

use super::Users;
use crate::common::files;

const CONTENT: &str = "Received: from client.example\r\nSubject: hello\r\n\r\nHello\r\n";

/// Hands the message over to bob and eve. Returns the codes of the two answers.
async fn hand_over(users: &Users, name: &str, is_repeated: bool) -> [u16; 2] {
    let since = SystemTime::UNIX_EPOCH + Duration::from_secs(1_769_860_800);
    let queued = Queued::new(name, since).repeated(is_repeated);
    let mut client = testing::connect(&users.server).lmtp().queued(queued).open();
    client.ready().await.expect(250);
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    for recipient in ["bob@example.com", "eve@example.com"] {
        client.command(&format!("RCPT TO:<{recipient}>")).await.expect(250);
    }
    [client.data(CONTENT).await.code(), client.read_reply().await.code()]
}

#[tokio::test]
async fn each_user_has_a_repeated_message_once() {
    let users = Users::open();
    assert_eq!(hand_over(&users, "MAIL-1", false).await, [250, 250]);
    // A reader of one of them has moved it.
    let new = users.maildir("bob").join("new");
    let file = files(&new).pop().unwrap();
    let name = file.file_name().unwrap().to_str().unwrap();
    fs::rename(&file, users.maildir("bob").join("cur").join(format!("{name}:2,S"))).unwrap();
    assert_eq!(hand_over(&users, "MAIL-1", true).await, [250, 250]);
    assert_eq!(files(&new).len(), 0);
    let envelope = "Return-Path: <alice@client.example>\nDelivered-To: eve@example.com\n";
    let content = CONTENT.replace("\r\n", "\n");
    assert_eq!(users.messages("eve"), [format!("{envelope}{content}").trim_end()]);
    assert_eq!(hand_over(&users, "MAIL-2", false).await, [250, 250]);
    assert_eq!((users.messages("bob").len(), users.messages("eve").len()), (1, 2));
}

#[tokio::test]
async fn two_that_deliver_one_message_at_once_make_one_file() {
    let users = Users::open();
    let mut answers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = users.store.clone();
        let server = mailchute::Server::builder().with(store).build().unwrap();
        answers.spawn(async move {
            let queued = Queued::new("MAIL-1", SystemTime::UNIX_EPOCH);
            let mut client = testing::connect(&server).lmtp().queued(queued).open();
            client.ready().await.expect(250);
            client.command("MAIL FROM:<>").await.expect(250);
            client.command("RCPT TO:<bob@example.com>").await.expect(250);
            client.data(CONTENT).await.code()
        });
    }
    assert!(answers.join_all().await.into_iter().all(|code| code == 250));
    assert_eq!(users.messages("bob").len(), 1);
    assert_eq!(files(&users.maildir("bob").join("tmp")).len(), 0);
}

#[tokio::test]
async fn a_copy_that_was_shown_stays_when_another_fails() {
    let users = Users::open();
    assert_eq!(hand_over(&users, "MAIL-0", false).await, [250, 250]);
    let eve = users.maildir("eve");
    fs::remove_dir_all(&eve).unwrap();
    fs::write(&eve, "in the way").unwrap();
    assert_eq!(hand_over(&users, "MAIL-1", false).await, [250, 451]);
    assert_eq!(users.messages("bob").len(), 2);
    fs::remove_file(&eve).unwrap();
    assert_eq!(hand_over(&users, "MAIL-1", true).await, [250, 250]);
    assert_eq!((users.messages("bob").len(), users.messages("eve").len()), (2, 1));
}

#[tokio::test]
async fn a_repeated_message_fits_a_full_mailbox_that_has_it() {
    let users = Users::with(|options| options.max_messages(1));
    assert_eq!(hand_over(&users, "MAIL-1", false).await, [250, 250]);
    assert_eq!(hand_over(&users, "MAIL-1", true).await, [250, 250]);
    assert_eq!(hand_over(&users, "MAIL-2", true).await, [452, 452]);
    assert_eq!(users.messages("bob").len(), 1);
}
