//! `use = "authentication"`: SPF, DKIM, ARC and DMARC.

use clap::ValueEnum;
use mailchute::address::Domain;
use mailchute::proxy::Network;
use mailchute_filters::authentication::Authentication;
use mailchute_filters::dns::Resolver;

use crate::options::filters::common::zero_times;
use crate::options::filters::kind::{Check, Kind, Needs, Place, Stage};
use crate::options::time_span::TimeSpan;

/// SPF, DKIM, ARC and DMARC. The results are written into Authentication-Results, and forged ones are removed. Users, this
/// host, LMTP and Unix sockets are exempt.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct AuthenticationOptions {
    /// The treatment of mail that fails DMARC
    #[arg(long, value_name = "ACTION", default_value = "mark")]
    pub(crate) dmarc: DmarcAction,

    /// The domains of mailing lists and forwarders whose ARC seals are trusted. Mail that they vouch for is not refused by
    /// DMARC
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) trusted_arc_sealers: Vec<Domain>,

    /// The name in Authentication-Results. Servers of one site may share it [default: the host name]
    #[arg(long, value_name = "NAME")]
    pub(crate) authserv_id: Option<Domain>,

    /// Add Received-SPF, which some older software reads
    #[arg(long)]
    pub(crate) received_spf: bool,

    /// The time for the DNS at MAIL, again for the signatures of the message, and again for DMARC. After that a result is
    /// temperror
    #[arg(long, value_name = "TIME", default_value = "20s")]
    pub(crate) timeout: TimeSpan,

    /// Do not check clients of this network or address, and believe their results. Name your own relays
    #[arg(long, value_name = "CIDR")]
    pub(crate) exempt: Vec<Network>,
}

/// The treatment of mail that fails DMARC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DmarcAction {
    /// It is kept, and Authentication-Results says so
    Mark,
    /// It is refused or filed into Junk, as the domain in From asks for. It is refused temporarily if the DNS leaves that
    /// open
    Enforce,
}

impl AuthenticationOptions {
    /// Makes the filter.
    pub(crate) fn filter(&self, resolver: Resolver) -> Authentication<Resolver> {
        let mut filter = Authentication::new(resolver)
            .trusted_arc_sealers(&self.trusted_arc_sealers)
            .time_limit(self.timeout.duration());
        if self.dmarc == DmarcAction::Enforce {
            filter = filter.enforce_dmarc();
        }
        if let Some(name) = &self.authserv_id {
            filter = filter.authserv_id(name.as_str());
        }
        if self.received_spf {
            filter = filter.received_spf();
        }
        self.exempt.iter().fold(filter, |filter, network| filter.exempt(*network))
    }
}

impl Kind for AuthenticationOptions {
    const NAME: &'static str = "authentication";
    const DECIDES: Stage = Stage::Message;

    fn place(&self) -> Place {
        Place::Anywhere
    }

    fn checks(&self) -> Vec<Check> {
        let check = |name: &'static str, known, results| Check { name: name.into(), results, known };
        vec![
            check(
                "spf",
                Stage::Mail,
                &["none", "neutral", "pass", "fail", "softfail", "temperror", "permerror"][..],
            ),
            check(
                "dkim",
                Stage::Message,
                &["none", "pass", "fail", "policy", "neutral", "temperror", "permerror"],
            ),
            check("arc", Stage::Message, &["none", "pass", "fail"]),
            check("dmarc", Stage::Message, &["none", "pass", "fail", "temperror", "permerror"]),
        ]
    }

    fn mistakes(&self) -> Vec<(&'static str, String)> {
        zero_times(&[("timeout", self.timeout)])
    }

    fn files_into(&self) -> Vec<&str> {
        if self.dmarc == DmarcAction::Enforce { vec!["Junk"] } else { Vec::new() }
    }

    fn needs(&self) -> Needs {
        Needs { dns: true, reads_messages: true, ..Needs::default() }
    }
}
