//! `use = "greylist"`: unknown clients try again later.

use std::path::Path;

use mailchute::proxy::Network;
use mailchute_filters::greylist::Greylist;
use mailchute_stores::SecretSource;

use crate::options::filters::kind::{Check, Kind, Needs, Place, Stage};
use crate::options::filters::shared::SharedOptions;
use crate::options::time_span::TimeSpan;

/// The file of a greylist in the state directory.
const FILE: &str = "greylist.db";

/// Refuses mail temporarily, the first time that a network sends mail from a sender to a recipient. Clients that log in or
/// use a Unix socket, and mail to the postmaster, never wait. The records are in greylist.db in the state directory, unless
/// they are shared.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct GreylistOptions {
    /// How long a client must wait
    #[arg(long, value_name = "TIME", default_value = "5m")]
    pub(crate) delay: TimeSpan,

    /// How long after the delay a client may try again
    #[arg(long, value_name = "TIME", default_value = "2d")]
    pub(crate) retry_window: TimeSpan,

    /// How long mail that has passed is known after it was last seen
    #[arg(long, value_name = "TIME", default_value = "35d")]
    pub(crate) expiry: TimeSpan,

    /// How many successes make a network known, so that it never waits again. With 0, no network becomes known
    #[arg(long, value_name = "NUMBER", default_value = "5")]
    pub(crate) known_after: u32,

    /// How many records are kept. Those that would be forgotten first make room. Redis has its own bounds
    #[arg(long, value_name = "NUMBER", default_value = "500000")]
    pub(crate) max_entries: u32,

    /// Let clients of this network or address pass
    #[arg(long, value_name = "CIDR")]
    pub(crate) exempt: Vec<Network>,

    #[command(flatten)]
    pub(crate) shared: SharedOptions,
}

impl GreylistOptions {
    /// Makes the filter. `state` is the state directory.
    pub(crate) fn filter(&self, state: &Path) -> Greylist {
        let greylist = Greylist::new()
            .delay(self.delay.duration())
            .retry_window(self.retry_window.duration())
            .expiry(self.expiry.duration())
            .known_after(self.known_after)
            .max_entries(usize::try_from(self.max_entries).unwrap_or(usize::MAX));
        let greylist = self.exempt.iter().fold(greylist, |greylist, network| greylist.exempt(*network));
        if self.shared.shared.is_some() {
            return greylist;
        }
        greylist.file(state.join(FILE))
    }
}

impl Kind for GreylistOptions {
    const NAME: &'static str = "greylist";
    const DECIDES: Stage = Stage::Rcpt;

    fn place(&self) -> Place {
        Place::AfterRecipients
    }

    fn checks(&self) -> Vec<Check> {
        vec![Check { name: "greylist".into(), results: &["wait", "pass", "known"], known: Stage::Rcpt }]
    }

    fn secret(&self) -> Option<&SecretSource> {
        self.shared.secret.as_ref()
    }

    fn needs(&self) -> Needs {
        let mut needs = Needs { keeps_state: self.shared.shared.is_none(), ..Needs::default() };
        self.shared.add_needs(&mut needs);
        needs
    }

    fn mistakes(&self) -> Vec<(&'static str, String)> {
        let mut mistakes = self.shared.mistakes();
        for (option, value) in [("retry-window", self.retry_window), ("expiry", self.expiry)] {
            if value.duration().is_zero() {
                mistakes.push((
                    option,
                    "without time, all mail waits for ever; write 2d, for example".to_owned(),
                ));
            }
        }
        mistakes
    }
}
