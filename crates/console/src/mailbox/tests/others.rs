//! Other programs change the Maildir.

use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

use super::super::Change;
use super::*;

#[tokio::test]
async fn what_others_do_is_seen_at_the_next_look() {
    let mails = Mails::new();
    let one = mails.put("new", &message("a@x.test", "b@x.test", "one", ""));
    let two = mails.put("new", &message("a@x.test", "b@x.test", "two", ""));
    let mailbox = mails.open();
    let before = ids(&mailbox).await;
    let path = |directory: &str, name: &str| mails.path().join(directory).join(name);
    fs::rename(path("new", &one), path("cur", &(one.clone() + ":2,S"))).unwrap();
    assert_eq!(subjects(&mailbox, "is:read").await, ["one"]);
    fs::rename(path("cur", &(one.clone() + ":2,S")), path("cur", &(one.clone() + ":2,"))).unwrap();
    assert_eq!(subjects(&mailbox, "is:unread").await, ["two", "one"]);
    assert_eq!(ids(&mailbox).await, before, "a message keeps its name");
    mails.make(".Archive");
    fs::rename(path("cur", &(one.clone() + ":2,")), path(".Archive/cur", &(one.clone() + ":2,S"))).unwrap();
    assert_eq!(subjects(&mailbox, "folder:Archive").await, ["one"]);
    assert_eq!(ids(&mailbox).await, before);
    assert!(content(&mailbox, before[1]).await.is_some());
    fs::remove_file(path("new", &two)).unwrap();
    assert_eq!(subjects(&mailbox, "").await, ["one"]);
    fs::remove_dir_all(mails.path().join(".Archive")).unwrap();
    assert_eq!(list(&mailbox, "").await.total, 0);
}

#[tokio::test]
async fn changes_while_the_program_was_away_are_found() {
    let mails = Mails::new();
    let one = mails.put("new", &message("a@x.test", "b@x.test", "one", ""));
    let two = mails.put("new", &message("a@x.test", "b@x.test", "two", ""));
    let mailbox = mails.open();
    assert_eq!(list(&mailbox, "").await.total, 2);
    mailbox.close();
    fs::remove_file(mails.path().join("new").join(one)).unwrap();
    fs::rename(mails.path().join("new").join(&two), mails.path().join("cur").join(two + ":2,S")).unwrap();
    mails.put("new", &message("a@x.test", "b@x.test", "three", ""));
    let mailbox = mails.open();
    assert_eq!(subjects(&mailbox, "").await, ["three", "two"]);
    assert_eq!(subjects(&mailbox, "is:read").await, ["two"]);
}

#[tokio::test]
async fn two_processes_can_have_the_same_index() {
    let mails = Mails::new();
    let (first, second) = (mails.open(), mails.open());
    let name = mails.put("new", &message("a@x.test", "b@x.test", "one", ""));
    assert_eq!(subjects(&first, "").await, ["one"]);
    assert_eq!(subjects(&second, "").await, ["one"]);
    second.mark(&Search::all(), false).await.unwrap();
    assert_eq!(list(&first, "").await.unread, 0);
    fs::remove_file(mails.path().join("cur").join(name + ":2,S")).unwrap();
    assert_eq!(list(&first, "").await.total, 0);
    assert_eq!(list(&second, "").await.total, 0);
    assert_eq!((first.rebuilds().await, second.rebuilds().await), (0, 0));
}

#[tokio::test]
async fn names_that_are_no_text_and_links_and_pipes_do_no_harm() {
    let mails = Mails::new();
    let name = std::ffi::OsStr::from_bytes(b"1769860800.M1P1Q1.\xff\xfe:2,\xff");
    fs::write(mails.path().join("cur").join(name), message("a@x.test", "b@x.test", "odd", "x")).unwrap();
    for directory in [&b".\xff/new"[..], b".\xff/cur"] {
        fs::create_dir_all(mails.path().join(std::ffi::OsStr::from_bytes(directory))).unwrap();
    }
    fs::write(
        mails.path().join(std::ffi::OsStr::from_bytes(b".\xff/new/1769860801.M1.x")),
        "Subject: sub\n\n",
    )
    .unwrap();
    symlink("/etc/passwd", mails.path().join("new/1769860802.M1.x")).unwrap();
    fs::create_dir(mails.path().join("new/1769860803.M1.x")).unwrap();
    let mailbox = mails.open();
    assert_eq!(subjects(&mailbox, "").await, ["sub", "odd"]);
    assert_eq!(list(&mailbox, "").await.messages[0].folder.as_deref(), Some("\u{fffd}"));
    assert_eq!(mailbox.mark(&Search::all(), false).await.unwrap(), 2);
    assert_eq!(list(&mailbox, "is:read").await.total, 2);
    assert_eq!(mailbox.delete(&Search::all()).await.unwrap().messages, 2);
    mailbox.close();
    assert!(fs::read_dir(mails.path().join("cur")).unwrap().next().is_none());
    assert_eq!(mails.files("new").len(), 2);
}

#[tokio::test]
async fn changes_are_told_to_those_who_watch() {
    let mails = Mails::new();
    let mailbox = mails.builder().undo(LONG).open().unwrap();
    assert_eq!(list(&mailbox, "").await.total, 0);
    let mut changes = mailbox.changes();
    mails.put("new", &message("a@x.test", "b@x.test", "one", ""));
    let id = ids(&mailbox).await[0];
    let added = changes.recv().await.unwrap();
    assert!(matches!(&added, Change::Added(found) if found.id == id), "{added:?}");
    mailbox.mark(&Search::ids([id]), false).await.unwrap();
    let marked = changes.recv().await.unwrap();
    assert!(matches!(&marked, Change::Marked { ids, is_unread: false } if **ids == [id]), "{marked:?}");
    let deletion = mailbox.delete(&Search::ids([id])).await.unwrap();
    let removed = changes.recv().await.unwrap();
    assert!(matches!(&removed, Change::Removed(ids) if **ids == [id]), "{removed:?}");
    mailbox.undo(deletion.number).await.unwrap();
    let restored = changes.recv().await.unwrap();
    assert!(matches!(&restored, Change::Restored(ids) if **ids == [id]), "{restored:?}");
}
