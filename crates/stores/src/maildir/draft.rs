//! The file of a message: in `tmp/` while it is written, then in `new/`.
//!
//! # Why
//!
//! A delivery locks its file in `tmp/`. The lock ends with the process, however the process ends. So the next
//! process of the same host name knows at once which files were left. A process number would say little: in
//! containers all are the same.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, IoSlice};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::kept::Kept;
use super::name::Names;
use super::shown::remove;
use super::{Shared, line_ends, named};

/// How many names are tried. A name is taken only if another host has the same name, process ID and time.
const ATTEMPTS: usize = 16;

/// A file in `tmp/`. It is removed when this is dropped.
pub(super) struct Draft {
    maildir: Arc<Shared>,
    file: File,
    name: String,
    length: u64,
    is_in_tmp: bool,
}

impl Draft {
    /// Makes an empty file that no other process writes.
    pub(super) fn create(maildir: &Arc<Shared>) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        // Readable, so that line ends can be restored.
        options.read(true).write(true).create_new(true).mode(0o600);
        let (name, file) = with_new_name(&maildir.names, |name| {
            let path = maildir.directories.tmp.join(name);
            let file = options.open(&path).map_err(|error| named(&error, "make the file", &path))?;
            if is_claimed(&file)? {
                return Ok(file);
            }
            remove(&path);
            Err(io::ErrorKind::AlreadyExists.into())
        })?;
        let draft = Self { maildir: Arc::clone(maildir), file, name, length: 0, is_in_tmp: true };
        let access = &maildir.directories.access;
        access.give_to_file(&draft.file).map_err(|error| named(&error, "set the mode of", &draft.path()))?;
        Ok(draft)
    }

    /// Returns whether the file has the mode that files must have.
    pub(super) fn has_mode(&self) -> bool {
        self.maildir.directories.access.is_of(&self.file)
    }

    pub(super) fn write(&mut self, parts: &[Bytes]) -> io::Result<()> {
        write_all(&mut self.file, parts).map_err(|error| named(&error, "write", &self.path()))?;
        self.length += parts.iter().map(|part| part.len() as u64).sum::<u64>();
        Ok(())
    }

    /// Returns a draft with the same content, with each LF made a CRLF again.
    pub(super) fn with_crlf(self) -> io::Result<Self> {
        const PIECE: usize = 64 * 1024;
        let mut draft = Self::create(&self.maildir)?;
        let (mut piece, mut at) = (vec![0; PIECE], 0);
        loop {
            let read = match self.file.read_at(&mut piece, at) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read.map_err(|error| named(&error, "read", &self.path()))?,
            };
            if read == 0 {
                return Ok(draft);
            }
            at += read as u64;
            let mut restored = Vec::with_capacity(read + read / 16);
            line_ends::restore(&piece[..read], &mut restored);
            draft.write(&[restored.into()])?;
        }
    }

    /// Makes the content durable.
    pub(super) fn flush(&self) -> io::Result<()> {
        self.file.sync_all().map_err(|error| named(&error, "flush", &self.path()))
    }

    /// Returns the path that [`rename_once`](Self::rename_once) gives it.
    pub(super) fn target(&self) -> PathBuf {
        self.target_named(&self.name)
    }

    fn target_named(&self, name: &str) -> PathBuf {
        self.maildir.directories.new.join(format!("{name},S={}", self.length))
    }

    /// Puts it where readers find it. If its name is taken, it gets another.
    pub(super) fn rename(mut self) -> io::Result<Kept> {
        let kept = match self.show(&self.name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                with_new_name(&self.maildir.names, |name| self.show(name))?.1
            }
            outcome => outcome?,
        };
        self.is_in_tmp = false;
        Ok(kept)
    }

    /// Puts it where readers find it, under its own name only.
    pub(super) fn rename_once(mut self) -> io::Result<Kept> {
        let kept = self.show(&self.name)?;
        self.is_in_tmp = false;
        Ok(kept)
    }

    fn show(&self, name: &str) -> io::Result<Kept> {
        let from = self.path();
        let ticket = self.maildir.shown.show(self.target_named(name), |to| {
            put(rename_exclusively, &self.file, &from, to)
                .map_err(|error| named(&error, "rename a file to", to))
        })?;
        Ok(Kept::new(&self.maildir, ticket))
    }

    fn path(&self) -> PathBuf {
        self.maildir.directories.tmp.join(&self.name)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.is_in_tmp {
            remove(&self.path());
        }
    }
}

/// Locks a new file while it is open, so that no process takes it for the file of a dead process. Returns
/// `false` if one has done that before the lock.
pub(super) fn is_claimed(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        // The search for left-over files removes them under a lock.
        Ok(()) => Ok(file.metadata()?.nlink() > 0),
        Err(TryLockError::WouldBlock) => Ok(false),
        // If nothing can be locked, no process can find out either whether another is dead.
        Err(TryLockError::Error(_)) => Ok(true),
    }
}

/// Runs `attempt` with a name that is not used yet.
pub(super) fn with_new_name<T>(
    names: &Names,
    mut attempt: impl FnMut(&str) -> io::Result<T>,
) -> io::Result<(String, T)> {
    let mut attempts = 1;
    loop {
        let name = names.next();
        match attempt(&name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempts < ATTEMPTS => {
                attempts += 1;
            }
            outcome => return Ok((name, outcome?)),
        }
    }
}

/// Renames an open file. If the rename reports a failure, checks whether it was done all the same.
///
/// A network file system tries again when a reply is lost. Then `link` finds that the target exists (EEXIST),
/// and `rename` that the source is gone (ENOENT). If that counted as a failure, the message would stay and
/// the client would send it again.
fn put(
    rename: impl FnOnce(&Path, &Path) -> io::Result<()>,
    file: &File,
    from: &Path,
    to: &Path,
) -> io::Result<()> {
    match rename(from, to) {
        Err(_) if is_at(file, to) => {
            // If it was linked, both names exist.
            remove(from);
            Ok(())
        }
        outcome => outcome,
    }
}

/// Returns whether a path leads to an open file, and not to a link to it.
fn is_at(file: &File, path: &Path) -> bool {
    let identity = |metadata: Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(file), Ok(found)) => identity(file) == identity(found),
        _ => false,
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

fn write_all(file: &mut impl io::Write, parts: &[Bytes]) -> io::Result<()> {
    let mut slices: Vec<_> = parts.iter().map(|part| IoSlice::new(part)).collect();
    let mut rest = &mut slices[..];
    while !rest.is_empty() {
        match file.write_vectored(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut rest, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Maildir;
    use crate::maildir::kept::Published;

    #[test]
    fn a_write_that_finds_no_room_says_so_and_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let maildir = Maildir::open(directory.path()).unwrap();
        let mut draft = Draft::create(&maildir.0).unwrap();
        assert!(draft.path().exists());
        draft.file = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let error = draft.write(&[Bytes::from_static(b"Subject: hello\r\n")]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(error.to_string().contains("/tmp/"), "{error}");
        drop(draft);
        assert_eq!(fs::read_dir(&maildir.0.directories.tmp).unwrap().count(), 0);
    }

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
            let file = File::open(&from).unwrap();
            put(as_if_failed(done, kind), &file, &from, &to).unwrap();
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
        let file = File::open(&from).unwrap();
        let expect = |kind: io::ErrorKind| {
            let failed = put(as_if_failed(|_, _| Ok(()), kind), &file, &from, &to);
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

    #[test]
    fn a_name_that_is_taken_in_new_gives_way_to_another() {
        let directory = tempfile::tempdir().unwrap();
        let maildir = Maildir::open(directory.path()).unwrap();
        let mut draft = Draft::create(&maildir.0).unwrap();
        let taken = maildir.0.directories.new.join(format!("{},S=3", draft.name));
        fs::write(&taken, "old").unwrap();
        draft.write(&[Bytes::from_static(b"new")]).unwrap();
        let kept = vec![(0, draft.rename().unwrap())];
        Published { kept, failed: Vec::new() }.keep().unwrap();
        assert_eq!(fs::read(&taken).unwrap(), b"old");
        assert_eq!(fs::read_dir(&maildir.0.directories.new).unwrap().count(), 2);
    }
}
