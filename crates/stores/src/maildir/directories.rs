//! The directories of a Maildir.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use super::access::{Access, GiveToGroup};
use super::named;

#[derive(Debug, Clone)]
pub(crate) struct Directories {
    pub(super) root: PathBuf,
    /// Where files are written.
    pub(super) tmp: PathBuf,
    /// Where readers find them.
    pub(super) new: PathBuf,
    pub(super) access: Access,
    /// `None` if they are not made again.
    above: Option<Above>,
}

/// A directory that must be there before missing ones are made again, so that nothing is written under the mount point of
/// a disk that is gone.
#[derive(Debug, Clone)]
enum Above {
    /// The Maildir in which this is a directory.
    Maildir(Box<Directories>),
    /// A directory on the same disk.
    Directory(PathBuf),
}

impl Directories {
    /// Makes the missing directories. Files have this mode, or follow that of the directory.
    pub(super) fn create(root: &Path, mode: Option<u32>, give_to_group: GiveToGroup) -> io::Result<Self> {
        // The program may change its working directory.
        let root = std::path::absolute(root).map_err(|error| named(&error, "use the Maildir", root))?;
        let (tmp, new) = (root.join("tmp"), root.join("new"));
        let found = fs::metadata(&root).ok();
        let access = Access::of(mode, found.as_ref()).giving_by(give_to_group);
        for directory in [&root, &tmp, &new, &root.join("cur")] {
            create_durably(directory, &access)?;
        }
        Ok(Self { root, tmp, new, access, above: None })
    }

    /// Returns the directories of a directory in this Maildir, and makes the missing ones. The Maildir itself
    /// must be there, so that nothing is written under the mount point of a disk that is gone.
    pub(super) fn below(&self, name: &str) -> io::Result<Self> {
        let below =
            Self::in_directory(self.root.join(name), self.access, Above::Maildir(self.clone().into()));
        below.make_again()?;
        Ok(below)
    }

    /// Returns the directories of the Maildir `root`, and makes the missing ones and its parents. `proof` must be
    /// there: a directory on the same disk. Files follow the mode of `root` if it exists, else `access`.
    pub(crate) fn one_of_many(root: PathBuf, proof: &Path, access: Access) -> io::Result<Self> {
        let access = fs::metadata(&root).map_or(access, |found| access.like_existing(&found));
        let made = Self::in_directory(root, access, Above::Directory(proof.to_owned()));
        made.make_again()?;
        Ok(made)
    }

    fn in_directory(root: PathBuf, access: Access, above: Above) -> Self {
        Self { tmp: root.join("tmp"), new: root.join("new"), root, access, above: Some(above) }
    }

    /// Makes the missing directories, if something proves that the disk is there, and returns whether this is such
    /// a Maildir.
    pub(super) fn make_again(&self) -> io::Result<bool> {
        let Some(above) = &self.above else { return Ok(false) };
        let proof = match above {
            Above::Maildir(parent) => {
                if !parent.new.exists() {
                    parent.make_again()?;
                }
                &parent.new
            }
            Above::Directory(proof) => proof,
        };
        fs::metadata(proof).map_err(|error| named(&error, "deliver to", proof))?;
        for directory in [&self.root, &self.tmp, &self.new, &self.root.join("cur")] {
            create_durably(directory, &self.access)?;
        }
        if matches!(above, Above::Maildir(_)) {
            // The file tells other programs that mail is delivered to this directory of a Maildir.
            let mark = self.root.join("maildirfolder");
            let marked = File::options().write(true).create(true).truncate(false).open(&mark);
            let marked = marked.and_then(|file| self.access.give_to_file(&file));
            marked.map_err(|error| named(&error, "make the file", &mark))?;
        }
        Ok(true)
    }

    /// Returns the directories that keep the group out, although the Maildir lets it in and its files are for
    /// it.
    pub(super) fn closed_to_group(&self) -> Vec<PathBuf> {
        let lets_in = |path: &Path| fs::metadata(path).is_ok_and(|found| self.access.lets_group_into(&found));
        let closed = [self.new.clone(), self.root.join("cur")].into_iter().filter(|path| !lets_in(path));
        if lets_in(&self.root) { closed.collect() } else { Vec::new() }
    }
}

/// Makes a directory and its missing parents, so that they survive a crash of the host.
pub(super) fn create_durably(path: &Path, access: &Access) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let Some(parent) = path.parent() else {
        return Err(named(&io::ErrorKind::NotADirectory.into(), "use", path));
    };
    create_durably(parent, access)?;
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {
            // Not through a link that somebody may have put there.
            let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            rustix::fs::open(path, flags, Mode::empty())
                .map_err(io::Error::from)
                .and_then(|made| access.give_to_directory(&File::from(made)))
                .map_err(|error| named(&error, "set the mode of", path))?;
            flush(parent)
        }
        // Another program made it a moment ago, and may not have flushed it yet.
        Err(_) if path.is_dir() => flush(parent),
        Err(error) => Err(named(&error, "make the directory", path)),
    }
}

/// Flushes a directory, so that the names in it survive a crash of the host.
pub(crate) fn flush(directory: &Path) -> io::Result<()> {
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| named(&error, "flush the directory", directory))
}
