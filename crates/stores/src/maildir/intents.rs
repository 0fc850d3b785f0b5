//! Notes of messages with several copies, so that a crash leaves all of them or none.
//!
//! # Why
//!
//! Several renames are not one step. A process that is killed between two of them leaves some copies in `new/`. The client
//! has no answer and sends the message again, so those recipients would have it twice. So the names of all copies are on
//! disk before the first is in `new/`, until the last is durable. The next opening removes what such a note names.
//!
//! A note is locked while its message is under way, as files in `tmp/` are.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Component, Path, PathBuf};

use super::access::Access;
use super::directories::{create_durably, flush};
use super::draft::is_claimed;
use super::leftovers::lock;
use super::name::{Names, with_new_name};
use super::named;
use super::shown::remove;
use super::sync::DirectorySync;

/// The name of the directory. No user's directory has it, since their names do not begin with a dot.
const DIRECTORY: &str = ".mailchute";

/// The extension of a note whose files are being removed.
const TAKEN: &str = "taken-back";

/// The most bytes of a note that are read.
const LONGEST: u64 = 16 * 1024 * 1024;

/// The notes of a directory of Maildirs.
#[derive(Debug)]
pub(crate) struct Intents {
    root: PathBuf,
    directory: PathBuf,
    names: Names,
    sync: DirectorySync,
}

/// The note of one message. It is removed when this is dropped.
pub(super) struct Intent<'a> {
    intents: &'a Intents,
    path: PathBuf,
    /// Locked.
    file: File,
}

impl Intents {
    /// Makes the directory below `root`, and that itself, and removes the copies that dead processes have left. The call blocks.
    ///
    /// # Errors
    /// An error if the directory cannot be made, read or written.
    pub(crate) fn open(root: &Path, access: &Access) -> io::Result<Self> {
        let directory = root.join(DIRECTORY);
        create_durably(root, access)?;
        create_durably(&directory, &Access::PRIVATE)?;
        let intents =
            Self { root: root.to_owned(), directory, names: Names::new(), sync: DirectorySync::default() };
        intents.recover().map_err(|error| named(&error, "read", &intents.directory))?;
        drop(intents.write([])?);
        Ok(intents)
    }

    /// Returns the directory, which proves that the disk is there.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Returns the path of a file that is not there.
    pub(super) fn new_path(&self) -> PathBuf {
        self.directory.join(self.names.next())
    }

    /// Notes that files are about to appear at these paths. The call blocks.
    pub(super) fn write(&self, paths: impl IntoIterator<Item = PathBuf>) -> io::Result<Intent<'_>> {
        let mut text = Vec::new();
        for path in paths {
            let below = path.strip_prefix(&self.root).map_err(io::Error::other)?;
            text.extend_from_slice(below.as_os_str().as_bytes());
            text.push(0);
        }
        let (_, mut intent) = with_new_name(&self.names, |name| {
            let path = self.directory.join(name);
            let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
            let file = file.map_err(|error| named(&error, "make the file", &path))?;
            let intent = Intent { intents: self, path, file };
            if is_claimed(&intent.file)? { Ok(intent) } else { Err(io::ErrorKind::AlreadyExists.into()) }
        })?;
        let written = intent.file.write_all(&text).and_then(|()| intent.file.sync_all());
        written.map_err(|error| named(&error, "write", &intent.path))?;
        self.flush()?;
        Ok(intent)
    }

    fn flush(&self) -> io::Result<()> {
        self.sync.run(|| flush(&self.directory))
    }

    /// Removes the files that notes of dead processes name, and these notes.
    fn recover(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.directory)? {
            let path = entry?.path();
            // Held until the note is removed.
            let Some(_lock) = lock(&path) else { continue };
            if let Err(error) = self.withdraw(&path) {
                let path = path.display();
                tracing::error!(name: "withdrawal-failed", %error, %path, "recipients may get a message twice");
            }
        }
        flush(&self.directory)
    }

    /// Removes the files that a note names, and the note. If that fails, the next opening tries again.
    fn withdraw(&self, note: &Path) -> io::Result<()> {
        // From here on no process can end this note. So not even one of a host whose locks are not seen here says that
        // it has kept what is removed now.
        let mut taken = note.to_owned();
        if note.extension() != Some(OsStr::new(TAKEN)) {
            taken.as_mut_os_string().push(format!(".{TAKEN}"));
            match fs::rename(note, &taken) {
                Err(error) if is_gone(&error) => return Ok(()),
                outcome => outcome?,
            }
            self.flush()?;
        }
        let copies = self.take_back(&taken)?;
        if copies > 0 {
            tracing::warn!(name: "copies-withdrawn", copies, "took back copies of a message that was not answered");
        }
        remove(&taken);
        Ok(())
    }

    /// Removes the files that a note names from `new/`, and returns their number.
    fn take_back(&self, note: &Path) -> io::Result<usize> {
        let mut text = Vec::new();
        File::open(note)?.take(LONGEST).read_to_end(&mut text)?;
        // A name without a zero was never complete, so no file was renamed yet.
        let end = text.iter().rposition(|byte| *byte == 0).map_or(0, |at| at + 1);
        let mut removed = 0;
        for below in text[..end].split_inclusive(|byte| *byte == 0) {
            let below = Path::new(OsStr::from_bytes(&below[..below.len() - 1]));
            let is_message = below.components().all(|part| matches!(part, Component::Normal(_)))
                && below.parent().is_some_and(|parent| parent.ends_with("new"));
            if !is_message {
                continue;
            }
            let path = self.root.join(below);
            match fs::remove_file(&path) {
                Ok(()) => {
                    removed += 1;
                    path.parent().map_or(Ok(()), flush)?;
                }
                Err(error) if is_gone(&error) => {}
                Err(error) => return Err(named(&error, "remove", &path)),
            }
        }
        Ok(removed)
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

impl Intent<'_> {
    /// Removes the note durably: from now on the copies stay.
    pub(super) fn end(self) -> io::Result<()> {
        fs::remove_file(&self.path).map_err(|error| named(&error, "remove", &self.path))?;
        self.intents.flush()
    }
}

impl Drop for Intent<'_> {
    fn drop(&mut self) {
        remove(&self.path);
    }
}
