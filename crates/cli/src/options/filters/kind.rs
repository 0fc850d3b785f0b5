//! The facts that a kind of filter states, besides its options.

use std::borrow::Cow;
use std::fmt;

use mailchute_stores::{NextHop, SecretSource};

/// A kind of filter: its options, and what follows from them.
pub(crate) trait Kind: clap::Args + fmt::Debug {
    /// The name of the kind, as `use` has it.
    const NAME: &'static str;

    /// The stage at which the filter decides last.
    const DECIDES: Stage;

    /// Returns the name of the filter in metrics: one that is chosen, or else that of the kind.
    fn name(&self) -> &str {
        Self::NAME
    }

    /// Returns the first stage at which the filter may decide about a message. A condition must be known by then: if the
    /// filter were skipped later, its decision would be lost.
    fn first_decides(&self) -> Stage {
        Self::DECIDES
    }

    /// Returns where the filter stands relative to the checks of domains and recipients.
    fn place(&self) -> Place;

    /// Returns what the filter finds out. The log shows these findings, and `unless` names them.
    fn checks(&self) -> Vec<Check>;

    /// Returns what the filter needs of the host.
    fn needs(&self) -> Needs;

    /// Returns where the password of the filter stands.
    fn secret(&self) -> Option<&SecretSource> {
        None
    }

    /// Returns the directories into which the filter may file a message.
    fn files_into(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Returns the conflicts between the options, each with its option and what to write instead.
    fn mistakes(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Returns what is allowed but risky, each with its option.
    fn warnings(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// Where a filter stands relative to the checks of domains and recipients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// It sees recipients that are refused too.
    BeforeRecipients,
    /// It sees recipients that exist only.
    AfterRecipients,
    /// It does not decide on single recipients.
    Anywhere,
}

/// The stages of a session at which filters decide, from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Connect,
    Mail,
    Rcpt,
    Message,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "when a client connects",
            Self::Mail => "at MAIL",
            Self::Rcpt => "at RCPT",
            Self::Message => "after the message",
        })
    }
}

/// A check of a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Check {
    pub(crate) name: Cow<'static, str>,
    /// Its results. An empty list stands for any.
    pub(crate) results: &'static [&'static str],
    /// When the result is known.
    pub(crate) known: Stage,
}

/// The needs of filters. The sandbox allows no more.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    /// Whether they ask the DNS.
    pub(crate) dns: bool,
    /// The servers to which they connect, each with the option that names it.
    pub(crate) servers: Vec<(&'static str, NextHop)>,
    /// Whether certificates of servers are verified.
    pub(crate) verifies: bool,
    /// Whether they read messages, so that the server keeps what they have read for the store.
    pub(crate) reads_messages: bool,
    /// Whether they keep a file in the state directory.
    pub(crate) keeps_state: bool,
}
