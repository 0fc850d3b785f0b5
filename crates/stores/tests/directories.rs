//! Messages that a filter has edited, or put into a directory.

use std::fs;
use std::path::Path;

use mailchute::{Message, Server, testing};
use mailchute_stores::Maildir;

fn server(maildir: &Maildir) -> Server {
    let filter = |mut message: Message, _session| async move {
        let subject = message.header().await?.get("Subject").unwrap_or_default().into_owned();
        message.remove_fields(|name, _| name == "Subject");
        message.add_above_trace("X-Spam", "maybe")?;
        if !subject.is_empty() {
            message.file_into(&subject)?;
        }
        Ok(message)
    };
    Server::builder().hostname("mx.example.com").on_message(filter).store(maildir.clone()).build().unwrap()
}

async fn deliver(server: &Server, content: &str, code: u16) {
    let mut client = testing::connect(server).open();
    client.greeting().await.expect(220);
    for line in ["EHLO client.example", "MAIL FROM:<>", "RCPT TO:<bob@example.com>"] {
        client.command(line).await.expect(250);
    }
    client.command("DATA").await.expect(354);
    client.command(&format!("{content}.")).await.expect(code);
}

fn messages(directory: &Path) -> Vec<String> {
    let files = fs::read_dir(directory.join("new")).unwrap();
    files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}

#[tokio::test]
async fn a_message_goes_to_the_directory_that_a_filter_names() {
    let root = tempfile::tempdir().unwrap();
    let server = server(&Maildir::open(root.path()).unwrap());
    for (subject, directory) in
        [("", ""), ("Junk", ".Junk"), ("Lists/rust", ".Lists.rust"), ("Junk", ".Junk")]
    {
        deliver(&server, &format!("Subject: {subject}\r\n\r\nhello\r\n"), 250).await;
        for message in messages(&root.path().join(directory)) {
            let (above, below) = message.split_once("Received: ").unwrap();
            assert!(above.ends_with("Delivered-To: bob@example.com\nX-Spam: maybe\n"), "{message}");
            assert!(below.ends_with(" +0000\n\nhello\n"), "{message}");
        }
    }
    let count = |directory: &str| messages(&root.path().join(directory)).len();
    assert_eq!((count(""), count(".Junk"), count(".Lists.rust")), (1, 2, 1));
    assert!(root.path().join(".Junk/maildirfolder").is_file() && root.path().join(".Junk/cur").is_dir());
    // A name that could lead elsewhere is an error of the filter.
    deliver(&server, "Subject: ../x\r\n\r\n", 451).await;
}

#[tokio::test]
async fn no_directory_is_made_where_the_maildir_is_gone() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("mail");
    let server = server(&Maildir::open(&path).unwrap());
    fs::remove_dir_all(&path).unwrap();
    deliver(&server, "Subject: Junk\r\n\r\n", 451).await;
    assert!(!path.exists());
}

#[tokio::test]
async fn a_directory_that_a_reader_removes_is_made_again() {
    let root = tempfile::tempdir().unwrap();
    let server = server(&Maildir::open(root.path().join("mail")).unwrap());
    let junk = root.path().join("mail/.Junk");
    for _ in 0..2 {
        deliver(&server, "Subject: Junk\r\n\r\n", 250).await;
        assert_eq!(messages(&junk).len(), 1);
        assert!(junk.join("maildirfolder").is_file() && junk.join("cur").is_dir());
        fs::remove_dir_all(&junk).unwrap();
    }
    // The directory above it may be the mount point of a disk that is gone.
    fs::remove_dir_all(root.path().join("mail")).unwrap();
    deliver(&server, "Subject: Junk\r\n\r\n", 451).await;
    assert!(!root.path().join("mail").exists());
}

#[tokio::test]
async fn a_closed_maildir_takes_no_mail_for_a_directory() {
    let root = tempfile::tempdir().unwrap();
    let maildir = Maildir::open(root.path()).unwrap();
    let server = server(&maildir);
    deliver(&server, "Subject: Junk\r\n\r\n", 250).await;
    maildir.close();
    deliver(&server, "Subject: Junk\r\n\r\n", 451).await;
    deliver(&server, "Subject: Other\r\n\r\n", 451).await;
    assert_eq!(messages(&root.path().join(".Junk")).len(), 1);
}
