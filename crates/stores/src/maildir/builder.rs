//! Options of a Maildir.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::access::Access;
use super::directories::Directories;
use super::draft::Draft;
use super::leftovers::{self, Sweeper};
use super::name::Names;
use super::shown::Shown;
use super::sync::DirectorySync;
use super::{LineEnds, Maildir, Shared};

/// Options of a [`Maildir`], made by [`Maildir::builder`].
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
#[must_use = "nothing is made before it is opened"]
pub struct MaildirBuilder {
    path: PathBuf,
    file_mode: Option<u32>,
    line_ends: LineEnds,
}

impl MaildirBuilder {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), file_mode: None, line_ends: LineEnds::default() }
    }

    /// The mode of the files of messages, whatever the umask. Directories that are made have it too, and whoever may
    /// read files may search them: `0o660` makes directories of mode `0o770`. What is made belongs to the group of the
    /// directory, if the process may give it to that group.
    ///
    /// By default the group of an existing directory may do with files what it may do with the directory, as with
    /// Dovecot: in one of mode `0o770` or `0o2770` files have `0o660`, and directories that are missing in it have its
    /// mode. Where the process may not give files to that group, they have `0o600`. Others are never given anything by
    /// default, and neither is a group that may do no more than others, as in `0o755`. A Maildir that is made is the
    /// owner's alone. The mode of the directory is looked at when it is opened.
    pub fn file_mode(mut self, mode: u32) -> Self {
        self.file_mode = Some(mode);
        self
    }

    /// How lines end in the files. Default is [`LineEnds::Lf`], as the readers of a Maildir expect it.
    pub fn line_ends(mut self, line_ends: LineEnds) -> Self {
        self.line_ends = line_ends;
        self
    }

    /// Whether the owner may read and write a file of this mode, and nobody execute it.
    pub(crate) fn is_file_mode(mode: u32) -> bool {
        mode & 0o600 == 0o600 && mode & !0o666 == 0
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn directory_mode(&self) -> u32 {
        self.file_mode.map_or(Access::PRIVATE, |mode| Access::fixed(mode, None)).directories()
    }

    /// Opens the Maildir, and makes what is missing of it: the directory itself, those above it, and `tmp`, `new` and
    /// `cur` in it.
    ///
    /// It also removes left-overs of deliveries that never ended, and tries whether a file can be written. All this
    /// blocks.
    ///
    /// # Errors
    /// When a directory can be neither found nor made, or no file can be written; then the error names the path. When
    /// the mode keeps the owner from a file, or is not one of `0o600` to `0o666`.
    pub fn open(self) -> io::Result<Maildir> {
        if let Some(mode) = self.file_mode
            && !Self::is_file_mode(mode)
        {
            let wrong = format!("files cannot have the mode {mode:04o}; take 0600 to 0666, such as 0660");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, wrong));
        }
        let directories = Directories::create(&self.path, self.file_mode)?;
        let names = Names::new();
        leftovers::remove(&directories.tmp, &names);
        let shared = Arc::new(Shared {
            directories,
            names,
            line_ends: self.line_ends,
            sync: DirectorySync::default(),
            shown: Shown::default(),
            sweeper: Sweeper::default(),
        });
        let trial = Draft::create(&shared)?;
        if !trial.has_mode() {
            tracing::warn!(
                name: "group-locked-out",
                path = %shared.directories.root.display(),
                "the group of this directory cannot read mail in it, as files cannot be given to that group; let the \
                 server's user be a member of it, or set the set-group-ID bit of tmp"
            );
        }
        drop(trial);
        Ok(Maildir(shared))
    }
}
