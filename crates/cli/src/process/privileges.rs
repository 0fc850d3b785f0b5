//! The privileges of the program: root until its sockets are open, then an unprivileged user.
//!
//! # Why
//!
//! The program gives up root last, when the sockets are open and the files are read. The store is opened before that,
//! acting as the user. So new files belong to the user, and a directory without write access is reported at the start.
//! The C library changes the user of all threads; a bare system call changes only one.
//!
//! Root is refused for listeners that other hosts can reach, and only warned about on loopback. A person who tries the
//! program in a container is root there, and should see it run.

use std::ffi::CString;
use std::fs::{self, DirBuilder, create_dir_all};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::Path;

use nix::unistd::{Gid, Group, Uid, User, seteuid};
use rustix::fs::{CWD, Mode, OFlags, fchmod, fchown, mkdirat, openat};

use crate::failure::Failure;
use crate::options::args::Options;
use crate::process::identity::{all_groups, switch_groups, switch_user};

/// Whether this process is root.
pub(crate) fn is_root() -> bool {
    Uid::effective().is_root()
}

/// The user that the program switches to.
#[derive(Debug)]
pub(crate) struct Account {
    user: Uid,
    group: Gid,
    groups: Vec<Gid>,
}

impl Account {
    /// Returns the account of `--user`. `None` if this process already runs as that user, for example after a handover.
    pub(crate) fn of(options: &Options) -> Result<Option<Self>, Failure> {
        let Some(account) = Self::named(options)? else { return Ok(None) };
        if is_root() {
            return Ok(Some(account));
        }
        if account.is_own() {
            return Ok(None);
        }
        Err(wrong(
            options,
            "only root can switch to another user; start the program as root, or leave the flag out",
        ))
    }

    /// Looks up a user, whether or not this process can switch to it.
    pub(crate) fn named(options: &Options) -> Result<Option<Self>, Failure> {
        let Some(asked) = &options.user else { return Ok(None) };
        let account = Self::find(asked).map_err(|what| wrong(options, &what))?;
        if account.user.is_root() {
            return Err(wrong(options, "this user is root; name an unprivileged user, such as nobody"));
        }
        Ok(Some(account))
    }

    /// Returns whether the mode of a directory lets the user write to it. A directory that cannot be looked up is not refused.
    pub(crate) fn can_write(&self, directory: &Path) -> bool {
        let Ok(found) = fs::metadata(directory) else { return true };
        let shift = match () {
            () if found.uid() == self.user.as_raw() => 6,
            () if self.groups.iter().any(|group| group.as_raw() == found.gid()) => 3,
            () => 0,
        };
        // Writing to a directory takes the right to enter it.
        (found.mode() >> shift) & 0o3 == 0o3
    }

    /// Whether this process runs as that user.
    pub(crate) fn is_own(&self) -> bool {
        self.user == Uid::effective()
    }

    fn find(asked: &str) -> Result<Self, String> {
        let (name, group) = match asked.split_once(':') {
            Some((name, group)) => (name, Some(group)),
            None => (asked, None),
        };
        let failed = |error: nix::Error| format!("the users of this host cannot be looked up: {error}");
        let number = name.parse().ok().map(Uid::from_raw);
        // With two numbers no name service is asked. A process in the sandbox could not reach one.
        let known = match (number, group) {
            (Some(_), Some(_)) => None,
            (Some(number), None) => User::from_uid(number).map_err(failed)?,
            (None, _) => User::from_name(name).map_err(failed)?,
        };
        let user = known
            .as_ref()
            .map(|user| user.uid)
            .or(number)
            .ok_or("this host has no such user; create it, or name another one")?;
        let Some(group) = group else {
            let known = known.ok_or("this number has no user, so name a group too, such as 1000:1000")?;
            let name = CString::new(known.name).map_err(|error| error.to_string())?;
            return Ok(Self {
                user,
                group: known.gid,
                groups: all_groups(&name, known.gid).map_err(failed)?,
            });
        };
        let group = match group.parse() {
            Ok(number) => Gid::from_raw(number),
            Err(_) => {
                Group::from_name(group)
                    .map_err(failed)?
                    .ok_or("this host has no such group; create it, or name another one")?
                    .gid
            }
        };
        Ok(Self { user, group, groups: vec![group] })
    }

    /// Replaces root's groups by the user's.
    pub(crate) fn switch_groups(&self) -> Result<(), Failure> {
        switch_groups(&self.groups, self.group)
            .map_err(|error| Failure::unusable(format!("cannot switch to the groups of --user: {error}")))
    }

    /// Creates a missing directory with this mode, whatever the umask, and gives it to the user.
    pub(crate) fn make_directory(&self, path: &Path, mode: u32) -> Result<(), Failure> {
        if path.exists() {
            return Ok(());
        }
        let acting = self.assume()?;
        let made = DirBuilder::new().mode(0o700).create(path).and_then(|()| {
            let made = opened(CWD, path)?;
            Ok(fchmod(made, Mode::from_raw_mode(mode))?)
        });
        drop(acting);
        let made = match made {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => match is_roots_alone(path) {
                Ok(true) => self.make_directory_as_root(path, mode),
                _ => Err(error),
            },
            made => made,
        };
        made.map_err(|error| Failure::unusable(format!("{}: cannot be created: {error}", path.display())))
    }

    /// Creates the directory in a parent that the user cannot write to. The user cannot replace it by a link meanwhile.
    fn make_directory_as_root(&self, path: &Path, mode: u32) -> io::Result<()> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let parent = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
        create_dir_all(parent)?;
        let parent = fs::File::open(parent)?;
        mkdirat(&parent, name, Mode::RWXU)?;
        let made = opened(&parent, Path::new(name))?;
        fchmod(&made, Mode::from_raw_mode(mode))?;
        let (user, group) = (self.user.as_raw(), self.group.as_raw());
        Ok(fchown(made, Some(rustix::fs::Uid::from_raw(user)), Some(rustix::fs::Gid::from_raw(group)))?)
    }

    /// Takes the user's rights until the guard is dropped. A path that the user can write to is opened as the user:
    /// otherwise a link could lead to another user's file.
    pub(crate) fn assume(&self) -> Result<Assumed, Failure> {
        seteuid(self.user).map_err(cannot_become)?;
        Ok(Assumed)
    }

    /// Becomes the user, permanently and in all threads. The C library changes each of them.
    pub(crate) fn switch_user(&self) -> Result<(), Failure> {
        let root = Uid::from_raw(0);
        switch_user(self.user).map_err(cannot_become)?;
        if switch_user(root).is_ok() {
            return Err(Failure::unusable("cannot drop the privileges of root on this host"));
        }
        tracing::info!(name: "rights-given-up", user = %self.user, group = %self.group, "root's rights are given up");
        Ok(())
    }
}

/// Opens a directory that was just made, and follows no link in its place.
fn opened(folder: impl AsFd, name: &Path) -> io::Result<OwnedFd> {
    Ok(openat(folder, name, OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?)
}

/// Whether only root controls the path's parents.
fn is_roots_alone(path: &Path) -> io::Result<bool> {
    let path = std::path::absolute(path)?;
    Ok(path.ancestors().skip(1).all(|folder| match fs::symlink_metadata(folder) {
        Ok(found) => found.uid() == 0,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }))
}

/// The rights of a user, temporarily and in all threads.
#[must_use]
pub(crate) struct Assumed;

impl Drop for Assumed {
    fn drop(&mut self) {
        // It cannot fail for a process whose real user is root. If it did, the program would go on with fewer rights.
        let _ = seteuid(Uid::from_raw(0));
    }
}

fn wrong(options: &Options, what: &str) -> Failure {
    let asked = options.user.as_deref().unwrap_or_default();
    Failure::usage(format!("{} {asked}: {what}", options.provenance.name("user")))
}

fn cannot_become(error: nix::Error) -> Failure {
    Failure::unusable(format!("cannot switch to the user of --user: {error}"))
}
