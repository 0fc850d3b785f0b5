//! Clients that speak LMTP have a reply for each recipient.

use std::fs;

use mailchute::{Server, testing};
use mailchute_stores::All;

use super::{CONTENT, Disk, Log, name, recipients_of, server};
use crate::forward::scripted::Scripted;

/// Sends a message by LMTP, and returns the codes for each.
async fn send_by_lmtp(server: &Server, recipients: &[&str]) -> Vec<u16> {
    let mut client = testing::connect(server).lmtp().open();
    client.ready().await.expect(250);
    name(&mut client, recipients).await;
    let mut codes = vec![client.data(CONTENT).await.code()];
    while codes.len() < recipients.len() {
        codes.push(client.read_reply().await.code());
    }
    codes
}

#[tokio::test]
async fn by_lmtp_a_recipient_that_one_refuses_is_refused() {
    let (hop, other, disk) = (Scripted::lmtp().await, Scripted::lmtp().await, Disk::new());
    hop.script().end.insert("eve@example.com", "552 5.2.2 Full");
    other.script().end.insert("bob@example.com", "452 4.2.2 Full");
    let (log, _guard) = Log::begin();
    let server = server(All::new(disk.lmtp(&hop)).and(disk.users("")).and(disk.lmtp(&other)));
    assert_eq!(send_by_lmtp(&server, &["bob", "eve", "joe"]).await, [452, 552, 250]);
    assert_eq!(disk.copies(), ["joe"]);
    assert_eq!(recipients_of(&hop), [["bob@example.com", "joe@example.com"]]);
    assert_eq!(recipients_of(&other), [["joe@example.com"]], "eve was refused before");
    let said = log.kept_by_some();
    let [line] = &*said else { panic!("{said:?}") };
    assert!(line.contains("to=\"bob@example.com\""), "{line}");
}

#[tokio::test]
async fn by_lmtp_a_user_without_a_directory_is_refused_alone() {
    let (hop, disk) = (Scripted::lmtp().await, Disk::new());
    let server = server(All::new(disk.lmtp(&hop)).and(disk.users("")));
    fs::write(disk.0.path().join("users/bob"), "a file").unwrap();
    assert_eq!(send_by_lmtp(&server, &["bob", "eve"]).await, [451, 250]);
    assert_eq!(recipients_of(&hop), [["eve@example.com"]]);
    fs::remove_file(disk.0.path().join("users/bob")).unwrap();
    assert_eq!(disk.copies(), ["eve"]);
}

#[tokio::test]
async fn by_lmtp_nobody_is_left_when_all_are_refused() {
    let (hop, other, disk) = (Scripted::lmtp().await, Scripted::lmtp().await, Disk::new());
    hop.script().end.insert("bob@example.com", "552 5.2.2 Full");
    hop.script().end.insert("eve@example.com", "452 4.2.2 Full");
    let all = All::new(disk.lmtp(&hop)).and(disk.maildir()).and(disk.lmtp(&other));
    assert_eq!(send_by_lmtp(&server(all), &["bob", "eve"]).await, [552, 452]);
    disk.expect_nothing().await;
    assert_eq!(recipients_of(&other), [] as [Vec<String>; 0]);
}
