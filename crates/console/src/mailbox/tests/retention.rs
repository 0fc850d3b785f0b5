//! Old messages are removed if bounds were set.

use super::super::Retention;
use super::*;

fn put(mails: &Mails, count: usize) {
    for number in 0..count {
        mails.put("new", &message("a@x.test", "b@x.test", &format!("s{number}"), ""));
    }
}

#[tokio::test]
async fn all_messages_are_kept_by_default() {
    let mails = Mails::new();
    put(&mails, 30);
    assert_eq!(list(&mails.open(), "").await.total, 30);
    assert_eq!(mails.files("new").len(), 30);
}

#[tokio::test]
async fn the_newest_are_kept_up_to_a_number() {
    let mails = Mails::new();
    put(&mails, 20);
    let mailbox = mails.builder().retention(Retention::all().messages(5)).open().unwrap();
    assert_eq!(subjects(&mailbox, "").await, ["s19", "s18", "s17", "s16", "s15"]);
    assert_eq!(mails.files("new").len(), 5);
    put(&mails, 3);
    assert_eq!(subjects(&mailbox, "").await, ["s2", "s1", "s0", "s19", "s18"]);
    mailbox.mark(&Search::all(), false).await.unwrap();
    put(&mails, 4);
    assert_eq!(subjects(&mailbox, "").await, ["s3", "s2", "s1", "s0", "s2"]);
    assert_eq!((mails.files("new").len(), mails.files("cur").len()), (4, 1));
}

#[tokio::test]
async fn the_newest_are_kept_up_to_a_size() {
    let mails = Mails::new();
    put(&mails, 10);
    let size = message("a@x.test", "b@x.test", "s0", "").len() as u64;
    let mailbox = mails.builder().retention(Retention::all().bytes(3 * size + 1)).open().unwrap();
    assert_eq!(subjects(&mailbox, "").await, ["s9", "s8", "s7"]);
    put(&mails, 1);
    assert_eq!(subjects(&mailbox, "").await, ["s0", "s9", "s8"]);
}

#[tokio::test]
async fn messages_are_kept_up_to_an_age() {
    let mails = Mails::new();
    put(&mails, 3);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    fs::write(mails.path().join(format!("new/{now}.M1P1Q1.x")), "Subject: fresh\n\n").unwrap();
    let mailbox = mails.builder().retention(Retention::all().age(Duration::from_secs(3_600))).open().unwrap();
    assert_eq!(subjects(&mailbox, "").await, ["fresh"]);
    assert_eq!(mails.files("new").len(), 1);
}

#[tokio::test]
async fn deleted_messages_do_not_push_others_out() {
    let mails = Mails::new();
    put(&mails, 5);
    let mailbox = mails.builder().retention(Retention::all().messages(5)).open().unwrap();
    let deletion = mailbox.delete(&Search::parse("subject:s4").unwrap()).await.unwrap();
    let _ = mailbox.delete(&Search::parse("subject:s3").unwrap()).await.unwrap();
    put(&mails, 2);
    assert_eq!(subjects(&mailbox, "").await, ["s1", "s0", "s2", "s1", "s0"]);
    assert_eq!(mailbox.undo(deletion.number).await.unwrap(), 1);
    assert_eq!(subjects(&mailbox, "").await, ["s1", "s0", "s4", "s2", "s1"]);
}
