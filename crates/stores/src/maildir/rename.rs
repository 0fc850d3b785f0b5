//! Renames that never replace a file, and count if they were done whatever they report.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::shown::remove;

/// A file, whatever its name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    number: u64,
}

impl Identity {
    pub(super) fn of(file: &File) -> io::Result<Self> {
        file.metadata().map(|found| Self { device: found.dev(), number: found.ino() })
    }

    /// Returns whether a path leads to this file, and not to a link to it.
    fn is_at(self, path: &Path) -> bool {
        fs::symlink_metadata(path).is_ok_and(|found| (found.dev(), found.ino()) == (self.device, self.number))
    }
}

/// Renames a file, and never replaces another.
pub(super) fn rename(file: Identity, from: &Path, to: &Path) -> io::Result<()> {
    put(rename_exclusively, file, from, to)
}

/// Renames a file. If the rename reports a failure, checks whether it was done all the same.
///
/// A network file system tries again when a reply is lost. Then `link` finds that the target exists (EEXIST),
/// and `rename` that the source is gone (ENOENT). If that counted as a failure, the message would stay and
/// the client would send it again.
fn put(
    rename: impl FnOnce(&Path, &Path) -> io::Result<()>,
    file: Identity,
    from: &Path,
    to: &Path,
) -> io::Result<()> {
    match rename(from, to) {
        Err(_) if file.is_at(to) => {
            // If it was linked, both names exist.
            remove(from);
            Ok(())
        }
        outcome => outcome,
    }
}

/// Renames a file in one step, and never replaces another.
///
/// The classic way is a second link and the removal of the first. It leaves the message under both names if
/// the process is killed between the two. It is used on file systems without exclusive rename (NFS).
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn rename_exclusively(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;

    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => link_and_remove(from, to),
        outcome => Ok(outcome?),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
use link_and_remove as rename_exclusively;

fn link_and_remove(from: &Path, to: &Path) -> io::Result<()> {
    fs::hard_link(from, to)?;
    remove(from);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_never_takes_the_place_of_another() {
        let directory = tempfile::tempdir().unwrap();
        for rename in [rename_exclusively, link_and_remove] {
            let (from, to) = (directory.path().join("from"), directory.path().join("to"));
            fs::write(&from, "one").unwrap();
            rename(&from, &to).unwrap();
            assert!(!from.exists());
            fs::write(&from, "another").unwrap();
            assert_eq!(rename(&from, &to).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(fs::read(&to).unwrap(), b"one");
            fs::remove_file(to).unwrap();
        }
    }

    /// A step that is done although an error is returned.
    type Step = fn(&Path, &Path) -> io::Result<()>;

    fn as_if_failed(done: Step, kind: io::ErrorKind) -> impl Fn(&Path, &Path) -> io::Result<()> {
        move |from, to| done(from, to).and(Err(kind.into()))
    }

    #[test]
    fn a_rename_that_was_done_counts_whatever_it_says() {
        use io::ErrorKind::{AlreadyExists, NotFound, Other, TimedOut};
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (directory.path().join("from"), directory.path().join("to"));
        let (link, rename): (Step, Step) =
            (|from, to| fs::hard_link(from, to), |from, to| fs::rename(from, to));
        for (done, kind) in [
            (link, AlreadyExists),
            (link, TimedOut),
            (rename, NotFound),
            (rename, AlreadyExists),
            (rename, Other),
        ] {
            fs::write(&from, "one").unwrap();
            let file = Identity::of(&File::open(&from).unwrap()).unwrap();
            put(as_if_failed(done, kind), file, &from, &to).unwrap();
            assert_eq!(fs::read(&to).unwrap(), b"one");
            assert!(!from.exists(), "{kind}");
            fs::remove_file(&to).unwrap();
        }
    }

    #[test]
    fn a_rename_that_was_not_done_fails_as_it_says() {
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (directory.path().join("from"), directory.path().join("to"));
        fs::write(&from, "one").unwrap();
        let file = Identity::of(&File::open(&from).unwrap()).unwrap();
        let expect = |kind: io::ErrorKind| {
            let failed = put(as_if_failed(|_, _| Ok(()), kind), file, &from, &to);
            assert_eq!(failed.unwrap_err().kind(), kind);
            assert!(from.exists());
        };
        expect(io::ErrorKind::TimedOut);
        fs::write(&to, "another").unwrap();
        expect(io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&to).unwrap(), b"another");
        // The same content is not the same file, and a link to the file is not the file.
        fs::write(&to, "one").unwrap();
        expect(io::ErrorKind::AlreadyExists);
        fs::remove_file(&to).unwrap();
        std::os::unix::fs::symlink(&from, &to).unwrap();
        expect(io::ErrorKind::AlreadyExists);
    }
}
