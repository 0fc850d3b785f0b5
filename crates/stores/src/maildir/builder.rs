//! Options of a Maildir.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::access::{Access, GiveToGroup, give_to_group};
use super::directories::Directories;
use super::draft::Draft;
use super::{LineEnds, Maildir, Shared};

/// Options of a [`Maildir`]. Returned by [`Maildir::builder`].
///
/// # Examples
/// ```
/// use mailchute_stores::Maildir;
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("mail");
/// let store = Maildir::builder(path).file_mode(0o660).open()?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is opened"]
pub struct MaildirBuilder {
    path: PathBuf,
    file_mode: Option<u32>,
    line_ends: LineEnds,
    give_to_group: GiveToGroup,
}

impl MaildirBuilder {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), file_mode: None, line_ends: LineEnds::default(), give_to_group }
    }

    /// Sets the mode of the files of messages, whatever the umask. New directories get it too, and users who
    /// can read files can search directories: `0o660` makes directories of mode `0o770`. New files and
    /// directories belong to the group of the Maildir's directory, if the process may give them to that
    /// group.
    ///
    /// By default the group of an existing directory gets the same rights for files as for the directory, as
    /// in Dovecot. In a directory of mode `0o770` or `0o2770`, files have `0o660`, and missing directories
    /// are made with its mode. If the process may not give files to that group, they have `0o600`. Others
    /// never get any rights by default. Nor does a group that has no more rights than others, as in `0o755`.
    /// A new Maildir belongs to its owner only. The mode of the directory is read when the Maildir is opened.
    pub fn file_mode(mut self, mode: u32) -> Self {
        self.file_mode = Some(mode);
        self
    }

    /// Sets how lines end in the files. Default is [`LineEnds::Lf`], as the readers of a Maildir expect it.
    pub fn line_ends(mut self, line_ends: LineEnds) -> Self {
        self.line_ends = line_ends;
        self
    }

    /// Returns whether the owner may read and write a file of this mode, and nobody may execute it.
    pub(crate) fn is_file_mode(mode: u32) -> bool {
        mode & 0o600 == 0o600 && mode & !0o666 == 0
    }

    /// Returns the error of a mode that files cannot have.
    pub(crate) fn check_file_mode(mode: u32) -> io::Result<()> {
        if Self::is_file_mode(mode) {
            return Ok(());
        }
        let wrong = format!("files cannot have the mode {mode:04o}; take 0600 to 0666, such as 0660");
        Err(io::Error::new(io::ErrorKind::InvalidInput, wrong))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn directory_mode(&self) -> u32 {
        self.file_mode.map_or(Access::PRIVATE, |mode| Access::fixed(mode, None)).directories()
    }

    /// Opens the Maildir, and makes what is missing: the directory itself, its parents, and `tmp`, `new` and
    /// `cur` in it.
    ///
    /// It also removes files of deliveries that never ended, and tests whether a file can be written. The
    /// call blocks.
    ///
    /// # Errors
    /// An error if a directory can be neither found nor made, or if no file can be written. It names the
    /// path. Also an error if the mode is not one of `0o600` to `0o666` with which the owner can read and
    /// write.
    pub fn open(self) -> io::Result<Maildir> {
        self.file_mode.map_or(Ok(()), Self::check_file_mode)?;
        let directories = Directories::create(&self.path, self.file_mode, self.give_to_group)?;
        let shared = Arc::new(Shared::new(directories, self.line_ends, Arc::default()));
        let trial = Draft::create(&shared)?;
        if !trial.has_mode() {
            tracing::warn!(
                name: "group-locked-out",
                path = %shared.directories.root.display(),
                "the group of this directory cannot read mail in it, since files cannot be given to that group; let the \
                 server's user be a member of it, or set the set-group-ID bit of tmp"
            );
        }
        drop(trial);
        for path in shared.directories.closed_to_group() {
            tracing::warn!(
                name: "group-locked-out",
                path = %path.display(),
                "the group of the Maildir cannot enter this directory of it; give it the group and mode of the Maildir"
            );
        }
        Ok(Maildir(shared))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

    use std::fs::{self, Permissions};
    use std::io::Write;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::sync::{Mutex, Once, PoisonError};

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(octets);
            Ok(octets.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The log of opening the Maildir.
    fn log_of(builder: MaildirBuilder) -> String {
        /// A subscriber of the whole process wants everything, so that tests on other threads turn no lines off.
        static WANT_EVERYTHING: Once = Once::new();
        WANT_EVERYTHING.call_once(|| {
            let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry());
        });
        let log = Log::default();
        let writer = log.clone();
        let subscriber =
            tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, || drop(builder.open().unwrap()));
        let text = log.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        String::from_utf8(text).unwrap()
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_group_that_cannot_be_given_gets_nothing_and_is_logged() {
        let directory = tempfile::tempdir().unwrap();
        set_mode(directory.path(), 0o770);
        let mut builder = Maildir::builder(directory.path());
        builder.give_to_group = |_, _| false;
        let log = log_of(builder.clone());
        assert!(log.contains("files cannot be given to that group"), "{log}");
        let maildir = builder.open().unwrap();
        let draft = Draft::create(&maildir.0).unwrap();
        let file = fs::read_dir(directory.path().join("tmp")).unwrap().next().unwrap().unwrap();
        assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(directory.path().join("new")).unwrap().mode() & 0o777, 0o700);
        drop(draft);
    }

    #[test]
    fn a_directory_that_keeps_the_group_out_is_logged() {
        for (root, new, cur, expected) in [
            (0o700, 0o700, 0o700, &[][..]),
            (0o2770, 0o2770, 0o2770, &[]),
            (0o2770, 0o700, 0o700, &["new", "cur"]),
            (0o770, 0o770, 0o760, &["cur"]),
            (0o770, 0o710, 0o770, &["new"]),
            (0o750, 0o750, 0o750, &[]),
            (0o755, 0o700, 0o700, &[]),
        ] {
            let directory = tempfile::tempdir().unwrap();
            drop(Maildir::open(directory.path()).unwrap());
            set_mode(&directory.path().join("new"), new);
            set_mode(&directory.path().join("cur"), cur);
            set_mode(directory.path(), root);
            let log = log_of(Maildir::builder(directory.path()));
            let paths = expected.iter().map(|name| format!("path={}", directory.path().join(name).display()));
            assert_eq!(log.lines().count(), expected.len(), "{root:o} {new:o} {cur:o}: {log}");
            paths.for_each(|path| assert!(log.contains(&path), "{path}: {log}"));
        }
    }
}
