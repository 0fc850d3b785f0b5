//! The next opening after a crash between the renames of a message with several copies.

use std::fs;

use super::{HELLO, Users, all_files};
use crate::common::{begin, client, files};
use mailchute_stores::{Maildirs, Template};

/// Delivers to Bob and Carol, and returns the names of the two files below the root.
async fn two_copies(users: &Users) -> Vec<String> {
    let mut client = client(&users.server, 1).await;
    begin(&mut client, &["bob@example.com", "carol@example.com"]).await;
    client.command(HELLO).await.expect(250);
    let below =
        |path: &std::path::Path| path.strip_prefix(users.root.path()).unwrap().to_str().unwrap().to_owned();
    users.all_files().iter().map(|path| below(path)).collect()
}

fn open_again(users: &Users) {
    let template = format!("{}/{{domain}}/{{user}}", users.root.path().display());
    Maildirs::open(Template::parse(&template).unwrap()).unwrap();
}

#[tokio::test]
async fn what_a_note_names_is_taken_back_and_all_else_stays() {
    let users = Users::open();
    let answered = two_copies(&users).await;
    let all = two_copies(&users).await;
    let unanswered: Vec<_> = all.iter().filter(|path| !answered.contains(path)).collect();
    assert_eq!(unanswered.len(), 2);
    // As the process leaves it when it is killed after the first rename.
    fs::remove_file(users.root.path().join(unanswered[1])).unwrap();
    let note = users.root.path().join(".mailchute/1700000000.M5P12Q0.another.example");
    fs::write(&note, format!("{}\0{}\0", unanswered[0], unanswered[1])).unwrap();
    open_again(&users);
    let mut left = users.all_files();
    left.sort();
    let mut expected: Vec<_> = answered.iter().map(|path| users.root.path().join(path)).collect();
    expected.sort();
    assert_eq!(left, expected);
}

#[tokio::test]
async fn a_note_that_is_not_complete_takes_nothing_back() {
    let users = Users::open();
    let kept = two_copies(&users).await;
    let note = users.root.path().join(".mailchute/1700000000.M5P12Q0.mx");
    fs::write(&note, kept[0].as_bytes()).unwrap();
    open_again(&users);
    assert!(!note.exists());
    assert_eq!(users.all_files().len(), 2);
}

#[tokio::test]
async fn a_note_that_names_other_files_takes_nothing_back() {
    let users = Users::open();
    two_copies(&users).await;
    let outside = tempfile::tempdir().unwrap();
    fs::create_dir(outside.path().join("new")).unwrap();
    let victim = outside.path().join("new/message");
    fs::write(&victim, "").unwrap();
    let cur = users.maildir("bob").join("cur/read:2,S");
    fs::write(&cur, "").unwrap();
    let up = "../".repeat(20);
    let names = [
        victim.display().to_string(),
        format!("{up}{}", victim.display()),
        "example.com/bob/cur/read:2,S".to_owned(),
        "example.com/bob".to_owned(),
        String::new(),
    ];
    fs::write(users.root.path().join(".mailchute/x"), names.join("\0") + "\0").unwrap();
    open_again(&users);
    assert!(victim.exists() && cur.exists());
    assert_eq!(users.all_files().len(), 3);
}

#[tokio::test]
async fn a_note_of_a_message_under_way_is_left_alone() {
    let users = Users::open();
    let kept = two_copies(&users).await;
    let note = users.root.path().join(".mailchute/1700000000.M5P12Q0.mx");
    fs::write(&note, format!("{}\0{}\0", kept[0], kept[1])).unwrap();
    let under_way = fs::File::open(&note).unwrap();
    under_way.lock().unwrap();
    open_again(&users);
    assert!(note.exists());
    drop(under_way);
    open_again(&users);
    assert_eq!(all_files(users.root.path()).len(), 0);
}

#[tokio::test]
async fn no_note_is_left_after_an_answer() {
    let users = Users::open();
    for _ in 0..3 {
        two_copies(&users).await;
    }
    fs::write(users.maildir("bob").join("new/x"), "").unwrap();
    assert!(files(&users.root.path().join(".mailchute")).is_empty());
}
