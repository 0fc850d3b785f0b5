//! Whose rights the program has: root's until its sockets are open, if it is to, and then those of somebody who has
//! none.

use std::ffi::CString;
use std::fs::{DirBuilder, create_dir_all};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use nix::unistd::{Gid, Group, Uid, User, chown, getgrouplist, seteuid, setgroups, setresgid, setresuid};

use crate::args::Options;
use crate::failure::Failure;

/// Whether this process may do all that root may.
pub(crate) fn is_root() -> bool {
    Uid::effective().is_root()
}

/// The user that the program is to go on as.
#[derive(Debug)]
pub(crate) struct Account {
    user: Uid,
    group: Gid,
    groups: Vec<Gid>,
}

impl Account {
    /// That of `--user`, unless this process is that user's already, as one is that was handed the sockets.
    pub(crate) fn of(options: &Options) -> Result<Option<Self>, Failure> {
        let Some(asked) = &options.user else { return Ok(None) };
        let wrong = |what: String| Failure::usage(format!("--user {asked}: {what}"));
        let account = Self::find(asked).map_err(wrong)?;
        if account.user.is_root() {
            return Err(wrong(
                "this is root itself; name a user who has no rights, such as nobody".to_owned(),
            ));
        }
        if is_root() {
            return Ok(Some(account));
        }
        if account.user == Uid::effective() {
            return Ok(None);
        }
        Err(wrong(
            "only root can become another user; start the program as root, or leave the flag out".to_owned(),
        ))
    }

    fn find(asked: &str) -> Result<Self, String> {
        let (name, group) = match asked.split_once(':') {
            Some((name, group)) => (name, Some(group)),
            None => (asked, None),
        };
        let failed = |error: nix::Error| format!("users cannot be looked up: {error}");
        let number = name.parse().ok().map(Uid::from_raw);
        let known = match number {
            Some(number) => User::from_uid(number),
            None => User::from_name(name),
        }
        .map_err(failed)?;
        let user =
            known.as_ref().map(|user| user.uid).or(number).ok_or("there is no such user on this host")?;
        let Some(group) = group else {
            let known = known
                .ok_or("no user has that number, so write that of a group as well, such as 1000:1000")?;
            let name = CString::new(known.name).map_err(|error| error.to_string())?;
            return Ok(Self {
                user,
                group: known.gid,
                groups: getgrouplist(&name, known.gid).map_err(failed)?,
            });
        };
        let group = match group.parse() {
            Ok(number) => Gid::from_raw(number),
            Err(_) => {
                Group::from_name(group).map_err(failed)?.ok_or("there is no such group on this host")?.gid
            }
        };
        Ok(Self { user, group, groups: vec![group] })
    }

    /// Leaves root's groups for those of the user.
    pub(crate) fn take_groups(&self) -> Result<(), Failure> {
        setgroups(&self.groups)
            .and_then(|()| setresgid(self.group, self.group, self.group))
            .map_err(|error| Failure::unusable(format!("the groups of --user cannot be taken on: {error}")))
    }

    /// Makes a directory that is not there, for the user alone.
    pub(crate) fn make_directory(&self, path: &Path) -> Result<(), Failure> {
        if path.exists() {
            return Ok(());
        }
        let make = || {
            if let Some(parent) = path.parent() {
                create_dir_all(parent)?;
            }
            DirBuilder::new().mode(0o700).create(path)?;
            chown(path, Some(self.user), Some(self.group)).map_err(io::Error::from)
        };
        make().map_err(|error| Failure::unusable(format!("{}: cannot be made: {error}", path.display())))
    }

    /// Does something with the rights of the user, and has root's back afterwards.
    pub(crate) fn acting<T>(&self, work: impl FnOnce() -> T) -> Result<T, Failure> {
        seteuid(self.user).map_err(cannot_become)?;
        let done = work();
        seteuid(Uid::from_raw(0)).map_err(cannot_become)?;
        Ok(done)
    }

    /// Becomes the user, for good and in all threads: the C library sees to each of them.
    pub(crate) fn take_on(&self) -> Result<(), Failure> {
        let root = Uid::from_raw(0);
        setresuid(self.user, self.user, self.user).map_err(cannot_become)?;
        if setresuid(root, root, root).is_ok() {
            return Err(Failure::unusable("root's rights cannot be given up on this host"));
        }
        tracing::info!(user = %self.user, group = %self.group, "root's rights are given up");
        Ok(())
    }
}

fn cannot_become(error: nix::Error) -> Failure {
    Failure::unusable(format!("the user of --user cannot be taken on: {error}"))
}
