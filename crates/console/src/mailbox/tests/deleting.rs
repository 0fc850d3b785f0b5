//! Deletions, and how they are undone.

use super::*;

fn put_three(mails: &Mails) {
    for subject in ["one", "two", "three"] {
        mails.put("new", &message("a@x.test", "b@x.test", subject, ""));
    }
}

#[tokio::test]
async fn a_deletion_hides_at_once_and_can_be_undone() {
    let mails = Mails::new();
    put_three(&mails);
    let mailbox = mails.builder().undo(LONG).open().unwrap();
    let deletion = mailbox.delete(&search("subject:two")).await.unwrap();
    assert_eq!(deletion.messages, 1);
    assert_eq!(subjects(&mailbox, "").await, ["three", "one"]);
    assert_eq!(subjects(&mailbox, "subject:two").await, [""; 0]);
    assert_eq!(list(&mailbox, "").await.total, 2);
    assert_eq!(mails.files("new").len(), 3);
    assert_eq!(mailbox.undo(deletion.number).await.unwrap(), 1);
    assert_eq!(mailbox.undo(deletion.number).await.unwrap(), 0);
    assert_eq!(subjects(&mailbox, "").await, ["three", "two", "one"]);
}

#[tokio::test]
async fn what_comes_after_a_moment_is_not_meant() {
    let mails = Mails::new();
    mails.put("new", &message("a@x.test", "b@x.test", "one", "word"));
    let mailbox = mails.open();
    let seen = ids(&mailbox).await[0];
    mails.put("new", &message("a@x.test", "b@x.test", "two", "word"));
    for text in ["", "word"] {
        let search = search(text).until(seen);
        assert_eq!(mailbox.mark(&search, text.is_empty()).await.unwrap(), u64::from(!text.is_empty()));
    }
    assert_eq!(subjects(&mailbox, "is:unread").await, ["two"]);
    assert_eq!(mailbox.delete(&Search::all().until(seen)).await.unwrap().messages, 1);
    assert_eq!(subjects(&mailbox, "").await, ["two"]);
    assert!(Id::now() > ids(&mailbox).await[0]);
}

#[tokio::test]
async fn files_are_removed_when_it_is_too_late_to_undo() {
    let mails = Mails::new();
    put_three(&mails);
    let mailbox = mails.builder().undo(Duration::ZERO).open().unwrap();
    let deletion = mailbox.delete(&search("-subject:one")).await.unwrap();
    assert_eq!(deletion.messages, 2);
    while mails.files("new").len() > 1 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(mailbox.undo(deletion.number).await.unwrap(), 0);
    assert_eq!(subjects(&mailbox, "").await, ["one"]);
}

#[tokio::test]
async fn closing_removes_what_was_deleted() {
    let mails = Mails::new();
    put_three(&mails);
    let mailbox = mails.builder().undo(LONG).open().unwrap();
    mailbox.delete(&search("subject:one")).await.unwrap();
    mailbox.delete(&Search::all()).await.unwrap();
    mailbox.close();
    assert!(mails.files("new").is_empty());
    assert!(mailbox.list(&Search::all(), None, 1).await.unwrap_err().to_string().contains("stopping"));
}

#[tokio::test]
async fn what_a_reader_moves_meanwhile_is_deleted_all_the_same() {
    let mails = Mails::new();
    let name = mails.put("new", &message("a@x.test", "b@x.test", "one", ""));
    let mailbox = mails.builder().undo(LONG).open().unwrap();
    mailbox.delete(&Search::all()).await.unwrap();
    fs::rename(mails.path().join("new").join(&name), mails.path().join("cur").join(name + ":2,RS")).unwrap();
    mailbox.close();
    assert!(mails.files("cur").is_empty());
}

#[tokio::test]
async fn a_deletion_is_forgotten_by_a_crash() {
    let mails = Mails::new();
    put_three(&mails);
    let mailbox = mails.builder().undo(LONG).open().unwrap();
    mailbox.delete(&Search::all()).await.unwrap();
    // A second process sees what the next one would see.
    assert_eq!(list(&mails.open(), "").await.total, 3);
}
