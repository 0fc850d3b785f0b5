//! Directories that are missing, in the way, or gone.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::common::{Post, begin, eventually, files};
use mailchute::testing::Client;
use mailchute_stores::Maildir;

async fn deliver(client: &mut Client) -> u16 {
    begin(client, &["bob@example.com"]).await;
    client.command("Subject: hello\r\n\r\nHello Bob\r\n.").await.code()
}

#[test]
fn missing_directories_are_made_and_those_that_exist_are_used() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a/b/mail");
    for _ in 0..2 {
        let maildir = Maildir::open(&path).unwrap();
        assert_eq!(maildir.path(), path);
        for name in ["tmp", "new", "cur"] {
            assert_eq!(files(&path.join(name)).len(), 0, "{name}");
        }
    }
    fs::remove_dir(path.join("cur")).unwrap();
    Maildir::open(&path).unwrap();
    assert!(path.join("cur").is_dir());
}

#[test]
fn an_error_names_the_path_and_what_is_wrong_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let expect = |path: &Path, culprit: &Path, reason: &str| {
        let text = Maildir::open(path).unwrap_err().to_string();
        assert!(text.contains(culprit.to_str().unwrap()) && text.contains(reason), "{text}");
    };
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    expect(&file, &file, "exists");
    expect(&file.join("mail"), &file, "exists");

    let mail = directory.path().join("mail");
    fs::create_dir(&mail).unwrap();
    fs::write(mail.join("new"), "").unwrap();
    expect(&mail, &mail.join("new"), "exists");

    let adrift = directory.path().join("adrift");
    std::os::unix::fs::symlink("nowhere", &adrift).unwrap();
    expect(&adrift, &adrift, "exists");
    expect(Path::new("/proc/mail"), Path::new("/proc/mail"), "No such file");
}

#[tokio::test]
async fn mail_is_put_off_while_new_is_gone_and_taken_when_it_is_back() {
    let post = Post::open();
    let mut client = post.client().await;
    fs::remove_dir(post.mail.new_dir()).unwrap();
    assert_eq!(deliver(&mut client).await, 451);
    assert_eq!(files(&post.mail.tmp_dir()).len(), 0);
    assert!(!post.mail.new_dir().exists(), "it may be under a mount point");

    fs::create_dir(post.mail.new_dir()).unwrap();
    assert_eq!(deliver(&mut client).await, 250);
    assert_eq!(post.mail.messages().len(), 1);
}

#[tokio::test]
async fn mail_is_put_off_while_a_file_stands_where_tmp_was() {
    let post = Post::open();
    let mut client = post.client().await;
    fs::remove_dir(post.mail.tmp_dir()).unwrap();
    fs::write(post.mail.tmp_dir(), "").unwrap();
    assert_eq!(deliver(&mut client).await, 451);
    assert_eq!(post.mail.messages().len(), 0);

    fs::remove_file(post.mail.tmp_dir()).unwrap();
    fs::create_dir(post.mail.tmp_dir()).unwrap();
    assert_eq!(deliver(&mut client).await, 250);
}

#[tokio::test]
async fn a_large_message_is_put_off_when_new_goes_while_it_comes_in() {
    let post = Post::open();
    let mut client = post.client().await;
    begin(&mut client, &["bob@example.com"]).await;
    client.send_bytes(format!("{}\r\n", "x".repeat(998)).repeat(1000).as_bytes()).await;
    eventually(|| files(&post.mail.tmp_dir()).len() == 1).await;
    fs::remove_dir(post.mail.new_dir()).unwrap();
    client.command(".").await.expect(451);
    assert_eq!(files(&post.mail.tmp_dir()).len(), 0);
}

#[tokio::test]
async fn what_the_client_is_told_of_a_failure_says_nothing_of_paths() {
    let post = Post::open();
    let mut client = post.client().await;
    fs::remove_dir(post.mail.new_dir()).unwrap();
    begin(&mut client, &["bob@example.com"]).await;
    let answer = client.command("Subject: hello\r\n\r\nHello Bob\r\n.").await.expect(451);
    assert!(answer.to_string().starts_with("451 4.3.0 ") && !answer.to_string().contains('/'), "{answer}");
}

/// Leaves a file in `tmp/` that was written some hours ago.
fn leave(tmp: &Path, name: &str, hours: u64) {
    let file = File::create(tmp.join(name)).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(hours * 3600)).unwrap();
}

fn left(tmp: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        files(tmp).iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

#[test]
fn opening_removes_leftovers_older_than_36_hours() {
    let directory = tempfile::tempdir().unwrap();
    let tmp = directory.path().join("tmp");
    Maildir::open(directory.path()).unwrap();
    leave(&tmp, "35-hours", 35);
    leave(&tmp, "37-hours", 37);
    leave(&tmp, "a-year", 365 * 24);
    File::create(tmp.join("tomorrow"))
        .unwrap()
        .set_modified(SystemTime::now() + Duration::from_secs(86_400))
        .unwrap();
    fs::create_dir(tmp.join("directory")).unwrap();
    leave(&directory.path().join("new"), "an-old-message", 37);
    Maildir::open(directory.path()).unwrap();
    assert_eq!(left(&tmp), ["35-hours", "directory", "tomorrow"]);
    assert_eq!(files(&directory.path().join("new")).len(), 1);
}

#[tokio::test]
async fn looks_for_leftovers_again_after_an_hour_of_deliveries() {
    let post = Post::open();
    let mut client = post.client().await;
    leave(&post.mail.tmp_dir(), "37-hours", 37);
    assert_eq!(deliver(&mut client).await, 250);
    assert_eq!(left(&post.mail.tmp_dir()), ["37-hours"]);

    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(3601)).await;
    tokio::time::resume();
    drop(client);
    assert_eq!(deliver(&mut post.client().await).await, 250);
    post.mail.expect_no_leftovers().await;

    leave(&post.mail.tmp_dir(), "38-hours", 38);
    for _ in 0..3 {
        assert_eq!(deliver(&mut post.client().await).await, 250);
    }
    assert_eq!(left(&post.mail.tmp_dir()), ["38-hours"]);
}
