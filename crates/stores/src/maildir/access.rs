//! The mode and group of files and directories in a Maildir.

use std::fs::{File, Metadata};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

use rustix::fs::{Gid, Mode, RawMode, fchmod, fchown};

/// Gives a file to a group, and returns whether the file has that group now.
pub(crate) type GiveToGroup = fn(&File, u32) -> bool;

pub(crate) fn give_to_group(file: &File, group: u32) -> bool {
    file.metadata().is_ok_and(|file| file.gid() == group)
        || fchown(file.as_fd(), None, Some(Gid::from_raw(group))).is_ok()
}

/// The mode and group of new files and directories, whatever the umask.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access {
    /// The mode of files.
    files: u32,
    /// The mode of directories.
    directories: u32,
    /// The group of both. With `None` the kernel chooses it.
    group: Option<u32>,
    /// Whether the mode was configured, not taken from a directory.
    is_fixed: bool,
    give_to_group: GiveToGroup,
}

impl Access {
    /// For the owner only.
    pub(super) const PRIVATE: Self =
        Self { files: 0o600, directories: 0o700, group: None, is_fixed: false, give_to_group };

    /// Returns the access that the mode of an existing directory asks for, as in Dovecot. Its group gets the
    /// same rights for files, and others get none. A group with no more rights than others gets nothing
    /// either, since most umasks leave 0755.
    pub(super) fn like(directory: &Metadata) -> Self {
        let (group, others) = (directory.mode() & 0o070, directory.mode() & 0o007);
        if group == 0 || group == others << 3 {
            return Self::PRIVATE;
        }
        Self {
            files: 0o600 | group & 0o060,
            directories: 0o700 | group | directory.mode() & 0o2000,
            group: Some(directory.gid()),
            is_fixed: false,
            give_to_group,
        }
    }

    /// Returns the access with this mode for files. Users who may read the files may enter the directories.
    /// The group is that of an existing directory.
    pub(super) fn fixed(mode: u32, directory: Option<&Metadata>) -> Self {
        Self {
            files: mode,
            directories: mode | mode >> 2 & 0o111,
            group: directory.map(MetadataExt::gid),
            is_fixed: true,
            give_to_group,
        }
    }

    /// Returns the access that was configured, or else that of an existing directory.
    pub(crate) fn of(mode: Option<u32>, directory: Option<&Metadata>) -> Self {
        match mode {
            Some(mode) => Self::fixed(mode, directory),
            None => directory.map_or(Self::PRIVATE, Self::like),
        }
    }

    /// Returns the access for one of several Maildirs, whose directory exists.
    pub(super) fn like_existing(&self, directory: &Metadata) -> Self {
        Self::of(self.asked_for(), Some(directory)).giving_by(self.give_to_group)
    }

    /// Returns the same access with another way to give files to the group.
    pub(crate) fn giving_by(self, give_to_group: GiveToGroup) -> Self {
        Self { give_to_group, ..self }
    }

    /// Returns whether the group that may read files may also search and list this directory. True without
    /// such a group.
    pub(super) fn lets_group_into(&self, directory: &Metadata) -> bool {
        let Some(group) = self.group.filter(|_| self.files & 0o060 != 0) else { return true };
        let needed = 0o1 | self.files >> 3 & 0o4;
        let mode = if directory.gid() == group { directory.mode() >> 3 } else { directory.mode() };
        mode & needed == needed
    }

    /// Gives a new file, whose mode is 0600 or less, its group and mode.
    pub(super) fn give_to_file(&self, file: &File) -> io::Result<()> {
        if self.files == Self::PRIVATE.files { Ok(()) } else { self.give(file, self.files) }
    }

    /// Gives a new directory, whose mode is 0700 or less, its group and mode.
    pub(super) fn give_to_directory(&self, directory: &File) -> io::Result<()> {
        if self.directories == Self::PRIVATE.directories {
            return Ok(());
        }
        // The kernel passes the set-group-ID bit down, and with it the group.
        let handed_down = directory.metadata()?.mode() & 0o2000;
        match self.give(directory, self.directories | handed_down) {
            // If no process may set that bit (`RestrictSUIDSGID=` of systemd), each file is given its group.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                self.give(directory, self.directories & 0o777)
            }
            outcome => outcome,
        }
    }

    fn give(&self, file: &File, mode: u32) -> io::Result<()> {
        let is_of_group = self.group.is_none_or(|group| (self.give_to_group)(file, group));
        // Any other group gets nothing.
        let mode = if is_of_group || self.is_fixed { mode } else { mode & !0o070 };
        Ok(fchmod(file, Mode::from_raw_mode(mode as RawMode))?)
    }

    /// Returns whether a file has its full mode.
    pub(super) fn is_of(&self, file: &File) -> bool {
        file.metadata().is_ok_and(|file| file.mode() & 0o777 == self.files)
    }

    /// Returns the mode of directories.
    pub(crate) fn directories(&self) -> u32 {
        self.directories
    }

    /// Returns the mode of files, if it was configured.
    pub(super) fn asked_for(&self) -> Option<u32> {
        self.is_fixed.then_some(self.files)
    }
}
