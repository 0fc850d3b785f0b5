//! `[[domain]]` of the configuration file: a domain with known users, aliases or a store of its own.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Command;

use crate::options::domains::Domains;
use crate::options::paths;
use crate::options::provenance::Provenance;

/// The options of one domain.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct DomainOptions {
    /// The names of the domain. They share users and aliases. .example.com means all domains below example.com, and
    /// '*' all domains that have no other table
    #[arg(long, value_name = "DOMAIN|.DOMAIN|*")]
    pub(crate) name: Vec<Domains>,

    /// The users that exist: any, or `file:PATH` with a user on each line. The --auth-file file works too. Mailchute
    /// refuses mail for others (550 5.1.1), except for postmaster. SIGHUP reloads the file
    #[arg(long, value_name = "any|file:PATH", default_value = "any")]
    pub(crate) recipients: KnownUsers,

    /// The character after which the detail of an address begins, as in bob+lists@example.com; off for none
    #[arg(long, value_name = "CHARACTER", default_value = "+")]
    pub(crate) detail: Detail,

    /// File of aliases, such as "sales: bob, eve". "@: bob" is the catch-all for unknown users. SIGHUP reloads the file
    #[arg(long, value_name = "FILE", value_parser = paths::file_parser())]
    pub(crate) aliases: Option<PathBuf>,

    /// The store of this domain, written as for --store [default: the server's store]
    #[arg(long, value_name = "URL", value_parser = paths::store)]
    pub(crate) store: Option<String>,

    #[arg(skip)]
    pub(crate) provenance: Provenance,
}

impl DomainOptions {
    /// Returns the files that are read again at SIGHUP.
    pub(crate) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let users = match &self.recipients {
            KnownUsers::File(path) => Some(path),
            KnownUsers::Any => None,
        };
        users.into_iter().chain(&self.aliases)
    }
}

/// The users of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KnownUsers {
    Any,
    File(PathBuf),
}

impl FromStr for KnownUsers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("file:") {
            Some(path) if !path.is_empty() => match paths::file(path.into()) {
                Ok(path) => Ok(Self::File(path)),
                Err(error) => Err(error.to_string()),
            },
            None if text == "any" => Ok(Self::Any),
            _ => Err("write any, or file:PATH for a file with a user on each line".to_owned()),
        }
    }
}

/// The separator of subaddresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Detail(pub(crate) Option<char>);

impl FromStr for Detail {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (Some(separator @ ('+' | '-' | '_' | '=' | '.' | '#')), None) => Ok(Self(Some(separator))),
            _ if text == "off" => Ok(Self(None)),
            _ => Err("write one of + - _ = . #, or off".to_owned()),
        }
    }
}

/// Returns the keys of `[[domain]]`, as the flags of a command.
pub(crate) fn flags() -> Command {
    let command = Command::new("domain").no_binary_name(true).disable_help_flag(true);
    <DomainOptions as clap::Args>::augment_args(command).about(
        "A domain with its own users, aliases or store. Write these tables instead of the list domain = [...].",
    )
}
