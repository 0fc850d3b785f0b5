//! `use = "limits"`: rates of connections, messages and recipients.

use mailchute::proxy::Network;
use mailchute_filters::limits::{Rate, RateLimits};
use mailchute_stores::SecretSource;

use crate::options::filters::kind::{Check, Kind, Needs, Place, Stage};
use crate::options::filters::shared::SharedOptions;

/// Rates of connections, messages and recipients. A client over a rate is told when to try again. Each rate is off until
/// it is set.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct LimitsOptions {
    /// The connections of a client, such as 30/1m: 30 per minute, and as many at once. An IPv6 network of 64 bits counts as
    /// one client
    #[arg(long, value_name = "NUMBER/TIME")]
    pub(crate) connections: Option<Rate>,

    /// The connections whose clients give the same name in EHLO, wherever they come from. Some large senders give one
    /// name everywhere, so choose a high rate
    #[arg(long, value_name = "NUMBER/TIME")]
    pub(crate) connections_per_helo: Option<Rate>,

    /// The messages of a client
    #[arg(long, value_name = "NUMBER/TIME")]
    pub(crate) messages: Option<Rate>,

    /// The messages from the same sender. Without AUTH, any client can name any sender
    #[arg(long, value_name = "NUMBER/TIME")]
    pub(crate) messages_per_sender: Option<Rate>,

    /// The messages of a user that has logged in
    #[arg(long, value_name = "NUMBER/TIME")]
    pub(crate) messages_per_user: Option<Rate>,

    /// The recipients of a client. A permanently refused recipient counts as ten
    #[arg(long, value_name = "NUMBER/TIME")]
    pub(crate) recipients: Option<Rate>,

    /// Do not limit clients of this network or address. Those of Unix sockets are never limited
    #[arg(long, value_name = "CIDR")]
    pub(crate) exempt: Vec<Network>,

    #[command(flatten)]
    pub(crate) shared: SharedOptions,
}

/// A method that sets a rate.
type Set = fn(RateLimits, Rate) -> RateLimits;

impl LimitsOptions {
    /// Makes the filter.
    pub(crate) fn filter(&self) -> RateLimits {
        let limits =
            self.rates().into_iter().fold(RateLimits::new(), |limits, (rate, set)| set(limits, rate));
        self.exempt.iter().fold(limits, |limits, network| limits.exempt(*network))
    }

    /// Returns the rates that are set.
    fn rates(&self) -> Vec<(Rate, Set)> {
        let rates: [(Option<Rate>, Set); 6] = [
            (self.connections, RateLimits::connections),
            (self.connections_per_helo, RateLimits::connections_per_helo),
            (self.messages, RateLimits::messages),
            (self.messages_per_sender, RateLimits::messages_per_sender),
            (self.messages_per_user, RateLimits::messages_per_user),
            (self.recipients, RateLimits::recipients),
        ];
        rates.into_iter().filter_map(|(rate, set)| Some((rate?, set))).collect()
    }
}

impl Kind for LimitsOptions {
    const NAME: &'static str = "limits";
    const DECIDES: Stage = Stage::Rcpt;

    fn place(&self) -> Place {
        // Other rates do not count recipients that are refused.
        if self.recipients.is_some() { Place::BeforeRecipients } else { Place::Anywhere }
    }

    fn checks(&self) -> Vec<Check> {
        vec![Check { name: "limits".into(), results: &["over"], known: Stage::Connect }]
    }

    fn secret(&self) -> Option<&SecretSource> {
        self.shared.secret.as_ref()
    }

    fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        self.shared.add_needs(&mut needs);
        needs
    }

    fn mistakes(&self) -> Vec<(&'static str, String)> {
        let text = "it limits nothing; write recipients = \"100/10m\", for example".to_owned();
        let nothing = self.rates().is_empty().then_some(("recipients", text));
        nothing.into_iter().chain(self.shared.mistakes()).collect()
    }
}
