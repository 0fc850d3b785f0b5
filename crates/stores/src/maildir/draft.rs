//! The file of a message in `tmp/`, while it is written.
//!
//! # Why
//!
//! A delivery locks its file in `tmp/`. The lock ends with the process, however the process ends. So the next
//! process of the same host name knows at once which files were left. A process number would say little: in
//! containers all are the same.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, IoSlice, Seek as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::sync::Arc;

use bytes::Bytes;

use super::flushed::Flushed;
use super::in_tmp::InTmp;
use super::name::with_new_name;
use super::rename::Identity;
use super::shown::remove;
use super::{Shared, line_ends, named};

/// A file in `tmp/`. It is removed when this is dropped.
pub(super) struct Draft {
    place: InTmp,
    file: File,
    length: u64,
}

impl Draft {
    /// Makes an empty file that no other process writes. If a reader has removed a directory in a Maildir, it is made
    /// again.
    pub(super) fn create(maildir: &Arc<Shared>) -> io::Result<Self> {
        match Self::try_create(maildir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && maildir.directories.make_again()? => {
                Self::try_create(maildir)
            }
            draft => draft,
        }
    }

    fn try_create(maildir: &Arc<Shared>) -> io::Result<Self> {
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
        let place = InTmp { maildir: Arc::clone(maildir), name, is_in_tmp: true };
        let access = &maildir.directories.access;
        access.give_to_file(&file).map_err(|error| named(&error, "set the mode of", &place.path()))?;
        Ok(Self { place, file, length: 0 })
    }

    /// Returns whether the file has the mode that files must have.
    pub(super) fn has_mode(&self) -> bool {
        self.place.maildir.directories.access.is_of(&self.file)
    }

    /// Returns the bytes in the file.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn write(&mut self, parts: &[Bytes]) -> io::Result<()> {
        write_all(&mut self.file, parts).map_err(|error| named(&error, "write", &self.place.path()))?;
        self.length += parts.iter().map(|part| part.len() as u64).sum::<u64>();
        Ok(())
    }

    /// Adds the whole of another file.
    pub(super) fn copy(&mut self, mut from: &File) -> io::Result<()> {
        let copied = from.rewind().and_then(|()| io::copy(&mut from, &mut self.file));
        self.length += copied.map_err(|error| named(&error, "write", &self.place.path()))?;
        Ok(())
    }

    /// Returns a draft with the same content, with each LF made a CRLF again.
    pub(super) fn with_crlf(self) -> io::Result<Self> {
        let mut draft = Self::create(&self.place.maildir)?;
        restore_lines(&self.file, |restored| draft.write(&[restored]))
            .map_err(|error| named(&error, "restore the lines of", &self.place.path()))?;
        Ok(draft)
    }

    /// Makes the content durable. The file stays locked if `is_locked` is true, and costs an open file.
    pub(super) fn flush(self, is_locked: bool) -> io::Result<Flushed> {
        self.file.sync_all().map_err(|error| named(&error, "flush", &self.place.path()))?;
        let identity = Identity::of(&self.file)?;
        Ok(Flushed::new(self.place, identity, self.length, is_locked.then_some(self.file)))
    }
}

/// Reads a file and passes its bytes on, with each LF made a CRLF again.
pub(super) fn restore_lines(file: &File, mut write: impl FnMut(Bytes) -> io::Result<()>) -> io::Result<()> {
    const PIECE: usize = 64 * 1024;
    let (mut piece, mut at) = (vec![0; PIECE], 0);
    loop {
        let read = match file.read_at(&mut piece, at) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        if read == 0 {
            return Ok(());
        }
        at += read as u64;
        let mut restored = Vec::with_capacity(read + read / 16);
        line_ends::restore(&piece[..read], &mut restored);
        write(restored.into())?;
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

pub(super) fn write_all(file: &mut impl io::Write, parts: &[Bytes]) -> io::Result<()> {
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
    use std::fs;

    use super::*;
    use crate::Maildir;

    #[test]
    fn a_write_that_finds_no_room_says_so_and_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let maildir = Maildir::open(directory.path()).unwrap();
        let mut draft = Draft::create(&maildir.0).unwrap();
        assert!(draft.place.path().exists());
        draft.file = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let error = draft.write(&[Bytes::from_static(b"Subject: hello\r\n")]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(error.to_string().contains("/tmp/"), "{error}");
        drop(draft);
        assert_eq!(fs::read_dir(&maildir.0.directories.tmp).unwrap().count(), 0);
    }
}
