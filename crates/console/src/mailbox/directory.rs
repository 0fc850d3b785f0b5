//! Directories by their descriptors, so that no link leads out of the mailbox.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, statat, unlinkat};
use rustix::path::Arg;

/// A change so soon before a directory was read may have the time of one after it.
const UNSURE: i128 = 2_000_000_000;

/// An open directory.
#[derive(Debug)]
pub(super) struct Directory(OwnedFd);

/// When the entries of a directory last changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: i128,
    inode: u64,
}

impl Stamp {
    /// A stamp that no directory has.
    pub(super) const UNKNOWN: Self = Self { modified: i128::MAX, inode: 0 };

    pub(super) fn inode(self) -> u64 {
        self.inode
    }

    /// Returns what to remember, before the directory is read. If a change after now could get the same stamp, that is
    /// no stamp: so the directory is read until it was read once when it had been quiet.
    pub(super) fn to_remember(self) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i128::try_from(now.as_nanos()).unwrap_or(i128::MAX);
        if self.modified.saturating_add(UNSURE) < now { self } else { Self::UNKNOWN }
    }
}

/// File systems on which the kernel knows all changes: others, such as NFS, are changed by other machines too.
#[cfg(target_os = "linux")]
const LOCAL: [u32; 8] = [
    0x0000_ef53, // ext2, ext3, ext4
    0x5846_5342, // XFS
    0x9123_683e, // Btrfs
    0x0102_1994, // tmpfs
    0x794c_7630, // overlayfs
    0x2fc1_2fc1, // ZFS
    0xf2f5_2010, // F2FS
    0xca45_1a4e, // bcachefs
];

/// Returns whether a name begins with a dot: such a file is not a message.
pub(super) fn is_hidden(name: &[u8]) -> bool {
    name.starts_with(b".")
}

/// Returns whether an error says that there is no such directory. Others, such as too many open files, say nothing of it.
pub(super) fn is_missing(error: &io::Error) -> bool {
    use rustix::io::Errno;

    matches!(Errno::from_io_error(error), Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP))
}

/// The kind of an entry in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryKind {
    File,
    Directory,
    Other,
}

/// The beginning of a file.
pub(super) struct Head {
    pub(super) bytes: Vec<u8>,
    /// The size of the whole file.
    pub(super) size: u64,
    /// The file, to be read on from there.
    pub(super) rest: File,
}

impl Directory {
    /// Opens a directory by its path, through links too.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Self::open_at(CWD, path.as_os_str().as_encoded_bytes(), OFlags::empty())
    }

    fn open_at(at: impl rustix::fd::AsFd, name: &[u8], flags: OFlags) -> io::Result<Self> {
        let flags = flags | OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(openat(at, name, flags, Mode::empty())?))
    }

    /// Opens a directory in it, but no link to one.
    pub(super) fn child(&self, name: &[u8]) -> io::Result<Self> {
        Self::open_at(&self.0, name, OFlags::NOFOLLOW)
    }

    /// Opens a directory below it. No part of the path may be a link.
    pub(super) fn below(&self, path: &[u8]) -> io::Result<Self> {
        let mut names = path.split(|byte| *byte == b'/').filter(|name| !name.is_empty());
        let Some(first) = names.next() else { return self.child(b".") };
        names.try_fold(self.child(first)?, |directory, name| directory.child(name))
    }

    pub(super) fn stamp(&self) -> io::Result<Stamp> {
        let found = rustix::fs::fstat(&self.0)?;
        let modified = i128::from(found.st_mtime) * 1_000_000_000 + found.st_mtime_nsec as i128;
        Ok(Stamp { modified, inode: found.st_ino })
    }

    /// Returns whether the kernel knows all changes of the directory.
    #[cfg(target_os = "linux")]
    pub(super) fn is_on_local_disk(&self) -> bool {
        let kind = rustix::fs::fstatfs(&self.0).map(|found| u32::try_from(found.f_type));
        matches!(kind, Ok(Ok(kind)) if LOCAL.contains(&kind))
    }

    /// Returns a path of the directory that nobody can move.
    #[cfg(target_os = "linux")]
    pub(super) fn proc_path(&self) -> String {
        format!("/proc/self/fd/{}", self.0.as_raw_fd())
    }

    /// Calls `each` with the entries that do not begin with a dot, or with those that do as well.
    pub(super) fn entries(&self, with_dots: bool, mut each: impl FnMut(&[u8], EntryKind)) -> io::Result<()> {
        for entry in Dir::read_from(&self.0)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") || is_hidden(name) && !with_dots {
                continue;
            }
            let kind = match entry.file_type() {
                FileType::Unknown => self.kind_of(entry.file_name()).unwrap_or(EntryKind::Other),
                known => kind(known),
            };
            each(name, kind);
        }
        Ok(())
    }

    /// Returns the kind of an entry.
    pub(super) fn kind_of(&self, name: impl Arg) -> io::Result<EntryKind> {
        let found = statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(kind(FileType::from_raw_mode(found.st_mode)))
    }

    /// Returns when a file was changed, in microseconds since 1970.
    pub(super) fn modified(&self, name: &[u8]) -> io::Result<i64> {
        let found = statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(found.st_mtime.saturating_mul(1_000_000).saturating_add(found.st_mtime_nsec as i64 / 1_000))
    }

    /// Returns the size of a file.
    pub(super) fn size(&self, name: &[u8]) -> io::Result<u64> {
        let found = statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(u64::try_from(found.st_size).unwrap_or_default())
    }

    /// Opens a regular file, but no link to one. It never waits, whatever the file is.
    pub(super) fn file(&self, name: &[u8]) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = File::from(openat(&self.0, name, flags, Mode::empty())?);
        if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::InvalidInput.into()) }
    }

    /// Reads the first bytes of a regular file.
    pub(super) fn head(&self, name: &[u8], most: usize) -> io::Result<Head> {
        let mut file = self.file(name)?;
        let size = file.metadata()?.len();
        let room = usize::try_from(size).unwrap_or(most).min(most);
        let mut bytes = Vec::with_capacity(room);
        file.by_ref().take(room as u64).read_to_end(&mut bytes)?;
        Ok(Head { bytes, size, rest: file })
    }

    /// Removes a file. A file that is gone already is not an error.
    pub(super) fn remove(&self, name: &[u8]) -> io::Result<()> {
        match unlinkat(&self.0, name, AtFlags::empty()) {
            Err(rustix::io::Errno::NOENT) => Ok(()),
            outcome => Ok(outcome?),
        }
    }

    /// Renames a file into a directory, and never replaces another.
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    pub(super) fn rename(&self, name: &[u8], to: &Self, new: &[u8]) -> io::Result<()> {
        use rustix::fs::{RenameFlags, renameat_with};
        use rustix::io::Errno;

        match renameat_with(&self.0, name, &to.0, new, RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => self.link_and_remove(name, to, new),
            outcome => Ok(outcome?),
        }
    }

    /// Renames a file into a directory, and never replaces another.
    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    pub(super) fn rename(&self, name: &[u8], to: &Self, new: &[u8]) -> io::Result<()> {
        self.link_and_remove(name, to, new)
    }

    /// Renames a file on file systems that cannot do so without replacing (NFS).
    fn link_and_remove(&self, name: &[u8], to: &Self, new: &[u8]) -> io::Result<()> {
        rustix::fs::linkat(&self.0, name, to.0.as_fd(), new, AtFlags::empty())?;
        self.remove(name)
    }
}

fn kind(found: FileType) -> EntryKind {
    match found {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Directory,
        _ => EntryKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn no_link_is_followed_below_it() {
        let outside = tempfile::tempdir().unwrap();
        fs::create_dir(outside.path().join("new")).unwrap();
        fs::write(outside.path().join("new/secret"), "secret").unwrap();
        let root = tempfile::tempdir().unwrap();
        symlink(outside.path(), root.path().join("bob")).unwrap();
        symlink(outside.path().join("new/secret"), root.path().join("file")).unwrap();
        let root = Directory::open(root.path()).unwrap();
        assert!(root.child(b"bob").is_err() && root.below(b"bob/new").is_err());
        assert!(root.file(b"file").is_err() && root.head(b"file", 9).is_err());
    }

    #[test]
    fn a_change_just_now_is_not_remembered() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as i128;
        for (ago, is_remembered) in
            [(0, false), (1_900_000_000, false), (-60_000_000_000, false), (60_000_000_000, true)]
        {
            let stamp = Stamp { modified: now - ago, inode: 7 };
            assert_eq!(stamp.to_remember() == stamp, is_remembered, "{ago}");
        }
        assert_eq!(Stamp::UNKNOWN.to_remember(), Stamp::UNKNOWN);
    }

    #[test]
    fn only_some_errors_say_that_a_directory_is_missing() {
        use rustix::io::Errno;

        assert!([Errno::NOENT, Errno::NOTDIR, Errno::LOOP].iter().all(|errno| is_missing(&(*errno).into())));
        for errno in [Errno::MFILE, Errno::NFILE, Errno::IO, Errno::STALE, Errno::ACCESS] {
            assert!(!is_missing(&errno.into()), "{errno}");
        }
    }

    #[test]
    fn opening_a_pipe_instead_of_a_message_does_not_wait() {
        let path = tempfile::tempdir().unwrap();
        rustix::fs::mknodat(CWD, path.path().join("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)
            .unwrap();
        assert!(Directory::open(path.path()).unwrap().head(b"pipe", 9).is_err());
    }

    #[test]
    fn a_rename_never_replaces_another_file() {
        let path = tempfile::tempdir().unwrap();
        let directory = Directory::open(path.path()).unwrap();
        for rename in [Directory::rename, Directory::link_and_remove] {
            fs::write(path.path().join("a"), "a").unwrap();
            fs::write(path.path().join("b"), "b").unwrap();
            assert!(rename(&directory, b"a", &directory, b"b").is_err());
            rename(&directory, b"a", &directory, b"c").unwrap();
            assert_eq!(fs::read(path.path().join("c")).unwrap(), b"a");
            assert_eq!(fs::read(path.path().join("b")).unwrap(), b"b");
            directory.remove(b"c").unwrap();
            directory.remove(b"c").unwrap();
        }
    }
}
