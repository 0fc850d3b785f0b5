//! `use = "http"`: MTA Hooks, a web server that decides.

use std::io;

use mailchute_filters::ScannerUrl;
use mailchute_filters::dns::HostNames;
use mailchute_filters::mta_hooks::{HookStage, MtaHooks};
use mailchute_stores::SecretSource;

use crate::options::filters::common::{check_name, zero_times};
use crate::options::filters::directory::directory;
use crate::options::filters::kind::{Check, Kind, Needs, Place, Stage};
use crate::options::filters::on_failure::OnFailureOption;
use crate::options::filters::scanner_server;
use crate::options::paths;
use crate::options::size::Size;
use crate::options::time_span::TimeSpan;

/// MTA Hooks: a web server that decides at the stages of a session, by JSON as in Stalwart. It gets every byte of a message,
/// and all its modifications are made.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct HttpOptions {
    /// The web server
    #[arg(long, value_name = "http://HOST:PORT/PATH|https://HOST/PATH|unix:PATH")]
    pub(crate) url: ScannerUrl,

    /// Its name in the log and for unless, such as policy: policy=accept. Give each one another name
    #[arg(long, value_name = "NAME", default_value = "http", value_parser = check_name)]
    pub(crate) name: String,

    /// The stages at which it is asked: connect, ehlo, auth, mail, rcpt, data
    #[arg(long, value_name = "STAGE", default_value = "data")]
    pub(crate) stages: Vec<HookStage>,

    /// The user of HTTP Basic, whose password is the secret
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,

    /// The password of the user, or without a user a bearer token
    #[arg(long, value_name = "file:PATH|env:NAME", value_parser = paths::secret)]
    pub(crate) secret: Option<SecretSource>,

    /// The largest message that it gets. Larger ones pass, with the finding NAME=skipped
    #[arg(long, value_name = "SIZE", default_value = "50M")]
    pub(crate) max_size: Size,

    /// How long an answer may take, for a message once all of it has come
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub(crate) timeout: TimeSpan,

    /// The choice while it does not answer: tempfail lets clients try again later, accept goes on without it
    #[arg(long, value_name = "ACTION", value_enum, default_value_t)]
    pub(crate) on_failure: OnFailureOption,

    /// The directory of a Maildir for messages that it quarantines
    #[arg(long, value_name = "DIRECTORY", default_value = "Junk", value_parser = directory)]
    pub(crate) quarantine_into: String,
}

impl HttpOptions {
    /// Returns the stages at which the web server is asked.
    fn asked_at(&self) -> impl Iterator<Item = Stage> {
        self.stages.iter().map(|asked| match asked {
            HookStage::Connect | HookStage::Ehlo | HookStage::Auth => Stage::Connect,
            HookStage::Mail => Stage::Mail,
            HookStage::Rcpt => Stage::Rcpt,
            _ => Stage::Message,
        })
    }

    /// Makes the filter. It tells the scanner of the client's name, if `names` can look it up.
    ///
    /// # Errors
    /// The secret cannot be read.
    pub(crate) fn filter(&self, names: Option<HostNames>) -> io::Result<MtaHooks> {
        let builder = MtaHooks::to(self.url.clone())
            .name(self.name.clone())
            .stages(self.stages.clone())
            .max_size(self.max_size.0)
            .timeout(self.timeout.duration())
            .on_failure(self.on_failure.into())
            .quarantine_into(self.quarantine_into.clone());
        let builder = match names {
            Some(names) => builder.host_names(names),
            None => builder,
        };
        match (&self.user, &self.secret) {
            (Some(user), Some(secret)) => builder.basic_auth(user, &secret.read()?),
            (None, Some(secret)) => builder.bearer_token(&secret.read()?),
            (_, None) => builder,
        }
        .open()
    }
}

impl Kind for HttpOptions {
    const NAME: &'static str = "http";
    const DECIDES: Stage = Stage::Message;

    fn first_decides(&self) -> Stage {
        // Before MAIL an answer is about the client, and done at once.
        self.asked_at().filter(|stage| *stage > Stage::Connect).min().unwrap_or(Stage::Message)
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn place(&self) -> Place {
        Place::AfterRecipients
    }

    fn checks(&self) -> Vec<Check> {
        let results = &["accept", "reject", "discard", "quarantine", "skipped", "failed"];
        let known = self.asked_at().max().unwrap_or(Stage::Message);
        vec![Check { name: self.name.clone().into(), results, known }]
    }

    fn files_into(&self) -> Vec<&str> {
        vec![&self.quarantine_into]
    }

    fn secret(&self) -> Option<&SecretSource> {
        self.secret.as_ref()
    }

    fn needs(&self) -> Needs {
        scanner_server::needs(&self.url)
    }

    fn mistakes(&self) -> Vec<(&'static str, String)> {
        let mut mistakes = zero_times(&[("timeout", self.timeout)]);
        if self.user.is_some() && self.secret.is_none() {
            mistakes.push(("user", "a user has a password; write secret = \"file:PATH\"".to_owned()));
        }
        mistakes
    }

    fn warnings(&self) -> Vec<(&'static str, String)> {
        scanner_server::warnings(&self.url)
    }
}
