//! Indexes that are damaged, old, or cannot be written.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::super::index::FILE;
use super::*;

/// A Maildir with some messages and a complete index.
async fn indexed() -> (Mails, PathBuf, Vec<Id>) {
    let mails = Mails::new();
    for number in 0..50 {
        mails.put("new", &message("a@x.test", "b@x.test", &format!("s{number}"), &"some words ".repeat(50)));
    }
    let mailbox = mails.open();
    let all = ids(&mailbox).await;
    assert_eq!(all.len(), 50);
    mailbox.close();
    let file = mails.path().join(FILE);
    (mails, file, all)
}

#[tokio::test]
async fn an_index_is_made_again_from_whatever_is_there() {
    let (mails, file, all) = indexed().await;
    let whole = fs::read(&file).unwrap();
    assert!(whole.len() > 10_000);
    let mut random = whole.clone();
    random[4_096..].iter_mut().enumerate().for_each(|(at, byte)| *byte = u8::try_from(at * 7 % 251).unwrap());
    let mut no_pages = whole.clone();
    no_pages[100..].fill(0);
    for (name, damaged) in [
        ("nothing", Vec::new()),
        ("text", b"not a database".repeat(1_000)),
        ("half", whole[..whole.len() / 2].to_vec()),
        ("a part of a page", whole[..5_000].to_vec()),
        ("header only", whole[..100].to_vec()),
        ("random pages", random),
        ("empty pages", no_pages),
    ] {
        fs::write(&file, damaged).unwrap();
        let mailbox = mails.open();
        assert_eq!(ids(&mailbox).await, all, "{name}");
        assert_eq!(list(&mailbox, "words").await.total, 50, "{name}");
        assert_eq!(mailbox.delete(&search("subject:s7")).await.unwrap().messages, 1, "{name}");
        // Otherwise the file would be removed.
        std::mem::forget(mailbox);
    }
}

#[tokio::test]
async fn a_damage_that_shows_later_is_repaired_by_the_request() {
    let (mails, file, all) = indexed().await;
    let connection = rusqlite::Connection::open(&file).unwrap();
    for damage in ["DROP TABLE summaries", "DROP TABLE words", "UPDATE summaries SET subject = x'00ff'"] {
        let mailbox = mails.open();
        assert_eq!(ids(&mailbox).await, all);
        let connection = if file.exists() { rusqlite::Connection::open(&file).unwrap() } else { continue };
        connection.execute_batch(damage).unwrap();
        assert_eq!(ids(&mailbox).await, all, "{damage}");
        assert_eq!(list(&mailbox, "words").await.total, 50, "{damage}");
        mailbox.close();
    }
    drop(connection);
}

#[tokio::test]
async fn another_layout_makes_a_new_index() {
    let (mails, file, all) = indexed().await;
    for change in ["PRAGMA user_version = 0", "PRAGMA user_version = 99", "PRAGMA application_id = 1"] {
        rusqlite::Connection::open(&file).unwrap().execute_batch(change).unwrap();
        let mailbox = mails.open();
        assert_eq!(ids(&mailbox).await, all, "{change}");
        assert_eq!(mailbox.rebuilds().await, 1, "{change}");
        mailbox.close();
    }
    let mailbox = mails.open();
    assert_eq!((ids(&mailbox).await.len(), mailbox.rebuilds().await), (50, 0));
}

#[tokio::test]
async fn an_index_that_cannot_be_written_is_in_memory() {
    let (mails, file, all) = indexed().await;
    // Root may write anywhere, but a directory is not a file.
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    let mailbox = mails.open();
    assert_eq!(ids(&mailbox).await, all);
    assert_eq!(list(&mailbox, "words").await.total, 50);
    mailbox.close();
    fs::remove_dir(&file).unwrap();
    fs::set_permissions(mails.path(), fs::Permissions::from_mode(0o500)).unwrap();
    let mailbox = mails.open();
    assert_eq!(ids(&mailbox).await, all);
    fs::set_permissions(mails.path(), fs::Permissions::from_mode(0o700)).unwrap();
}

#[tokio::test]
async fn only_the_owner_can_read_the_index() {
    let (_mails, file, _) = indexed().await;
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let error = Mailbox::builder("/nonexistent/mail").open().unwrap_err();
    assert!(error.to_string().contains("/nonexistent/mail"), "{error}");
}
