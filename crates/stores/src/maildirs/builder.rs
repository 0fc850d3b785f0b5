//! Options of Maildirs.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::mistake::PlaceError;
use super::place::Place;
use super::{Inner, Maildirs};
use crate::maildir::LineEnds;
use crate::maildir::MaildirBuilder;
use crate::maildir::access::{Access, give_to_group};
use crate::maildir::intents::Intents;
use crate::maildir::quota::Quota;
use crate::template::Template;
use crate::url_options;

/// Options of [`Maildirs`]. Returned by [`Maildirs::builder`].
///
/// Its `Display` is the URL of such a store.
///
/// # Examples
/// ```
/// use mailchute_stores::{Maildirs, Template};
///
/// let options = Maildirs::builder(Template::parse("/var/mail/{domain}/{user}")?)?.file_mode(0o660);
/// assert_eq!(options.to_string(), "maildir:/var/mail/{domain}/{user}?mode=0660");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is opened"]
pub struct MaildirsBuilder {
    place: Place,
    file_mode: Option<u32>,
    line_ends: LineEnds,
    quota: Quota,
}

impl MaildirsBuilder {
    pub(super) fn new(template: Template) -> Result<Self, PlaceError> {
        let (line_ends, quota) = (LineEnds::default(), Quota::default());
        Ok(Self { place: Place::new(template)?, file_mode: None, line_ends, quota })
    }

    /// Sets the mode of the files of messages, as [`MaildirBuilder::file_mode`] does. New directories and files belong
    /// to the group of the Maildir, or else to that of the directory in which all Maildirs are.
    ///
    /// By default an existing Maildir decides for its files, and that directory for new Maildirs.
    pub fn file_mode(mut self, mode: u32) -> Self {
        self.file_mode = Some(mode);
        self
    }

    /// Sets how lines end in the files. Default is [`LineEnds::Lf`], as the readers of a Maildir expect it.
    pub fn line_ends(mut self, line_ends: LineEnds) -> Self {
        self.line_ends = line_ends;
        self
    }

    /// Sets how many bytes of messages a user may have, in all directories of the Maildir together. By default there
    /// are no limits.
    ///
    /// A message for which there is no room gets `452 4.2.2`: at RCPT if the client has declared its SIZE or the Maildir is
    /// full, else at the end. One that is larger than this gets `552 5.2.3`. Sizes are those in the names of files
    /// (`,S=SIZE`). Deleted mail makes room at once; mail of other programs counts after ten seconds at the latest.
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.quota.bytes = Some(bytes);
        self
    }

    /// Sets how many messages a user may have. By default there are no limits. All else is as for [`max_size`](Self::max_size).
    pub fn max_messages(mut self, messages: u64) -> Self {
        self.quota.messages = Some(messages);
        self
    }

    pub(super) fn quota(&self) -> Quota {
        self.quota
    }

    /// Returns the template of a Maildir's path.
    pub(crate) fn template(&self) -> &Template {
        self.place.template()
    }

    /// Returns the directory in which all Maildirs are, as it is written.
    pub(crate) fn path(&self) -> &Path {
        self.place.root()
    }

    pub(crate) fn directory_mode(&self) -> u32 {
        Access::of(self.file_mode, None).directories()
    }

    pub(super) fn line_ends_of_files(&self) -> LineEnds {
        self.line_ends
    }

    /// Opens the store, and makes the directory in which all Maildirs are, if it is missing, and `.mailchute` in it.
    ///
    /// It also takes back copies of messages that were not answered before a crash. The call blocks.
    ///
    /// # Errors
    /// An error if a directory can be neither found nor made, or if no file can be written. It names the path. Also an
    /// error if the mode is not one of `0o600` to `0o666` with which the owner can read and write.
    pub fn open(self) -> io::Result<Maildirs> {
        self.file_mode.map_or(Ok(()), MaildirBuilder::check_file_mode)?;
        let place = self.place.clone().absolute()?;
        let found = fs::metadata(place.root()).ok();
        let access = Access::of(self.file_mode, found.as_ref()).giving_by(give_to_group);
        let intents = Intents::open(place.root(), &access)?;
        Ok(Maildirs(Arc::new(Inner {
            place,
            access,
            options: self,
            intents: Arc::new(intents),
            shown: Arc::default(),
            opened: Default::default(),
        })))
    }
}

impl fmt::Display for MaildirsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "maildir:{}", self.place.template())?;
        let mode = self.file_mode.map(|mode| format!("mode={mode:04o}"));
        let line_ends = (self.line_ends == LineEnds::Crlf).then(|| "line-ends=crlf".to_owned());
        let size = self.quota.bytes.map(|bytes| format!("max-size={}", units(bytes)));
        let messages = self.quota.messages.map(|messages| format!("max-messages={messages}"));
        let options: Vec<_> = [mode, line_ends, size, messages].into_iter().flatten().collect();
        url_options::write(f, &options)
    }
}

/// Writes bytes with the largest unit that divides them.
fn units(bytes: u64) -> String {
    let unit =
        [('G', 30), ('M', 20), ('K', 10)].into_iter().find(|(_, bits)| bytes.trailing_zeros() >= *bits);
    match unit.filter(|_| bytes > 0) {
        Some((name, bits)) => format!("{}{name}", bytes >> bits),
        None => bytes.to_string(),
    }
}
