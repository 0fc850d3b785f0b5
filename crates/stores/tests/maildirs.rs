//! A Maildir for each user: who gets which bytes, and what is left when one of several copies fails.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{begin, client, eventually, files};
use mailchute::testing::{self, Client};
use mailchute::{Message, Recipient, Server, Session, Verdict};
use mailchute_stores::{Destination, Destinations, Maildirs, MaildirsBuilder, Template, from_url};
use tempfile::TempDir;

mod crash;
mod many;
mod queued;
mod quota;

/// Maildirs in a directory of their own. `sales@example.com` stands for Bob and Eve.
pub(crate) struct Users {
    pub(crate) server: Server,
    pub(crate) store: Maildirs,
    pub(crate) root: TempDir,
}

impl Users {
    pub(crate) fn open() -> Self {
        Self::with(|options| options)
    }

    /// With other options of the store.
    pub(crate) fn with(options: impl FnOnce(MaildirsBuilder) -> MaildirsBuilder) -> Self {
        let root = tempfile::tempdir().unwrap();
        let template = format!("{}/{{domain}}/{{user}}", root.path().display());
        let builder = Maildirs::builder(Template::parse(&template).unwrap()).unwrap();
        let store = options(builder).open().unwrap();
        let aliases = |to: Recipient, _session: Session| async move {
            if to.as_str() == "sales@example.com" {
                let members = ["bob@example.com", "Eve@example.com"];
                let members =
                    members.map(|member| Destination::new(&member.parse().unwrap(), Some('+'))).to_vec();
                to.state().insert(Destinations::new(members));
            } else if let Some(mailbox) = to.mailbox() {
                to.state().insert(Destinations::new(vec![Destination::new(mailbox, Some('+'))]));
            }
            Ok(Verdict::Accept)
        };
        let filter = |mut message: Message, _session| async move {
            if message.header().await?.get("Subject").is_some_and(|subject| subject == "spam") {
                message.file_into("Junk")?;
            }
            Ok(message)
        };
        let builder = Server::builder().hostname("mx.example.com").on_rcpt_to(aliases).on_message(filter);
        Self { server: builder.with(store.clone()).build().unwrap(), store, root }
    }

    pub(crate) fn maildir(&self, user: &str) -> PathBuf {
        self.root.path().join("example.com").join(user)
    }

    /// The messages of a user, without the line that has the time.
    pub(crate) fn messages(&self, user: &str) -> Vec<String> {
        let new = self.maildir(user).join("new");
        let texts = files(&new).into_iter().map(|path| fs::read_to_string(path).unwrap());
        texts
            .map(|text| text.lines().filter(|line| !line.starts_with('\t')).collect::<Vec<_>>().join("\n"))
            .collect()
    }

    /// All files in Maildirs.
    pub(crate) fn all_files(&self) -> Vec<PathBuf> {
        all_files(self.root.path())
    }

    pub(crate) async fn lmtp(&self) -> Client {
        let mut client = testing::connect(&self.server).lmtp().open();
        client.greeting().await.expect(220);
        client.command("LHLO client.example").await.expect(250);
        client
    }
}

pub(crate) fn all_files(directory: &Path) -> Vec<PathBuf> {
    let entries = files(directory).into_iter();
    entries.flat_map(|path| if path.is_dir() { all_files(&path) } else { vec![path] }).collect()
}

pub(crate) const HELLO: &str = "Subject: hello\r\n\r\nHello\r\n.";

/// The file that a reader finds, for this text in `Delivered-To:`.
fn kept(delivered_to: &str) -> String {
    format!(
        "Return-Path: <alice@client.example>\nDelivered-To: {delivered_to}\n\
         Received: from client.example ([10.0.0.1])\nSubject: hello\n\nHello"
    )
}

#[tokio::test]
async fn each_user_has_a_copy_that_names_nobody_else() {
    let users = Users::open();
    let mut client = client(&users.server, 1).await;
    begin(&mut client, &["Bob@Example.com", "carol+x@example.com"]).await;
    client.command(HELLO).await.expect(250);
    assert_eq!(users.messages("bob"), [kept("Bob@Example.com")]);
    assert_eq!(users.messages("carol"), [kept("carol+x@example.com")]);
    for text in users.all_files().iter().map(|path| fs::read_to_string(path).unwrap()) {
        assert!(!(text.contains("ob@") && text.contains("carol")), "{text}");
    }
}

#[tokio::test]
async fn an_alias_goes_to_its_members_and_to_each_once() {
    let users = Users::open();
    let mut client = client(&users.server, 1).await;
    begin(&mut client, &["sales@example.com", "bob+x@example.com", "eve@example.com"]).await;
    client.command(HELLO).await.expect(250);
    assert_eq!(users.messages("bob"), [kept("bob@example.com\nDelivered-To: bob+x@example.com")]);
    assert_eq!(users.messages("eve"), [kept("Eve@example.com")]);
    assert_eq!(users.all_files().len(), 2);
}

#[tokio::test]
async fn a_name_in_a_file_says_the_size_of_this_copy() {
    let users = Users::open();
    let mut client = client(&users.server, 1).await;
    begin(&mut client, &["bob@example.com", "a-longer-name@example.com"]).await;
    client.command(HELLO).await.expect(250);
    for path in users.all_files() {
        let size = format!(",S={}", fs::metadata(&path).unwrap().len());
        assert!(path.to_str().unwrap().ends_with(&size), "{path:?}");
    }
}

#[tokio::test]
async fn copies_of_large_messages_are_whole() {
    let users = Users::open();
    let mut client = client(&users.server, 1).await;
    for bare in ["", "a bare \r CR"] {
        client.command("MAIL FROM:<> BODY=BINARYMIME").await.expect(250);
        for to in ["bob", "carol"] {
            client.command(&format!("RCPT TO:<{to}@example.com>")).await.expect(250);
        }
        let content =
            format!("Subject: large\r\n\r\n{}{bare}", format!("{}\r\n", "x".repeat(998)).repeat(1000));
        client.send_bytes(format!("BDAT {} LAST\r\n{content}", content.len()).as_bytes()).await;
        client.read_reply().await.expect(250);
        for path in users.all_files() {
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.ends_with(&content) && text.starts_with("Return-Path: <>\r\nDelivered-To: "));
            fs::remove_file(path).unwrap();
        }
    }
    begin(&mut client, &["bob@example.com", "carol@example.com"]).await;
    let content = format!("Subject: large\n\n{}", format!("{}\n", "x".repeat(998)).repeat(1000));
    client.send_bytes(content.replace('\n', "\r\n").as_bytes()).await;
    client.command(".").await.expect(250);
    let copies = users.all_files();
    assert_eq!(copies.len(), 2);
    for path in copies {
        assert!(fs::read_to_string(path).unwrap().ends_with(&content));
    }
}

#[tokio::test]
async fn mail_for_junk_goes_to_that_of_each_user() {
    let users = Users::open();
    let mut client = client(&users.server, 1).await;
    begin(&mut client, &["bob@example.com", "carol@example.com"]).await;
    client.command("Subject: spam\r\n\r\nBuy\r\n.").await.expect(250);
    for user in ["bob", "carol"] {
        assert!(users.messages(user).is_empty());
        assert_eq!(files(&users.maildir(user).join(".Junk/new")).len(), 1);
        // Also after the whole Maildir went.
        fs::remove_dir_all(users.maildir(user)).unwrap();
    }
    begin(&mut client, &["bob@example.com", "carol@example.com"]).await;
    client.command("Subject: spam\r\n\r\nBuy\r\n.").await.expect(250);
    assert_eq!(files(&users.maildir("bob").join(".Junk/new")).len(), 1);
}

/// Makes a Maildir in which nothing can be delivered.
fn break_new(maildir: &Path) {
    fs::create_dir_all(maildir.join("tmp")).unwrap();
    fs::write(maildir.join("new"), "").unwrap();
}

#[tokio::test]
async fn in_smtp_one_failure_leaves_nothing_for_the_others() {
    let users = Users::open();
    let mut client = client(&users.server, 1).await;
    // Found at the end: the Maildir is open already.
    begin(&mut client, &["bob@example.com", "carol@example.com", "dan@example.com"]).await;
    client.command(HELLO).await.expect(250);
    for user in ["bob", "carol", "dan"] {
        fs::remove_dir_all(users.maildir(user).join("new")).unwrap();
        fs::create_dir(users.maildir(user).join("new")).unwrap();
    }
    fs::remove_dir(users.maildir("carol").join("new")).unwrap();
    fs::write(users.maildir("carol").join("new"), "").unwrap();
    begin(&mut client, &["bob@example.com", "carol@example.com", "dan@example.com"]).await;
    client.command(HELLO).await.expect(451);
    assert_eq!(users.all_files(), [users.maildir("carol").join("new")]);

    // Found at the beginning.
    break_new(&users.maildir("frank"));
    begin(&mut client, &["bob@example.com", "frank@example.com"]).await;
    client.command(HELLO).await.expect(451);
    assert_eq!(users.all_files().len(), 2);
}

#[tokio::test]
async fn in_lmtp_each_recipient_has_its_own_reply() {
    let users = Users::open();
    break_new(&users.maildir("carol"));
    for _ in 0..2 {
        let mut client = users.lmtp().await;
        begin(&mut client, &["bob@example.com", "carol@example.com", "dan@example.com"]).await;
        client.command(HELLO).await.expect(250);
        client.read_reply().await.expect(451);
        client.read_reply().await.expect(250);
    }
    assert_eq!((users.messages("bob").len(), users.messages("dan").len()), (2, 2));

    // A failure at the end.
    fs::remove_dir_all(users.maildir("dan").join("new")).unwrap();
    fs::write(users.maildir("dan").join("new"), "").unwrap();
    let mut client = users.lmtp().await;
    begin(&mut client, &["dan@example.com", "bob@example.com", "sales@example.com"]).await;
    client.command(HELLO).await.expect(451);
    client.read_reply().await.expect(250);
    client.read_reply().await.expect(250);
    assert_eq!(users.messages("bob").len(), 3);
    begin(&mut client, &["dan@example.com"]).await;
    client.command(HELLO).await.expect(451);
}

#[tokio::test]
async fn an_alias_is_refused_with_one_of_its_members() {
    let users = Users::open();
    break_new(&users.maildir("eve"));
    let mut client = users.lmtp().await;
    begin(&mut client, &["sales@example.com", "bob@example.com"]).await;
    client.command(HELLO).await.expect(451);
    client.read_reply().await.expect(250);
    assert_eq!(users.messages("bob").len(), 1);
}

#[tokio::test]
async fn nothing_is_written_where_the_disk_is_gone() {
    let users = Users::open();
    let mut client = client(&users.server, 1).await;
    begin(&mut client, &["bob@example.com"]).await;
    client.command(HELLO).await.expect(250);
    // So looks the mount point of a disk that is gone.
    for path in files(users.root.path()) {
        fs::remove_dir_all(path).unwrap();
    }
    for user in ["bob", "carol"] {
        client.command("MAIL FROM:<>").await.expect(250);
        client.command(&format!("RCPT TO:<{user}@example.com>")).await.expect(250);
        if client.command("DATA").await.code() == 354 {
            client.command(HELLO).await.expect(451);
        } else {
            client.command("RSET").await.expect(250);
        }
    }
    assert!(files(users.root.path()).is_empty());
}

#[tokio::test]
async fn a_client_that_goes_leaves_nothing_in_any_maildir() {
    let users = Users::open();
    let mut client = client(&users.server, 1).await;
    begin(&mut client, &["bob@example.com", "carol@example.com"]).await;
    client.send_bytes(format!("{}\r\n", "x".repeat(998)).repeat(1000).as_bytes()).await;
    // The file that is open has no name.
    let spools = || {
        let root = users.root.path();
        let open = files(Path::new("/proc/self/fd")).into_iter().filter_map(|file| fs::read_link(file).ok());
        open.filter(|path| path.starts_with(root)).count()
    };
    eventually(|| spools() == 1).await;
    assert!(users.all_files().is_empty());
    drop(client);
    eventually(|| spools() == 0).await;
    assert!(users.all_files().is_empty());
}

#[tokio::test]
async fn a_closed_store_takes_no_mail() {
    let users = Users::open();
    let mut client = client(&users.server, 1).await;
    begin(&mut client, &["bob@example.com", "carol@example.com"]).await;
    users.store.close();
    client.command(HELLO).await.expect(451);
    assert!(users.all_files().is_empty());
}

#[tokio::test]
async fn directories_follow_the_mode_of_the_one_that_all_share() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    for (root_mode, options, directory, file) in
        [(0o755, "", 0o700, 0o600), (0o770, "", 0o770, 0o660), (0o755, "?mode=0640", 0o750, 0o640)]
    {
        let root = tempfile::tempdir().unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(root_mode)).unwrap();
        let url = format!("maildir:{}/{{domain}}/{{user}}{options}", root.path().display());
        let store = from_url(&url).unwrap();
        assert_eq!(store.to_string(), url);
        let server = Server::builder().store(store).build().unwrap();
        let mut client = client(&server, 1).await;
        begin(&mut client, &["bob@example.com"]).await;
        client.command(HELLO).await.expect(250);
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        for path in ["example.com", "example.com/bob", "example.com/bob/new", "example.com/bob/cur"] {
            assert_eq!(mode(&root.path().join(path)), directory, "{path}");
        }
        assert_eq!(mode(&all_files(root.path())[0]), file);
        assert_eq!(mode(&root.path().join(".mailchute")), 0o700);
    }
}
