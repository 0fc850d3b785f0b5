//! A greylist in a file: it lasts over restarts, and a file that fails costs no mail.

use std::path::Path;
use std::time::Duration;

use mailchute::Server;
use mailchute::events::{Event, Kind};
use mailchute::testing::{Inbox, connect};
use mailchute_filters::greylist::Greylist;

/// Returns the reply to a recipient, and how far the mail has come.
async fn try_mail(server: &Server, from: &str) -> (u16, String) {
    let mut events = server.events().only([Kind::Finding]);
    let mut client = connect(server).open();
    client.ready().await.expect(250);
    client.command(&format!("MAIL FROM:<{from}>")).await.expect(250);
    let reply = client.command("RCPT TO:<bob@example.com>").await;
    let Some(Event::Finding { finding, .. }) = events.next().await else { panic!("no finding") };
    (reply.code(), finding.result().to_owned())
}

/// A server without a delay: the second try passes, however soon it comes.
fn server(file: &Path) -> Server {
    let greylist = Greylist::new().delay(Duration::ZERO).file(file);
    Server::builder().with(greylist).store(Inbox::new()).build().unwrap()
}

/// Tries three times, with a new server each time.
async fn try_with_restarts(file: &Path) -> Vec<String> {
    let mut words = Vec::new();
    for _ in 0..3 {
        let (code, word) = try_mail(&server(file), "alice@client.example").await;
        assert_eq!(code == 451, word == "wait", "{code} {word}");
        words.push(word);
    }
    words
}

/// Tries three times with one server.
async fn try_without_restarts(file: &Path) -> Vec<String> {
    let server = server(file);
    let mut words = Vec::new();
    for _ in 0..3 {
        words.push(try_mail(&server, "alice@client.example").await.1);
    }
    words
}

#[tokio::test]
async fn it_lasts_over_restarts() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("greylist.db");
    assert_eq!(try_with_restarts(&file).await, ["wait", "pass", "known"]);
    assert_eq!(try_with_restarts(&file).await, ["known", "known", "known"]);
}

#[tokio::test]
async fn two_processes_may_have_the_file_open() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("greylist.db");
    let (old, new) = (server(&file), server(&file));
    for (server, expected) in [(&old, "wait"), (&new, "pass"), (&old, "known"), (&new, "known")] {
        assert_eq!(try_mail(server, "alice@client.example").await.1, expected);
    }
}

#[tokio::test]
async fn a_damaged_or_foreign_file_costs_no_mail_and_stays() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("greylist.db");
    for content in [&b"This is not a database, but long enough to be taken for one."[..], &[0xff; 8192]] {
        std::fs::write(&file, content).unwrap();
        assert_eq!(try_without_restarts(&file).await, ["wait", "pass", "known"]);
        assert_eq!(std::fs::read(&file).unwrap(), content);
    }
    let nowhere = directory.path().join("missing").join("greylist.db");
    assert_eq!(try_without_restarts(&nowhere).await, ["wait", "pass", "known"]);
}

#[tokio::test]
async fn a_file_damaged_while_it_is_used_costs_no_mail() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("greylist.db");
    assert_eq!(try_with_restarts(&file).await, ["wait", "pass", "known"]);
    // The last server closes the file some time after it is dropped.
    while directory.path().join("greylist.db-wal").exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Everything after the header is lost.
    let mut content = std::fs::read(&file).unwrap();
    content.iter_mut().skip(100).for_each(|byte| *byte = 0xa5);
    std::fs::write(&file, content).unwrap();
    assert_eq!(try_without_restarts(&file).await, ["wait", "pass", "known"]);
}

#[tokio::test]
async fn a_locked_file_costs_no_mail() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("greylist.db");
    assert_eq!(try_with_restarts(&file).await, ["wait", "pass", "known"]);
    let other = rusqlite::Connection::open(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE; DELETE FROM records").unwrap();
    assert_eq!(try_without_restarts(&file).await, ["wait", "pass", "known"]);
}

#[tokio::test]
async fn many_questions_at_once_are_all_answered() {
    let directory = tempfile::tempdir().unwrap();
    let server = server(&directory.path().join("greylist.db"));
    for (round, expected) in [(1, 451), (2, 250)] {
        let asks = (0..100).map(|host| {
            let mut client = connect(&server).from(([192, 0, host, 1], 2525).into()).open();
            async move {
                client.ready().await.expect(250);
                client.command("MAIL FROM:<alice@client.example>").await.expect(250);
                client.command("RCPT TO:<bob@example.com>").await.code()
            }
        });
        let codes = futures_util::future::join_all(asks).await;
        assert!(codes.iter().all(|code| *code == expected), "round {round}: {codes:?}");
    }
}
