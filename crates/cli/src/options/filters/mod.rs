//! `[[filter]]` of the configuration file: checks of clients, senders, recipients and messages.
//!
//! # How to add a filter
//!
//! 1. Write a file next to this one, with the name of the kind; see `limits.rs`. It has a struct of options, each with its
//!    doc comment, which becomes the help. `filter()` makes the filter from them. `impl Kind` says what the filter finds
//!    out, where it stands, and what it needs of the host.
//! 2. Add a row to `kinds!` below.
//! 3. Add an arm to `build` in `commands/filters/build.rs`. It hands shared services over, such as the resolver.
//! 4. Give examples for options without a default in `options/example.rs`, as `KIND.OPTION`. Run `scripts/options-page`.
//! 5. Test the kind in `crates/cli/tests`. Add its findings to `docs/log.md`, and its section to `docs/guide/filtering.md`.
//!
//! A flag whose value name has a `=`, such as `LIST=ACTION`, is a table in the file: `lists = { "a" = "refuse" }`. Options
//! that set how long a filter may take, and what happens on a failure, belong to the kinds that can fail.
//!
//! Everything else follows: the file with its mistakes, `check --print`, the sandbox, `unless` and `only`, and reloads.

pub(crate) mod authentication;
pub(crate) mod common;
pub(crate) mod directory;
pub(crate) mod dnsbl;
pub(crate) mod greylist;
pub(crate) mod http;
pub(crate) mod kind;
pub(crate) mod limits;
pub(crate) mod milter;
pub(crate) mod on_failure;
pub(crate) mod rspamd;
pub(crate) mod rules;
pub(crate) mod scanner_server;
pub(crate) mod shared;

use std::collections::BTreeMap;

use clap::{ArgMatches, Command, FromArgMatches as _};

use mailchute_stores::SecretSource;
use zeroize::Zeroizing;

use crate::options::filters::authentication::AuthenticationOptions;
use crate::options::filters::common::CommonOptions;
use crate::options::filters::dnsbl::DnsblOptions;
use crate::options::filters::greylist::GreylistOptions;
use crate::options::filters::http::HttpOptions;
use crate::options::filters::kind::{Check, Kind, Needs, Place, Stage};
use crate::options::filters::limits::LimitsOptions;
use crate::options::filters::milter::MilterOptions;
use crate::options::filters::rspamd::RspamdOptions;
use crate::options::provenance::Provenance;

/// Makes the enum of kinds, and what depends on the kind.
macro_rules! kinds {
    ($($kind:ident($options:ty),)*) => {
        /// The kinds of filters, with their options.
        #[derive(Debug, Clone)]
        pub(crate) enum FilterKind {
            $($kind($options),)*
        }

        /// Returns the keys of each kind of `[[filter]]`, as the flags of a command with the name of the kind.
        pub(crate) fn kinds() -> Vec<Command> {
            vec![$(keys::<$options>(),)*]
        }

        impl FilterKind {
            fn of(name: &str, matches: &ArgMatches) -> Result<Self, clap::Error> {
                match name {
                    $(<$options>::NAME => <$options>::from_arg_matches(matches).map(Self::$kind),)*
                    _ => Err(clap::Error::new(clap::error::ErrorKind::InvalidValue)),
                }
            }

            fn decides(&self) -> Stage {
                match self {
                    $(Self::$kind(_) => <$options>::DECIDES,)*
                }
            }

            fn first_decides(&self) -> Stage {
                match self {
                    $(Self::$kind(options) => options.first_decides(),)*
                }
            }

            pub(crate) fn name(&self) -> &str {
                match self {
                    $(Self::$kind(options) => options.name(),)*
                }
            }

            pub(crate) fn place(&self) -> Place {
                match self {
                    $(Self::$kind(options) => options.place(),)*
                }
            }

            fn checks(&self) -> Vec<Check> {
                match self {
                    $(Self::$kind(options) => options.checks(),)*
                }
            }

            pub(crate) fn needs(&self) -> Needs {
                match self {
                    $(Self::$kind(options) => options.needs(),)*
                }
            }

            fn secret(&self) -> Option<&SecretSource> {
                match self {
                    $(Self::$kind(options) => options.secret(),)*
                }
            }

            pub(crate) fn files_into(&self) -> Vec<&str> {
                match self {
                    $(Self::$kind(options) => options.files_into(),)*
                }
            }

            fn mistakes(&self) -> Vec<(&'static str, String)> {
                match self {
                    $(Self::$kind(options) => options.mistakes(),)*
                }
            }

            fn warnings(&self) -> Vec<(&'static str, String)> {
                match self {
                    $(Self::$kind(options) => options.warnings(),)*
                }
            }
        }
    };
}

kinds! {
    Authentication(AuthenticationOptions),
    Dnsbl(DnsblOptions),
    Http(HttpOptions),
    Limits(LimitsOptions),
    Greylist(GreylistOptions),
    Milter(MilterOptions),
    Rspamd(RspamdOptions),
}

/// A `[[filter]]`.
#[derive(Debug, Clone)]
pub(crate) struct FilterOptions {
    pub(crate) common: CommonOptions,
    pub(crate) kind: FilterKind,
    pub(crate) provenance: Provenance,
}

impl FilterOptions {
    /// Reads the options of a table. `matches` are those of its kind.
    pub(crate) fn of(matches: &ArgMatches, provenance: Provenance) -> Result<Self, clap::Error> {
        let common = CommonOptions::from_arg_matches(matches)?;
        let kind = FilterKind::of(&common.used, matches)?;
        Ok(Self { common, kind, provenance })
    }

    /// Returns the password as it is now. A reload makes a filter again whose password has changed. `None` if there is none,
    /// or if it cannot be read: the filter that is made then says why.
    pub(crate) fn password(&self) -> Option<Zeroizing<String>> {
        self.kind.secret()?.read().ok()
    }

    /// Returns the options that the filter is made from. A reload keeps a filter whose options are the same.
    pub(crate) fn own(&self) -> BTreeMap<&str, Vec<&str>> {
        let is_own = |option: &str| !matches!(option, "unless" | "only");
        let values = self.provenance.values().iter().filter(|(option, _)| is_own(option));
        values
            .map(|(option, values)| (&**option, values.iter().map(|value| &*value.text).collect()))
            .collect()
    }
}

fn keys<K: Kind>() -> Command {
    let about = K::augment_args(Command::new(K::NAME));
    let about = about.get_about().cloned().unwrap_or_default();
    K::augment_args(common::flags().name(K::NAME)).about(about)
}
