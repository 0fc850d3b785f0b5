//! `use = "rspamd"`: rspamd by HTTP.

use std::io;

use mailchute_filters::ScannerUrl;
use mailchute_filters::dns::HostNames;
use mailchute_filters::rspamd::Rspamd;
use mailchute_stores::SecretSource;

use crate::options::filters::common::zero_times;
use crate::options::filters::directory::directory;
use crate::options::filters::kind::{Check, Kind, Needs, Place, Stage};
use crate::options::filters::on_failure::OnFailureOption;
use crate::options::filters::scanner_server;
use crate::options::paths;
use crate::options::size::Size;
use crate::options::time_span::TimeSpan;

/// rspamd by HTTP: a worker of rspamd gets each message, and its action is carried out, with all its edits.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct RspamdOptions {
    /// The worker of rspamd, of the kind `normal` or `rspamd_proxy`
    #[arg(long, value_name = "http://HOST:PORT|https://HOST|unix:PATH")]
    pub(crate) url: ScannerUrl,

    /// The password of the worker
    #[arg(long, value_name = "file:PATH|env:NAME", value_parser = paths::secret)]
    pub(crate) secret: Option<SecretSource>,

    /// The settings of rspamd that apply
    #[arg(long, value_name = "ID")]
    pub(crate) settings: Option<String>,

    /// The largest message that rspamd gets. Larger ones pass, with the finding rspamd=skipped
    #[arg(long, value_name = "SIZE", default_value = "50M")]
    pub(crate) max_size: Size,

    /// How long an answer may take, once the message has come
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub(crate) timeout: TimeSpan,

    /// The choice while it does not answer: tempfail lets clients try again later, accept goes on without it
    #[arg(long, value_name = "ACTION", value_enum, default_value_t)]
    pub(crate) on_failure: OnFailureOption,

    /// The directory of a Maildir for spam: messages of the actions add header and rewrite subject [default: that of all
    /// mail]
    #[arg(long, value_name = "DIRECTORY", value_parser = directory)]
    pub(crate) spam_into: Option<String>,

    /// The directory of a Maildir for messages of the action quarantine
    #[arg(long, value_name = "DIRECTORY", default_value = "Junk", value_parser = directory)]
    pub(crate) quarantine_into: String,

    /// Add X-Spamd-Result with score and symbols
    #[arg(long)]
    pub(crate) result_field: bool,
}

impl RspamdOptions {
    /// Makes the filter. It tells the scanner of the client's name, if `names` can look it up.
    ///
    /// # Errors
    /// The secret cannot be read.
    pub(crate) fn filter(&self, names: Option<HostNames>) -> io::Result<Rspamd> {
        let mut builder = Rspamd::to(self.url.clone())
            .max_size(self.max_size.0)
            .timeout(self.timeout.duration())
            .on_failure(self.on_failure.into())
            .quarantine_into(self.quarantine_into.clone())
            .result_field(self.result_field);
        if let Some(secret) = &self.secret {
            builder = builder.password(secret.read()?.as_str());
        }
        if let Some(settings) = &self.settings {
            builder = builder.settings_id(settings.clone());
        }
        if let Some(directory) = &self.spam_into {
            builder = builder.spam_into(directory.clone());
        }
        if let Some(names) = names {
            builder = builder.host_names(names);
        }
        builder.open()
    }
}

impl Kind for RspamdOptions {
    const NAME: &'static str = "rspamd";
    const DECIDES: Stage = Stage::Message;

    fn place(&self) -> Place {
        Place::AfterRecipients
    }

    fn checks(&self) -> Vec<Check> {
        // A site may define actions.
        vec![Check { name: "rspamd".into(), results: &[], known: Stage::Message }]
    }

    fn files_into(&self) -> Vec<&str> {
        self.spam_into.iter().chain([&self.quarantine_into]).map(String::as_str).collect()
    }

    fn secret(&self) -> Option<&SecretSource> {
        self.secret.as_ref()
    }

    fn needs(&self) -> Needs {
        scanner_server::needs(&self.url)
    }

    fn mistakes(&self) -> Vec<(&'static str, String)> {
        zero_times(&[("timeout", self.timeout)])
    }

    fn warnings(&self) -> Vec<(&'static str, String)> {
        scanner_server::warnings(&self.url)
    }
}
