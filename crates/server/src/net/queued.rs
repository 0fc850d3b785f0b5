//! A message that a queue of the same mail system hands over.

use std::sync::Arc;
use std::time::SystemTime;

/// The facts of a message that a queue hands over: see [`Arrival::queued`](crate::listen::Arrival::queued).
///
/// # Examples
/// ```
/// use std::time::SystemTime;
///
/// use mailchute::listen::Queued;
///
/// let queued = Queued::new("MAIL-1042", SystemTime::now()).repeated(true);
/// assert!(queued.is_repeated());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    name: Arc<str>,
    since: SystemTime,
    is_repeated: bool,
    directory: Option<Arc<str>>,
}

impl Queued {
    /// Makes the facts of a message. `name` names it in the whole mail system and for ever: no other message may have it.
    /// `since` is the time at which the queue took it, which is the same at each try.
    pub fn new(name: impl Into<Arc<str>>, since: SystemTime) -> Self {
        Self { name: name.into(), since, is_repeated: false, directory: None }
    }

    /// Sets whether the message may have been delivered before, at least to some recipients. Default is no. A store may
    /// then search for what it has.
    #[must_use]
    pub fn repeated(mut self, is_repeated: bool) -> Self {
        self.is_repeated = is_repeated;
        self
    }

    /// Sets the directory that a filter has asked for before the message was queued. [`Message::directory`] returns it, if
    /// it is one that [`Message::file_into`] takes. Default is none.
    ///
    /// [`Message::directory`]: crate::Message::directory
    /// [`Message::file_into`]: crate::Message::file_into
    #[must_use]
    pub fn directory(mut self, directory: impl Into<Arc<str>>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Returns the id of the message.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the time at which the queue took it.
    #[must_use]
    pub fn since(&self) -> SystemTime {
        self.since
    }

    pub(crate) fn asked_directory(&self) -> Option<&Arc<str>> {
        self.directory.as_ref()
    }

    /// Returns whether the message may have been delivered before.
    #[must_use]
    pub fn is_repeated(&self) -> bool {
        self.is_repeated
    }
}
