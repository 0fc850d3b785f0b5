//! A file in `tmp/` whose content is durable.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use super::in_tmp::InTmp;
use super::kept::Kept;
use super::name::with_new_name;
use super::named;
use super::queued::QueuedFile;
use super::quota::Reserved;
use super::rename::{Identity, rename};
use super::shown::Ticket;

/// A complete file in `tmp/`. It is removed when this is dropped.
pub(super) struct Flushed {
    place: InTmp,
    identity: Identity,
    length: u64,
    /// Keeps the file locked.
    _file: Option<File>,
}

impl Flushed {
    pub(super) fn new(place: InTmp, identity: Identity, length: u64, file: Option<File>) -> Self {
        Self { place, identity, length, _file: file }
    }

    /// Returns the path that [`rename_once`](Self::rename_once) gives it.
    pub(super) fn target(&self) -> PathBuf {
        self.target_named(&self.place.name)
    }

    fn target_named(&self, name: &str) -> PathBuf {
        self.place.maildir.directories.new.join(format!("{name},S={}", self.length))
    }

    /// Puts it where readers find it. If its name is taken, it gets another.
    pub(super) fn rename(mut self, reserved: Option<Reserved>) -> io::Result<Kept> {
        let ticket = match self.show(&self.place.name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                with_new_name(&self.place.maildir.names, |name| self.show(name))?.1
            }
            outcome => outcome?,
        };
        self.place.is_in_tmp = false;
        Ok(Kept::new(&self.place.maildir, ticket, reserved))
    }

    /// Puts it where readers find it, under its own name only.
    pub(super) fn rename_once(mut self, reserved: Option<Reserved>) -> io::Result<Kept> {
        let ticket = self.show(&self.place.name)?;
        self.place.is_in_tmp = false;
        Ok(Kept::new(&self.place.maildir, ticket, reserved))
    }

    /// Puts it where readers find it, under the name that its queue gives it. It is not taken back. Another process may
    /// have done the same with another file; then that one stays.
    pub(super) fn rename_queued(mut self, file: &QueuedFile, reserved: Option<Reserved>) -> io::Result<()> {
        let to = self.place.maildir.directories.new.join(file.name(self.length));
        match rename(self.identity, &self.place.path(), &to) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(named(&error, "rename a file to", &to)),
            Ok(()) => {
                self.place.is_in_tmp = false;
                reserved.into_iter().for_each(Reserved::use_up);
                tracing::debug!(name: "kept", path = %to.display(), "kept");
            }
        }
        self.place.maildir.flush_new()
    }

    fn show(&self, name: &str) -> io::Result<Ticket> {
        let from = self.place.path();
        self.place.maildir.shown.show(self.target_named(name), |to| {
            rename(self.identity, &from, to).map_err(|error| named(&error, "rename a file to", to))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use bytes::Bytes;

    use crate::Maildir;
    use crate::maildir::draft::Draft;
    use crate::maildir::kept::Published;

    #[test]
    fn a_name_that_is_taken_in_new_gives_way_to_another() {
        let directory = tempfile::tempdir().unwrap();
        let maildir = Maildir::open(directory.path()).unwrap();
        let mut draft = Draft::create(&maildir.0).unwrap();
        draft.write(&[Bytes::from_static(b"new")]).unwrap();
        let flushed = draft.flush(true).unwrap();
        let taken = flushed.target();
        assert!(taken.to_str().unwrap().ends_with(",S=3"));
        fs::write(&taken, "old").unwrap();
        let kept = vec![(0, flushed.rename(None).unwrap())];
        Published { kept, failed: Vec::new() }.keep().unwrap();
        assert_eq!(fs::read(&taken).unwrap(), b"old");
        assert_eq!(fs::read_dir(&maildir.0.directories.new).unwrap().count(), 2);
    }
}
