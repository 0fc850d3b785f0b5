//! `use = "milter"`: filters that speak the protocol of Sendmail.

use mailchute_filters::dns::HostNames;
use mailchute_filters::milter::{Milter, MilterAddress};
use mailchute_stores::NextHop;

use crate::options::filters::common::{check_name, zero_times};
use crate::options::filters::directory::directory;
use crate::options::filters::kind::{Check, Kind, Needs, Place, Stage};
use crate::options::filters::on_failure::OnFailureOption;
use crate::options::time_span::TimeSpan;

/// A milter: a filter that speaks the protocol of Sendmail, such as clamav-milter, opendkim, opendmarc and rspamd. It is
/// asked at each stage that it wants, and makes all its edits.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct MilterOptions {
    /// The address of the milter
    #[arg(long, value_name = "unix:PATH|inet:HOST:PORT")]
    pub(crate) url: MilterAddress,

    /// Its name in the log and for unless, such as clamav: clamav=pass. Give each milter another name
    #[arg(long, value_name = "NAME", default_value = "milter", value_parser = check_name)]
    pub(crate) name: String,

    /// The answer while it cannot be asked: tempfail lets clients try again later, accept goes on without it
    #[arg(long, value_name = "ACTION", value_enum, default_value_t)]
    pub(crate) on_failure: OnFailureOption,

    /// How long a connection to it may take
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub(crate) connect_timeout: TimeSpan,

    /// How long it may take for a command before the message
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub(crate) command_timeout: TimeSpan,

    /// How long it may take for a part of a message, and for its decision at the end
    #[arg(long, value_name = "TIME", default_value = "2m")]
    pub(crate) message_timeout: TimeSpan,

    /// The directory of a Maildir for messages that it quarantines
    #[arg(long, value_name = "DIRECTORY", default_value = "Junk", value_parser = directory)]
    pub(crate) quarantine_into: String,
}

impl MilterOptions {
    /// Makes the filter. It tells the milter of the client's name, if `names` can look it up.
    pub(crate) fn filter(&self, names: Option<HostNames>) -> Milter {
        let milter = Milter::new(self.url.clone())
            .name(self.name.clone())
            .on_failure(self.on_failure.into())
            .connect_timeout(self.connect_timeout.duration())
            .command_timeout(self.command_timeout.duration())
            .message_timeout(self.message_timeout.duration())
            .quarantine_into(self.quarantine_into.clone());
        match names {
            Some(names) => milter.host_names(names),
            None => milter,
        }
    }
}

impl Kind for MilterOptions {
    const NAME: &'static str = "milter";
    const DECIDES: Stage = Stage::Message;

    fn first_decides(&self) -> Stage {
        Stage::Mail
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn place(&self) -> Place {
        Place::AfterRecipients
    }

    fn checks(&self) -> Vec<Check> {
        let results = &["pass", "accept", "discard", "quarantine", "tempfail", "reject", "failed"];
        vec![Check { name: self.name.clone().into(), results, known: Stage::Message }]
    }

    fn mistakes(&self) -> Vec<(&'static str, String)> {
        zero_times(&[
            ("connect-timeout", self.connect_timeout),
            ("command-timeout", self.command_timeout),
            ("message-timeout", self.message_timeout),
        ])
    }

    fn files_into(&self) -> Vec<&str> {
        vec![&self.quarantine_into]
    }

    fn needs(&self) -> Needs {
        let server = match (self.url.host_and_port(), self.url.path()) {
            (Some((host, port)), _) => Some(NextHop::tcp(host, port)),
            (None, path) => path.map(NextHop::unix),
        };
        let servers = server.into_iter().map(|server| ("url", server)).collect();
        Needs { dns: true, servers, reads_messages: true, ..Needs::default() }
    }
}
