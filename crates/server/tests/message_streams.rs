//! Messages read as streams, saved to files, and split into copies.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use mailchute::{Message, Receipt, Refusal, Session, Store, testing};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::support::mailboxes::deliver_to;
use crate::support::{CONTENT, Seen, StoreBy as _, build, builder, deliver, hello, in_data};

/// A message is `Send` and `Sync`, however much of it has been read.
const _: () = {
    const fn is_shareable<T: AsyncRead + Send + Sync + Unpin>() {}
    is_shareable::<Message>();
};

#[tokio::test(start_paused = true)]
async fn a_message_is_read_as_bytes_and_then_by_chunks() {
    for buffer in [1, 3, 7, 1_000] {
        let seen = Seen::<Vec<u8>>::default();
        let note = seen.clone();
        let server = build(builder().store_by(move |mut message: Message, _session| {
            let note = note.clone();
            async move {
                message.add_above_trace("X", "y")?;
                let mut whole = vec![0; buffer.min(4)];
                message.read_exact(&mut whole).await?;
                // An abandoned read loses nothing.
                let more = &mut [0; 1_000];
                if let Ok(read) = tokio::time::timeout(Duration::from_millis(1), message.read(more)).await {
                    whole.extend_from_slice(&more[..read?]);
                }
                if let Some(chunk) = message.chunk().await? {
                    whole.extend_from_slice(&chunk);
                }
                let mut piece = vec![0; buffer];
                loop {
                    let read = message.read(&mut piece).await?;
                    whole.extend_from_slice(&piece[..read]);
                    if read == 0 {
                        break;
                    }
                }
                assert_eq!(message.read(&mut piece).await?, 0);
                assert!(message.chunk().await?.is_none());
                note.push(whole);
                Ok(())
            }
        }));
        let mut client = in_data(&server).await;
        for line in CONTENT.split_inclusive(|byte| *byte == b'\n') {
            client.send_bytes(line).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        client.command(".").await.expect(250);
        assert_eq!(seen.all(), [[b"X: y\r\n", CONTENT].concat()], "in pieces of {buffer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_of_a_cut_off_message_fails() {
    let seen = Seen::<std::io::ErrorKind>::default();
    let note = seen.clone();
    let server = build(builder().store_by(move |mut message: Message, _session| {
        let note = note.clone();
        async move {
            let mut whole = Vec::new();
            note.push(
                message.read_to_end(&mut whole).await.map_or_else(|error| error.kind(), |_| unreachable!()),
            );
            Ok(())
        }
    }));
    let mut client = in_data(&server).await;
    client.send_bytes(b"bare\nfeed\r\n.\r\n").await;
    client.read_reply().await.expect(550);
    assert!(seen.all().iter().all(|kind| *kind == std::io::ErrorKind::UnexpectedEof), "{seen:?}");
}

/// Saves each message in a directory and lists its files meanwhile.
struct Folder {
    path: std::path::PathBuf,
    keeps: bool,
    meanwhile: Seen<(usize, u64)>,
}

fn files(directory: &Path) -> Vec<String> {
    let files = std::fs::read_dir(directory).expect("the directory");
    files.map(|file| file.expect("a file").file_name().into_string().expect("a name in UTF-8")).collect()
}

impl Store for Folder {
    async fn store(&self, mut message: Message, _session: &Session) -> Result<Receipt, Refusal> {
        let saved = message.save_to(self.path.join("message")).await?;
        assert_eq!(std::fs::read(saved.path())?, CONTENT);
        assert_eq!(std::fs::metadata(saved.path())?.permissions().mode() & 0o777, 0o600);
        self.meanwhile.push((files(&self.path).len(), saved.size()));
        if self.keeps {
            saved.keep().await?;
        }
        Ok(Receipt::new("Done"))
    }
}

#[tokio::test]
async fn a_saved_message_is_kept_or_removed() {
    for keeps in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let meanwhile = Seen::default();
        let store = Folder { path: directory.path().into(), keeps, meanwhile: meanwhile.clone() };
        let server = build(builder().store(store));
        let mut client = hello(&server).await;
        deliver(&mut client).await.expect(250);
        assert_eq!(meanwhile.all(), [(1, CONTENT.len() as u64)]);
        assert_eq!(files(directory.path()), if keeps { vec!["message"] } else { vec![] });
        // An existing file of this name is not overwritten.
        deliver(&mut client).await.expect(if keeps { 451 } else { 250 });
        assert_eq!(files(directory.path()).len(), usize::from(keeps));
    }
}

#[tokio::test]
async fn a_message_that_is_cut_off_leaves_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let store = Folder { path: directory.path().into(), keeps: true, meanwhile: Seen::default() };
    let server = build(builder().store(store));
    let mut client = in_data(&server).await;
    client.send_bytes(&b"x\r\n".repeat(200_000)).await;
    client.close().await;
    assert!(client.try_read_reply().await.is_none());
    drop(server);
    // The thread that writes may not have finished.
    while !files(directory.path()).is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_message_in_a_missing_directory_answers_451() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("gone");
    let server = build(builder().store(Folder { path, keeps: true, meanwhile: Seen::default() }));
    let mut client = hello(&server).await;
    crate::support::envelope(&mut client).await;
    client.command("DATA").await.expect(451);
}

/// Keeps a copy for each of these groups of recipients.
struct Copier(&'static [&'static [usize]], Seen<String>);

impl Store for Copier {
    async fn store(&self, message: Message, _session: &Session) -> Result<Receipt, Refusal> {
        let mut copies = message.for_places(self.0).await?;
        let mut written: Vec<_> = copies.tops().iter().map(|top| top.to_vec()).collect();
        while let Some(chunk) = copies.chunk().await? {
            written.iter_mut().for_each(|copy| copy.extend_from_slice(&chunk));
        }
        for copy in written {
            let copy = String::from_utf8_lossy(&copy).into_owned();
            let (above, received) = copy.split_once("Received: ").expect("there is such a field");
            let (received, below) = received.split_once(" +0000\r\n").expect("there is a date");
            let named = received.split_once("for <").map_or("", |(_, rest)| &rest[..1]);
            self.1.push(format!("{above}Received {named}\r\n{below}").replace("@example.com", ""));
        }
        Ok(Receipt::new("Done"))
    }
}

#[tokio::test(start_paused = true)]
async fn each_copy_names_its_recipients_and_content_cannot_add_any() {
    const GROUPS: &[&[usize]] = &[&[0], &[2, 1, 2], &[], &[9]];
    let tops = [
        "Delivered-To: a\r\nX: y\r\nReceived a\r\n",
        "Delivered-To: c\r\nDelivered-To: b\r\nX: y\r\nReceived \r\n",
        "X: y\r\nReceived \r\n",
        "X: y\r\nReceived \r\n",
    ];
    for (content, plain, rewritten) in [
        ("S: x\r\n\r\nb\r\n", "S: x\r\n\r\nb\r\n", "Z: w\r\n\r\nb\r\n"),
        (" x\r\n", "\r\n x\r\n", "Z: w\r\n\r\n x\r\n"),
        ("From a\r\nS: x\r\n", "X-Mailbox-Line: From a\r\nS: x\r\n", "Z: w\r\nX-Mailbox-Line: From a\r\n"),
        ("", "", "Z: w\r\n"),
    ] {
        for (rewrites, expected) in [(false, plain), (true, rewritten)] {
            let seen = Seen::default();
            let server = builder().on_message(move |mut message: Message, _session| async move {
                message.add_above_trace("X", "y")?;
                if rewrites {
                    message.remove_fields(|name, _| name == "S");
                    // The field does not exist, so it is added below the trace fields, once the header is known.
                    message.replace_field("Z", 0, "w")?;
                }
                Ok(message)
            });
            let server = build(server.store(Copier(GROUPS, seen.clone())));
            let mut client = hello(&server).await;
            client.command("MAIL FROM:<>").await.expect(250);
            for name in ["a", "b", "c"] {
                client.command(&format!("RCPT TO:<{name}@example.com>")).await.expect(250);
            }
            client.command("DATA").await.expect(354);
            client.command(&format!("{content}.")).await.expect(250);
            let expected: Vec<_> =
                tops.iter().map(|top| format!("Return-Path: <>\r\n{top}{expected}")).collect();
            assert_eq!(seen.all(), expected, "{content:?}");
        }
    }
}

/// Writes a copy for each recipient, and finds in the middle that the second has no room, nor one at place 9.
async fn copy_until_full(message: Message) -> Result<(), Refusal> {
    let places: Vec<_> = (0..message.envelope().recipients.len()).map(|place| [place]).collect();
    let mut copies = message.for_places(&places).await?;
    let full = || Refusal::new(452, (4, 2, 2), "Mailbox full");
    while copies.chunk().await?.is_some() {
        copies.refuse(1, full());
        copies.refuse(9, full());
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_copy_is_refused_while_the_others_are_written() {
    let server = build(builder().store_by(|message, _session| copy_until_full(message)));
    let to = ["a@example.com", "b@example.com", "c@example.com"];
    let mut client = testing::connect(&server).lmtp().open();
    let replies: Vec<_> =
        deliver_to(&mut client, "LHLO", &to).await.iter().map(testing::Reply::code).collect();
    assert_eq!(replies, [250, 452, 250, 221]);
    let mut client = testing::connect(&server).open();
    let replies: Vec<_> =
        deliver_to(&mut client, "EHLO", &to).await.iter().map(testing::Reply::code).collect();
    assert_eq!(replies, [452, 221], "SMTP has one reply");
}

#[tokio::test(start_paused = true)]
async fn a_copy_for_an_added_recipient_refuses_all_if_it_is_refused() {
    let server = builder().on_message(|mut message: Message, _session| async move {
        message.redirect(0, ["d@example.com".parse().expect("it is an address")]);
        message.add_recipient("archive@example.com".parse().expect("it is an address"));
        Ok(message)
    });
    // Place 1 is now the archive, which the client does not know.
    let server = build(server.store_by(|message, _session| copy_until_full(message)));
    let mut client = testing::connect(&server).lmtp().open();
    let replies = deliver_to(&mut client, "LHLO", &["a@example.com"]).await;
    assert_eq!(replies[0].code(), 452);
}

#[tokio::test(start_paused = true)]
async fn trace_fields_for_one_recipient_name_nobody_else() {
    let seen = Seen::<String>::default();
    let note = seen.clone();
    let server = build(builder().store_by(move |mut message: Message, _session| {
        let note = note.clone();
        async move {
            message.prepend_trace_fields_for(&[1]);
            note.push(String::from_utf8_lossy(&message.bytes().await?).into_owned());
            Ok(())
        }
    }));
    let mut client = hello(&server).await;
    crate::support::envelope(&mut client).await;
    client.command("RCPT TO:<carol@example.com>").await.expect(250);
    client.command("DATA").await.expect(354);
    client.command(crate::support::MESSAGE).await.expect(250);
    let whole = seen.all().concat();
    assert!(
        whole.contains("Delivered-To: carol@example.com\r\n") && whole.contains("for <carol@example.com>")
    );
    assert!(!whole.contains("bob@"), "{whole}");
}

#[tokio::test(start_paused = true)]
async fn a_relay_reads_the_same_bytes_below_its_top_each_time() {
    let seen = Seen::<String>::default();
    let note = seen.clone();
    let server = builder().on_message(|mut message: Message, _session| async move {
        message.add_above_trace("X-Seen", &message.new_message_id())?;
        Ok(message)
    });
    let server = build(server.store_by(move |mut message: Message, _session| {
        let note = note.clone();
        async move {
            let mut copies = message.for_relay().await?;
            let [top] = copies.tops() else { panic!("one top") };
            let top = String::from_utf8_lossy(top).into_owned();
            assert!(top.starts_with("X-Seen: <") && top.contains("\r\nReceived: from "), "{top}");
            assert!(!top.contains("Return-Path") && !top.contains("Delivered-To"), "{top}");
            let mut content = Vec::new();
            while let Some(chunk) = copies.chunk().await? {
                content.extend_from_slice(&chunk);
            }
            note.push(String::from_utf8_lossy(&content).into_owned());
            message.refuse(0, Refusal::new(452, (4, 2, 2), "Mailbox full"));
            Ok(())
        }
    }));
    let mut client = hello(&server).await;
    for _ in 0..2 {
        crate::support::envelope(&mut client).await;
        client.command("DATA").await.expect(354);
        client.command("Subject: x\r\n\r\nHello\r\n.").await.expect(452);
    }
    assert_eq!(seen.all(), ["Subject: x\r\n\r\nHello\r\n"; 2]);
}
