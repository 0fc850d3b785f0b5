//! `use = "dnsbl"`: DNS lists of addresses and domains.

use std::str::FromStr;

use mailchute::address::Domain;
use mailchute::proxy::Network;
use mailchute_filters::dns::Resolver;
use mailchute_filters::dnsbl::{Dnsbl, Rules};

use crate::options::filters::common::{check_name, zero_times};
use crate::options::filters::kind::{Check, Kind, Needs, Place, Stage};
use crate::options::time_span::TimeSpan;

/// DNS lists of clients and domains. A list refuses, marks or skips. It never refuses because it does not answer. Users,
/// Unix sockets and private networks are exempt.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct DnsblOptions {
    /// The lists of addresses, with what each does: refuse, mark or skip. A list that skips overrules the others.
    /// refuse:127.0.0.2-11 holds for these codes only, and a space separates several rules
    #[arg(long, value_name = "LIST=RULES")]
    pub(crate) lists: Vec<ListRules>,

    /// The lists of domains. They are asked about the name in EHLO and the domain of the sender
    #[arg(long, value_name = "LIST=RULES")]
    pub(crate) domains: Vec<ListRules>,

    /// Its name in the log and for unless: dnsbl=refuse. The finding about domains is rhsbl, or with another name this name
    /// with -domains. Give each filter of lists another name
    #[arg(long, value_name = "NAME", default_value = "dnsbl", value_parser = check_name)]
    pub(crate) name: String,

    /// The time for one answer. All lists are asked at once
    #[arg(long, value_name = "TIME", default_value = "5s")]
    pub(crate) timeout: TimeSpan,

    /// Do not ask about clients of this network or address
    #[arg(long, value_name = "CIDR")]
    pub(crate) exempt: Vec<Network>,
}

/// A list and its rules.
#[derive(Debug, Clone)]
pub(crate) struct ListRules {
    name: Domain,
    rules: Rules,
}

impl FromStr for ListRules {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, rules) = text.split_once('=').unwrap_or((text, ""));
        let name = Domain::parse(name);
        let name = name.map_err(|_| "write the domain of a list, such as zen.spamhaus.org".to_owned())?;
        let rules = rules.parse().map_err(|error| format!("{error}"))?;
        Ok(Self { name, rules })
    }
}

impl DnsblOptions {
    /// Returns the name of the finding about domains.
    fn name_of_domains(&self) -> String {
        if self.name == Self::NAME { "rhsbl".to_owned() } else { format!("{}-domains", self.name) }
    }

    /// Makes the filter.
    pub(crate) fn filter(&self, resolver: Resolver) -> Dnsbl<Resolver> {
        let mut filter = Dnsbl::new(resolver)
            .names(self.name.clone(), self.name_of_domains())
            .timeout(self.timeout.duration());
        for ListRules { name, rules } in &self.lists {
            filter = filter.list(name.clone(), rules.clone());
        }
        for ListRules { name, rules } in &self.domains {
            filter = filter.domain_list(name.clone(), rules.clone());
        }
        self.exempt.iter().fold(filter, |filter, network| filter.exempt(*network))
    }
}

impl Kind for DnsblOptions {
    const NAME: &'static str = "dnsbl";
    const DECIDES: Stage = Stage::Rcpt;

    fn name(&self) -> &str {
        &self.name
    }

    fn place(&self) -> Place {
        Place::Anywhere
    }

    fn checks(&self) -> Vec<Check> {
        let check = |name: String| Check {
            name: name.into(),
            results: &["refuse", "mark", "skip", "none", "failed"],
            known: Stage::Mail,
        };
        let checks = [(self.name.clone(), &self.lists), (self.name_of_domains(), &self.domains)];
        checks.into_iter().filter(|(_, lists)| !lists.is_empty()).map(|(name, _)| check(name)).collect()
    }

    fn needs(&self) -> Needs {
        Needs { dns: true, ..Needs::default() }
    }

    fn mistakes(&self) -> Vec<(&'static str, String)> {
        let mut mistakes = zero_times(&[("timeout", self.timeout)]);
        if self.lists.is_empty() && self.domains.is_empty() {
            let text = "it asks no list; write lists = { \"zen.spamhaus.org\" = \"refuse\" }, for example";
            mistakes.push(("lists", text.to_owned()));
        }
        mistakes
    }
}
