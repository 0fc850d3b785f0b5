//! Users who may have so much mail and no more.

use std::fs;

use super::{HELLO, Users};
use crate::common::{begin, client};
use mailchute::testing::Client;
use mailchute_stores::{check_url, from_url};

async fn deliver(client: &mut Client, to: &[&str]) -> u16 {
    begin(client, to).await;
    client.command(HELLO).await.code()
}

#[tokio::test]
async fn a_full_user_is_refused_at_rcpt_and_others_are_not() {
    let users = Users::with(|options| options.max_messages(2));
    let mut client = client(&users.server, 1).await;
    for _ in 0..2 {
        assert_eq!(deliver(&mut client, &["bob@example.com"]).await, 250);
    }
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    let refused = client.command("RCPT TO:<bob@example.com>").await.expect(452);
    assert_eq!(refused.to_string(), "452 4.2.2 Mailbox full");
    client.command("RCPT TO:<sales@example.com>").await.expect(452);
    client.command("RCPT TO:<carol@example.com>").await.expect(250);
    client.command("DATA").await.expect(354);
    client.command(HELLO).await.expect(250);
    assert_eq!((users.messages("bob").len(), users.messages("carol").len()), (2, 1));

    // Read mail counts, deleted mail does not, and mail in a directory does.
    let read = |path: &std::path::Path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        fs::rename(path, users.maildir("bob").join("cur").join(format!("{name}:2,S"))).unwrap();
    };
    let new = crate::common::files(&users.maildir("bob").join("new"));
    read(&new[0]);
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(452);
    fs::remove_file(&new[1]).unwrap();
    client.command("RCPT TO:<bob@example.com>").await.expect(250);
    client.command("DATA").await.expect(354);
    client.command("Subject: spam\r\n\r\nBuy\r\n.").await.expect(250);
    client.command("MAIL FROM:<alice@client.example>").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(452);
}

#[tokio::test]
async fn a_declared_size_is_asked_about_at_rcpt() {
    let users = Users::with(|options| options.max_size(2000));
    let mut client = client(&users.server, 1).await;
    assert_eq!(deliver(&mut client, &["bob@example.com"]).await, 250);
    client.command("MAIL FROM:<alice@client.example> SIZE=1990").await.expect(250);
    client.command("RCPT TO:<bob@example.com>").await.expect(452);
    client.command("RCPT TO:<carol@example.com>").await.expect(250);
    assert!(!users.maildir("carol").exists(), "no directory is made at RCPT");
    client.command("RSET").await.expect(250);
    client.command("MAIL FROM:<alice@client.example> SIZE=2001").await.expect(250);
    let refused = client.command("RCPT TO:<carol@example.com>").await.expect(552);
    assert_eq!(refused.to_string(), "552 5.2.3 Message is larger than the mailbox may be");
}

fn large() -> String {
    format!("Subject: large\r\n\r\n{}.", format!("{}\r\n", "x".repeat(98)).repeat(10))
}

/// Fills Bob's Maildir so that a small message fits and a large one does not.
async fn nearly_full() -> Users {
    let users = Users::with(|options| options.max_size(3000));
    let mut client = client(&users.server, 1).await;
    for to in ["bob@example.com", "bob@example.com"] {
        begin(&mut client, &[to]).await;
        client.command(&large()).await.expect(250);
    }
    users
}

#[tokio::test]
async fn in_smtp_nobody_has_a_message_that_one_has_no_room_for() {
    let users = nearly_full().await;
    let mut client = client(&users.server, 1).await;
    begin(&mut client, &["carol@example.com", "bob@example.com", "dan@example.com"]).await;
    let refused = client.command(&large()).await.expect(452);
    assert_eq!(refused.to_string(), "452 4.2.2 Mailbox full");
    assert_eq!(users.all_files().len(), 2);
    // A refused message takes no room.
    assert_eq!(deliver(&mut client, &["carol@example.com", "bob@example.com"]).await, 250);
}

#[tokio::test]
async fn in_lmtp_only_the_full_user_is_refused() {
    let users = nearly_full().await;
    let mut client = users.lmtp().await;
    begin(&mut client, &["carol@example.com", "bob@example.com", "dan@example.com"]).await;
    client.command(&large()).await.expect(250);
    let refused = client.read_reply().await.expect(452);
    assert_eq!(refused.to_string(), "452 4.2.2 Mailbox full");
    client.read_reply().await.expect(250);
    assert_eq!(
        (users.messages("carol").len(), users.messages("bob").len(), users.messages("dan").len()),
        (1, 2, 1)
    );
}

#[tokio::test]
async fn messages_that_come_at_once_never_exceed_the_quota() {
    let users = Users::with(|options| options.max_messages(5));
    let senders: Vec<_> = (0..20)
        .map(|number| {
            let server = users.server.clone();
            tokio::spawn(async move {
                let mut client = client(&server, number).await;
                begin(&mut client, &["bob@example.com"]).await;
                client.command(HELLO).await.code()
            })
        })
        .collect();
    let mut accepted = 0;
    for sender in senders {
        // Some are refused at RCPT already, at which their task ends.
        accepted += usize::from(sender.await.is_ok_and(|code| code == 250));
    }
    assert!((1..=5).contains(&accepted) && users.messages("bob").len() == accepted, "{accepted}");
}

#[test]
fn a_quota_is_an_option_of_the_url() {
    let root = tempfile::tempdir().unwrap();
    let url = |options: &str| format!("maildir:{}/{{user}}?{options}", root.path().display());
    for (options, printed) in [
        ("max-size=1G&max-messages=10000", "max-size=1G&max-messages=10000"),
        ("max-size=1536K", "max-size=1536K"),
        ("max-size=1048576", "max-size=1M"),
        ("max-messages=1&mode=0660", "mode=0660&max-messages=1"),
    ] {
        assert_eq!(from_url(&url(options)).unwrap().to_string(), url(printed));
    }
    for option in
        ["max-size=", "max-size=0", "max-size=1T", "max-size=-1", "max-messages=1K", "max-size=99999999999G"]
    {
        let error = check_url(&url(option)).unwrap_err().to_string();
        assert!(error.contains(&format!("{option:?}")) && error.contains("max-size=1G"), "{error}");
    }
    // All mail of the domain in one directory has no user who could be full.
    assert!(check_url("maildir:/var/mail?max-size=1G").is_err());
}
