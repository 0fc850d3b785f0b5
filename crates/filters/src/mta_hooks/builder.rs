//! The options of the filter.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::{HookStage, MtaHooks};
use crate::OnFailure;
use crate::bounds::Bounds;
use crate::dns::HostNames;
use crate::http_client::{HttpClient, ScannerUrl, header_value};

const TIMEOUT: Duration = Duration::from_secs(30);
const MAX_SIZE: u64 = 50 * 1024 * 1024;
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// The options of [`MtaHooks`], made by [`MtaHooks::builder`].
///
/// # Examples
/// ```
/// use mailchute_filters::mta_hooks::{HookStage, MtaHooks};
///
/// let hooks = MtaHooks::builder("http://127.0.0.1:8080/hook")?
///     .stages([HookStage::Rcpt, HookStage::Data])
///     .basic_auth("mailchute", "s3cret")
///     .name("policy")
///     .open()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "it does nothing until it is opened"]
pub struct MtaHooksBuilder {
    server: ScannerUrl,
    ca: Option<PathBuf>,
    pub(super) name: Cow<'static, str>,
    pub(super) stages: Vec<HookStage>,
    pub(super) header: HeaderMap,
    pub(super) max_size: u64,
    pub(super) quarantine_into: String,
    pub(super) bounds: Bounds,
    pub(super) host_names: Option<HostNames>,
    pub(super) max_answer: usize,
}

impl MtaHooksBuilder {
    pub(super) fn new(server: ScannerUrl) -> Self {
        let mut header = HeaderMap::new();
        header.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Self {
            server,
            ca: None,
            name: Cow::Borrowed("http"),
            stages: vec![HookStage::Data],
            header,
            max_size: MAX_SIZE,
            quarantine_into: "Junk".to_owned(),
            bounds: Bounds::new(TIMEOUT),
            host_names: None,
            max_answer: MAX_ANSWER,
        }
    }

    /// Sets the stages at which the web server is asked. The default is [`HookStage::Data`] alone.
    pub fn stages(mut self, stages: impl IntoIterator<Item = HookStage>) -> Self {
        self.stages = stages.into_iter().collect();
        self
    }

    /// Sets the name of the filter in findings and in the log. The default is `http`: `http=accept`. With several filters of
    /// this kind each needs a name.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Trusts the authorities in this PEM file, instead of those of the system.
    pub fn ca(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca = Some(path.into());
        self
    }

    /// Sends user and password with each request (RFC 7617).
    pub fn basic_auth(self, user: &str, password: &str) -> Self {
        let credentials = STANDARD.encode(format!("{user}:{password}"));
        self.insert(AUTHORIZATION, &format!("Basic {credentials}"))
    }

    /// Sends a token with each request (RFC 6750).
    pub fn bearer_token(self, token: &str) -> Self {
        self.insert(AUTHORIZATION, &format!("Bearer {token}"))
    }

    fn insert(mut self, name: HeaderName, value: &str) -> Self {
        let mut value = header_value(value);
        value.set_sensitive(true);
        self.header.insert(name, value);
        self
    }

    /// Sets the size in bytes up to which messages are sent. The default is 50 MiB. Longer ones pass, and their finding is
    /// `http=skipped`.
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.max_size = bytes;
        self
    }

    /// Sets how many bytes an answer may have. The default is 16 MiB, since an answer may replace the contents of a message.
    /// So much is held in memory, and longer answers are failures.
    pub fn max_answer(mut self, bytes: usize) -> Self {
        self.max_answer = bytes;
        self
    }

    /// Sets the [directory](mailchute::Message::file_into) of messages of the action `quarantine`. The default is `Junk`.
    pub fn quarantine_into(mut self, directory: impl Into<String>) -> Self {
        self.quarantine_into = directory.into();
        self
    }

    /// Sets how long an answer may take. For messages the time begins when the whole message has come. The default is 30 s.
    pub fn timeout(mut self, time: Duration) -> Self {
        self.bounds.time = time;
        self
    }

    /// Sets what happens when the web server does not answer. The default is [`OnFailure::TempFail`].
    pub fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.bounds.on_failure = on_failure;
        self
    }

    /// Looks up the client's host name, and tells it. By default only a name is told that a proxy has told.
    pub fn host_names(mut self, names: HostNames) -> Self {
        self.host_names = Some(names);
        self
    }

    /// Makes the filter. No connection is made before the first request.
    ///
    /// # Errors
    /// An error if the file of [authorities](Self::ca) cannot be read.
    pub fn open(self) -> io::Result<MtaHooks> {
        let client = HttpClient::open(&self.server, "/", self.ca.as_deref(), self.max_answer)?;
        Ok(MtaHooks { options: self, client: Arc::new(client) })
    }
}

/// Without credentials.
impl fmt::Debug for MtaHooksBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MtaHooksBuilder")
            .field("server", &self.server)
            .field("name", &self.name)
            .field("stages", &self.stages)
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}
