//! Unix sockets in the file system: who may connect, which files are replaced, and when the file is removed.
//!
//! # Why
//!
//! The file of a Unix socket belongs to the last process that has the socket. A file that systemd made is left to
//! systemd.

use std::fs::{self, File, Metadata, TryLockError};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::fs::{Mode, RawMode, fchmod};
use tokio::net::{UnixListener, UnixSocket, UnixStream};

/// A Unix socket to listen at: its path, and who may connect.
#[derive(Debug)]
pub(crate) struct SocketFile<'a> {
    path: &'a Path,
    mode: u32,
}

/// Any user of the host may connect, as to a port of its loopback interface.
const DEFAULT_MODE: u32 = 0o666;

impl<'a> SocketFile<'a> {
    pub(crate) fn new(path: &'a Path, mode: Option<u32>) -> Self {
        Self { path, mode: mode.unwrap_or(DEFAULT_MODE) }
    }

    /// Listens. No client can connect before the file has its mode.
    pub(crate) async fn listen(&self, backlog: u32) -> io::Result<(UnixListener, BoundFile)> {
        let named =
            |error: io::Error| io::Error::new(error.kind(), format!("unix:{}: {error}", self.path.display()));
        // Held to the end: a socket that is bound but does not listen yet looks like that of a dead server.
        let _turn = self.turn().await;
        self.clear().await.map_err(named)?;
        let socket = UnixSocket::new_stream().map_err(named)?;
        // Linux makes the file with the mode of the socket, less the umask. Elsewhere this has no effect.
        let _ = fchmod(&socket, raw(self.mode));
        socket.bind(self.path).map_err(named)?;
        let file = BoundFile::of(self.path).map_err(named)?;
        set_mode(self.path, file.identity, self.mode).map_err(named)?;
        Ok((socket.listen(backlog).map_err(named)?, file))
    }

    /// Waits until no other server replaces a file in the directory. A directory that may not be read, or
    /// whose file system has no locks, cannot be locked. Servers must not be started there at the same time.
    async fn turn(&self) -> Option<File> {
        /// Others need microseconds.
        const PATIENCE: Duration = Duration::from_secs(5);
        const PAUSE: Duration = Duration::from_millis(10);
        let folder = match self.path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let folder = File::open(folder).ok()?;
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            match folder.try_lock() {
                Ok(()) => return Some(folder),
                Err(TryLockError::Error(_)) => return None,
                // Every user who may read the directory can lock it, which must not keep a server from
                // starting.
                Err(TryLockError::WouldBlock) if tokio::time::Instant::now() >= deadline => {
                    tracing::warn!(
                        name: "socket-locked",
                        path = %self.path.display(),
                        "somebody keeps the directory of the socket locked; going on without"
                    );
                    return None;
                }
                Err(TryLockError::WouldBlock) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// Removes the socket that a dead server has left. Any other file stays.
    async fn clear(&self) -> io::Result<()> {
        let found = match fs::symlink_metadata(self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            found => found?,
        };
        if !found.file_type().is_socket() {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "there is a file that is not a socket; remove it, or name another path",
            ));
        }
        match UnixStream::connect(&self.path).await {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(self.path),
            // Its queue is full, so a server listens.
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Err(io::Error::new(
                io::ErrorKind::AddrInUse,
                "a server listens there already; stop it, or name another path",
            )),
        }
    }
}

/// The file of a listening socket. Dropping it removes the file, unless another server has replaced the file or will
/// remove it.
#[derive(Debug)]
pub(crate) struct BoundFile {
    path: PathBuf,
    identity: Identity,
    is_left: AtomicBool,
}

/// Device and inode.
type Identity = (u64, u64);

impl BoundFile {
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        // Absolute, so that the file is found again after a change of the working directory.
        let path = std::path::absolute(path)?;
        let identity = identity(&path)?;
        Ok(Self { path, identity, is_left: AtomicBool::new(false) })
    }

    /// Leaves the file to another server, which removes it.
    pub(crate) fn leave(&self) {
        self.is_left.store(true, Ordering::Release);
    }
}

fn identity(path: &Path) -> io::Result<Identity> {
    fs::symlink_metadata(path).map(|file| identity_of(&file))
}

fn identity_of(file: &Metadata) -> Identity {
    (file.dev(), file.ino())
}

fn raw(mode: u32) -> Mode {
    Mode::from_raw_mode(mode as RawMode)
}

/// Sets the mode of a socket that was just bound, and of nothing else. A user who may write to the directory could put
/// a link to any file in its place, and `chmod` follows links.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn set_mode(path: &Path, bound: Identity, mode: u32) -> io::Result<()> {
    use std::os::fd::AsRawFd as _;
    use std::os::unix::fs::PermissionsExt as _;

    use rustix::fs::OFlags;

    let file = rustix::fs::open(path, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
    let file = File::from(file);
    let found = file.metadata()?;
    check_is_bound(&found, bound)?;
    // True unless the umask removed something.
    if found.mode() & 0o7777 == mode {
        return Ok(());
    }
    // `fchmod` does not take such a descriptor. This link leads to the very file that it was opened for.
    let link = format!("/proc/self/fd/{}", file.as_raw_fd());
    fs::set_permissions(link, fs::Permissions::from_mode(mode)).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => io::Error::other(format!(
            "its mode cannot be set to {mode:o} without /proc; mount it, or start the server with the umask 0"
        )),
        _ => error,
    })
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn set_mode(path: &Path, bound: Identity, mode: u32) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, chmodat};

    check_is_bound(&fs::symlink_metadata(path)?, bound)?;
    Ok(chmodat(CWD, path, raw(mode), AtFlags::SYMLINK_NOFOLLOW)?)
}

fn check_is_bound(found: &Metadata, bound: Identity) -> io::Result<()> {
    if found.file_type().is_socket() && identity_of(found) == bound {
        return Ok(());
    }
    Err(io::Error::other("somebody has replaced the socket; let nobody else write to its directory"))
}

impl Drop for BoundFile {
    fn drop(&mut self) {
        if !self.is_left.load(Ordering::Acquire)
            && identity(&self.path).is_ok_and(|found| found == self.identity)
        {
            // The next server at this path replaces a file that could not be removed.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::os::unix::net::UnixListener;

    use super::*;

    fn mode_of(path: &Path) -> u32 {
        fs::symlink_metadata(path).expect("it is there").mode() & 0o7777
    }

    /// Binds a socket, puts something else in its place, and expects that the mode of that stays.
    fn expect_untouched(replace: impl FnOnce(&Path, &Path)) {
        let directory = tempfile::tempdir().expect("a directory can be made");
        let (path, victim) = (directory.path().join("socket"), directory.path().join("victim"));
        let _socket = UnixListener::bind(&path).expect("the path is free");
        let bound = identity(&path).expect("it is bound");
        fs::rename(&path, directory.path().join("aside")).expect("the directory is ours");
        replace(&path, &victim);
        let before = mode_of(&victim);
        let error = set_mode(&path, bound, 0o666).expect_err("it is not the socket");
        assert!(error.to_string().starts_with("somebody has replaced the socket"), "{error}");
        assert_eq!(mode_of(&victim), before);
        assert_ne!(before, 0o666);
    }

    fn private_file(path: &Path) {
        fs::write(path, "secret").expect("it can be written");
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("it is ours");
    }

    fn private_socket(path: &Path) {
        drop(UnixListener::bind(path).expect("the path is free"));
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("it is ours");
    }

    #[test]
    fn sets_no_mode_through_a_link() {
        expect_untouched(|path, victim| {
            private_file(victim);
            symlink(victim, path).expect("the path is free");
        });
        expect_untouched(|path, victim| {
            private_socket(victim);
            symlink(victim, path).expect("the path is free");
        });
        // A link to the bound socket itself is a link all the same.
        expect_untouched(|path, victim| {
            symlink(path.with_file_name("aside"), path).expect("the path is free");
            private_file(victim);
        });
    }

    #[test]
    fn sets_no_mode_of_another_file() {
        expect_untouched(|path, victim| {
            private_file(victim);
            fs::hard_link(victim, path).expect("the path is free");
        });
        expect_untouched(|path, victim| {
            private_socket(victim);
            fs::hard_link(victim, path).expect("the path is free");
        });
    }

    #[test]
    fn sets_the_mode_of_the_bound_socket() {
        let directory = tempfile::tempdir().expect("a directory can be made");
        let path = directory.path().join("socket");
        let _socket = UnixListener::bind(&path).expect("the path is free");
        let bound = identity(&path).expect("it is bound");
        for mode in [0o600, 0o660, 0o666, 0o666, 0o000, 0o777] {
            set_mode(&path, bound, mode).expect("it is the socket");
            assert_eq!(mode_of(&path), mode);
        }
    }
}
