//! The options of the filter.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::Rspamd;
use crate::OnFailure;
use crate::bounds::Bounds;
use crate::dns::HostNames;
use crate::http_client::{HttpClient, ScannerUrl};

/// rspamd itself takes 8 s for a message unless it is told otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);

/// As rspamd's own `max_message`.
const MAX_SIZE: u64 = 50 * 1024 * 1024;

/// The longest answer in bytes.
const MAX_ANSWER: usize = 1024 * 1024;

/// The options of [`Rspamd`], made by [`Rspamd::builder`].
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use mailchute_filters::OnFailure;
/// use mailchute_filters::rspamd::Rspamd;
///
/// let rspamd = Rspamd::builder("unix:/run/rspamd/worker.sock")?
///     .timeout(Duration::from_secs(10))
///     .on_failure(OnFailure::Accept)
///     .spam_into("Junk")
///     .open()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "it does nothing until it is opened"]
pub struct RspamdBuilder {
    server: ScannerUrl,
    ca: Option<PathBuf>,
    pub(super) password: Option<String>,
    pub(super) settings: Option<String>,
    pub(super) max_size: u64,
    pub(super) bounds: Bounds,
    pub(super) host_names: Option<HostNames>,
    pub(super) spam_into: Option<String>,
    pub(super) quarantine_into: String,
    pub(super) has_result_field: bool,
}

impl RspamdBuilder {
    pub(super) fn new(server: ScannerUrl) -> Self {
        Self {
            server,
            ca: None,
            password: None,
            settings: None,
            max_size: MAX_SIZE,
            bounds: Bounds::new(TIMEOUT),
            host_names: None,
            spam_into: None,
            quarantine_into: "Junk".to_owned(),
            has_result_field: false,
        }
    }

    /// Trusts the authorities in this PEM file, instead of those of the system.
    pub fn ca(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca = Some(path.into());
        self
    }

    /// Sends this password, if the worker of rspamd demands one. The default is none.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Names the [settings](https://rspamd.com/doc/configuration/settings.html) of rspamd that apply. The default is none.
    pub fn settings_id(mut self, id: impl Into<String>) -> Self {
        self.settings = Some(id.into());
        self
    }

    /// Sets the size in bytes up to which messages are checked. The default is 50 MiB, as in rspamd. Longer ones pass, and
    /// their finding is `rspamd=skipped`.
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.max_size = bytes;
        self
    }

    /// Sets how long an answer may take once the message has come. The default is 30 s.
    pub fn timeout(mut self, time: Duration) -> Self {
        self.bounds.time = time;
        self
    }

    /// Sets what happens to messages when rspamd does not answer. The default is [`OnFailure::TempFail`].
    pub fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.bounds.on_failure = on_failure;
        self
    }

    /// Asks the store to keep messages of the actions `add header` and `rewrite subject` in this
    /// [directory](mailchute::Message::file_into), such as `Junk`. The default is none: they go where all mail goes.
    pub fn spam_into(mut self, directory: impl Into<String>) -> Self {
        self.spam_into = Some(directory.into());
        self
    }

    /// Sets the [directory](mailchute::Message::file_into) of messages of the action `quarantine`. The default is `Junk`.
    pub fn quarantine_into(mut self, directory: impl Into<String>) -> Self {
        self.quarantine_into = directory.into();
        self
    }

    /// Adds the field `X-Spamd-Result:` with score and symbols, and removes those that clients send. The default is off,
    /// since rspamd can add such fields by itself (its module `milter_headers`).
    pub fn result_field(mut self, is_on: bool) -> Self {
        self.has_result_field = is_on;
        self
    }

    /// Looks up the client's host name, and tells it. By default only a name is told that a proxy has told.
    pub fn host_names(mut self, names: HostNames) -> Self {
        self.host_names = Some(names);
        self
    }

    /// Makes the filter. No connection is made before the first message.
    ///
    /// # Errors
    /// An error if the file of [authorities](Self::ca) cannot be read.
    pub fn open(self) -> io::Result<Rspamd> {
        let client = HttpClient::open(&self.server, "/checkv2", self.ca.as_deref(), MAX_ANSWER)?;
        Ok(Rspamd { options: self, client: Arc::new(client) })
    }
}

/// Without the password.
impl fmt::Debug for RspamdBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RspamdBuilder")
            .field("server", &self.server)
            .field("settings", &self.settings)
            .field("max_size", &self.max_size)
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}
