//! Modes and groups of what is made, whatever the umask.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;

use crate::common::{Mail, begin, client};
use mailchute::Server;
use mailchute_stores::{Maildir, MaildirBuilder};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Opens the Maildir and delivers a message; the modes of the file and of `new/`.
async fn made(builder: MaildirBuilder) -> (u32, u32) {
    let maildir = builder.open().unwrap();
    let mail = Mail(maildir.path().to_owned());
    let server = Server::builder().store(maildir).build().unwrap();
    let mut client = client(&server, 1).await;
    begin(&mut client, &["bob@example.com"]).await;
    client.command("Subject: hello\r\n\r\nHello Bob\r\n.").await.expect(250);
    let messages = mail.messages();
    assert_eq!(messages.len(), 1);
    (mode(&messages[0]), mode(&mail.new_dir()))
}

#[tokio::test]
async fn files_follow_the_mode_of_an_existing_directory() {
    for (root, file, directory) in [
        (0o700, 0o600, 0o700),
        (0o770, 0o660, 0o770),
        (0o2770, 0o660, 0o2770),
        (0o750, 0o640, 0o750),
        (0o775, 0o660, 0o770),
        (0o3771, 0o660, 0o2770),
        // The group may do what everybody may: nothing was meant for it.
        (0o755, 0o600, 0o700),
        (0o777, 0o600, 0o700),
        (0o711, 0o600, 0o700),
        (0o707, 0o600, 0o700),
        (0o2755, 0o600, 0o2700),
    ] {
        let root_directory = tempfile::tempdir().unwrap();
        let path = root_directory.path().join("mail");
        fs::create_dir(&path).unwrap();
        set_mode(&path, root);
        let (made_file, made_directory) = made(Maildir::builder(&path)).await;
        assert_eq!((made_file, made_directory), (file, directory), "in {root:o}");
        for name in ["tmp", "cur"] {
            assert_eq!(mode(&path.join(name)), directory, "{name} in {root:o}");
        }
        assert_eq!(mode(&path), root, "what was there keeps its mode");
    }
}

#[tokio::test]
async fn directories_that_exist_keep_their_modes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mail");
    drop(Maildir::open(&path).unwrap());
    set_mode(&path, 0o2770);
    assert_eq!(made(Maildir::builder(&path)).await, (0o660, 0o700));
}

#[tokio::test]
async fn a_mode_that_was_asked_for_goes_before_that_of_the_directory() {
    for existing in [None, Some(0o700), Some(0o777), Some(0o2750)] {
        for (asked, directory) in [(0o600, 0o700), (0o660, 0o770), (0o640, 0o750), (0o644, 0o755)] {
            let root = tempfile::tempdir().unwrap();
            let path = root.path().join("above/mail");
            if let Some(mode) = existing {
                fs::create_dir_all(&path).unwrap();
                set_mode(&path, mode);
            }
            // The kernel hands the set-group-ID bit down.
            let handed_down = existing.unwrap_or(0) & 0o2000;
            let modes = made(Maildir::builder(&path).file_mode(asked)).await;
            assert_eq!(modes, (asked, directory | handed_down), "{asked:o} in {existing:?}");
            assert_eq!(mode(&path), existing.unwrap_or(directory));
        }
    }
}

#[test]
fn a_mode_that_keeps_the_owner_out_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    for mode in [0, 0o400, 0o200, 0o066, 0o700, 0o666 | 0o4000, 0o610, u32::MAX] {
        let path = directory.path().join("mail");
        let error = Maildir::builder(&path).file_mode(mode).open().unwrap_err();
        assert!(error.to_string().contains("such as 0660"), "{error}");
        assert!(!path.exists());
    }
}

#[tokio::test]
async fn files_have_the_group_of_the_directory() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("mail");
    fs::create_dir(&path).unwrap();
    // Root gives files to any group, others to those that they are members of.
    let own = fs::metadata(&path).unwrap().gid();
    let groups = rustix::process::getgroups().unwrap().into_iter().map(rustix::process::Gid::as_raw);
    let other = |group: &u32| *group != own && chown(&path, None, Some(*group)).is_ok();
    let Some(group) = [12_345].into_iter().chain(groups).find(other) else {
        eprintln!("SKIPPED: this user is a member of one group only, and so can give files to no other");
        return;
    };
    set_mode(&path, 0o770);
    assert_eq!(made(Maildir::builder(&path)).await, (0o660, 0o770));
    let made = [path.join("tmp"), path.join("new"), path.join("cur"), Mail(path).messages().remove(0)];
    for path in made {
        assert_eq!(fs::metadata(&path).unwrap().gid(), group, "{}", path.display());
    }
}
