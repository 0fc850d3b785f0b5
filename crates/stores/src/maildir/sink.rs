//! Where the bytes of a message go that are too many for memory, before its end.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

use super::draft::{Draft, restore_lines, write_all};
use super::intents::Intents;
use super::{Shared, named};

/// The content of a message, without or with the fields above it.
pub(super) enum Content {
    Parts(Vec<Bytes>),
    /// A file without them.
    Spool(File),
    /// The file of the only copy, with them. `None` once it is used.
    Draft(Option<Draft>),
}

/// The beginning of a [`Sink`].
#[derive(Clone)]
pub(super) enum Beginning {
    /// The file of the only copy, with these fields on top.
    Draft(Arc<Shared>, Bytes),
    /// A file for all copies.
    Spool(Arc<Intents>),
    /// There is no copy.
    Nowhere,
}

/// The file in which a message gathers.
pub(super) enum Sink {
    /// That of its only copy.
    Draft(Draft),
    /// One without a name, from which the copies are made at the end. So a slow client costs one open file and the room of
    /// one copy, however many recipients it names.
    Spool(Spool),
}

/// A file without a name. The system removes it when it is closed.
pub(super) struct Spool {
    file: File,
    intents: Arc<Intents>,
}

impl Beginning {
    /// Makes the file.
    pub(super) fn make(self) -> io::Result<Sink> {
        match self {
            Self::Draft(maildir, top) => {
                let mut draft = Draft::create(&maildir)?;
                if !top.is_empty() {
                    draft.write(&[top])?;
                }
                Ok(Sink::Draft(draft))
            }
            Self::Spool(intents) => Spool::make(intents).map(Sink::Spool),
            Self::Nowhere => Err(io::Error::other("the message has no copies")),
        }
    }
}

impl Sink {
    pub(super) fn write(&mut self, parts: &[Bytes]) -> io::Result<()> {
        match self {
            Self::Draft(draft) => draft.write(parts),
            Self::Spool(spool) => spool.write(parts),
        }
    }

    /// Makes each LF a CRLF again, in another file.
    pub(super) fn with_crlf(self) -> io::Result<Self> {
        match self {
            Self::Draft(draft) => draft.with_crlf().map(Self::Draft),
            Self::Spool(spool) => {
                let mut restored = Spool::make(Arc::clone(&spool.intents))?;
                restore_lines(&spool.file, |piece| restored.write(&[piece]))?;
                Ok(Self::Spool(restored))
            }
        }
    }

    /// Returns the whole content.
    pub(super) fn content(self) -> Content {
        match self {
            Self::Draft(draft) => Content::Draft(Some(draft)),
            Self::Spool(spool) => Content::Spool(spool.file),
        }
    }
}

impl Spool {
    fn make(intents: Arc<Intents>) -> io::Result<Self> {
        let path: PathBuf = intents.new_path();
        let mut options = OpenOptions::new();
        let made = options.read(true).write(true).create_new(true).mode(0o600).open(&path).and_then(|file| {
            fs::remove_file(&path)?;
            Ok(file)
        });
        let file = made.map_err(|error| named(&error, "make the file", &path))?;
        Ok(Self { file, intents })
    }

    fn write(&mut self, parts: &[Bytes]) -> io::Result<()> {
        write_all(&mut self.file, parts)
            .map_err(|error| named(&error, "write a file in", self.intents.directory()))
    }
}
