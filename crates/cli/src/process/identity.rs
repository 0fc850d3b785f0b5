//! The user and the groups of the process. The calls differ between systems.

use std::ffi::CStr;

use nix::unistd::{Gid, Uid};

/// Returns all groups of a user, of which one is given.
#[cfg(all(target_os = "linux", not(mailchute_portable)))]
pub(super) fn all_groups(user: &CStr, group: Gid) -> nix::Result<Vec<Gid>> {
    nix::unistd::getgrouplist(user, group)
}

/// Replaces the groups of the process, permanently.
#[cfg(all(target_os = "linux", not(mailchute_portable)))]
pub(super) fn switch_groups(groups: &[Gid], group: Gid) -> nix::Result<()> {
    nix::unistd::setgroups(groups)?;
    nix::unistd::setresgid(group, group, group)
}

/// Becomes a user, permanently and in all threads.
#[cfg(all(target_os = "linux", not(mailchute_portable)))]
pub(super) fn switch_user(user: Uid) -> nix::Result<()> {
    nix::unistd::setresuid(user, user, user)
}

/// Elsewhere a user has the one group that is known.
#[cfg(any(not(target_os = "linux"), mailchute_portable))]
pub(super) fn all_groups(_user: &CStr, group: Gid) -> nix::Result<Vec<Gid>> {
    Ok(vec![group])
}

/// Elsewhere the other groups of root cannot be given up safely, so `--user` is refused.
#[cfg(any(not(target_os = "linux"), mailchute_portable))]
pub(super) fn switch_groups(_groups: &[Gid], _group: Gid) -> nix::Result<()> {
    Err(nix::Error::EOPNOTSUPP)
}

#[cfg(any(not(target_os = "linux"), mailchute_portable))]
pub(super) fn switch_user(_user: Uid) -> nix::Result<()> {
    Err(nix::Error::EOPNOTSUPP)
}
