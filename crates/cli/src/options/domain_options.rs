//! `[[domain]]` of the configuration file: a domain with known users, aliases or a store of its own.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Command;
use mailchute_stores::{LookupUrl, SecretSource};

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

    /// The users that exist. any stands for all. `file:PATH` names a file with a user on each line; the --auth-file file
    /// works too. maildir stands for those whose directory exists in a store such as `maildir:/var/mail/{domain}/{user}`.
    /// lmtp leaves the answer to the server that the store forwards to. lmtp:HOST:PORT and lmtp:unix:PATH ask another
    /// server at RCPT, and remember its answer for a minute. So does `https://HOST/PATH` by a GET request, with
    /// `?address=USER@DOMAIN` or {address} in the URL: 200 or 204 stands for a user, 404 for none. Mailchute refuses mail
    /// for unknown users (550 5.1.1), except for postmaster. If the server does not answer, the client gets 451. SIGHUP reloads the file and forgets the answers
    #[arg(long, value_name = "any|file:PATH|maildir|lmtp|URL", default_value = "any")]
    pub(crate) recipients: KnownUsers,

    /// The character after which the detail of an address begins, as in bob+lists@example.com; off for none
    #[arg(long, value_name = "CHARACTER", default_value = "+")]
    pub(crate) detail: Detail,

    /// File of aliases, such as "sales: bob, eve". "@: bob" is the catch-all for unknown users. SIGHUP reloads the file
    #[arg(long, value_name = "FILE", value_parser = paths::file_parser())]
    pub(crate) aliases: Option<PathBuf>,

    /// The stores of this domain, written as for --store [default: the server's stores]
    #[arg(long, value_name = "URL", value_parser = paths::store)]
    pub(crate) store: Vec<String>,

    /// Where the secret of this store stands, written as for --secret
    #[arg(long, value_name = "file:PATH|env:NAME", value_parser = paths::secret)]
    pub(crate) secret: Option<SecretSource>,

    #[arg(skip)]
    pub(crate) provenance: Provenance,
}

impl DomainOptions {
    /// Returns the files that are read again at SIGHUP, for the sandbox.
    #[cfg(all(target_os = "linux", not(mailchute_portable)))]
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> = self.aliases.iter().cloned().collect();
        if let KnownUsers::File(path) = &self.recipients {
            files.push(path.clone());
        }
        files.extend(self.lookup().into_iter().flat_map(|url| url.files()));
        files
    }

    /// Returns the server that is asked which users exist.
    pub(crate) fn lookup(&self) -> Option<LookupUrl> {
        match &self.recipients {
            KnownUsers::Asked(url) => LookupUrl::parse(url).ok(),
            _ => None,
        }
    }
}

/// The users of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KnownUsers {
    Any,
    File(PathBuf),
    /// Those with a directory in the store.
    Maildir,
    /// Those that the server takes to which the store forwards.
    NextHop,
    /// Those that another server knows, by its URL.
    Asked(String),
}

impl FromStr for KnownUsers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let in_words = |error: paths::Unexpanded| error.to_string();
        match text.split_once(':') {
            Some(("file", path)) if !path.is_empty() => {
                paths::file(path.into()).map(Self::File).map_err(in_words)
            }
            Some(("https" | "http", _)) => {
                LookupUrl::parse(text)?;
                Ok(Self::Asked(text.to_owned()))
            }
            Some(("lmtp", _)) => {
                LookupUrl::parse(text)?;
                paths::store(text).map(Self::Asked).map_err(in_words)
            }
            None if text == "any" => Ok(Self::Any),
            None if text == "maildir" => Ok(Self::Maildir),
            None if text == "lmtp" => Ok(Self::NextHop),
            _ => Err(USERS.to_owned()),
        }
    }
}

/// The values of `recipients`.
const USERS: &str = "write any, file:PATH for a file with a user on each line, maildir, lmtp, \
                     lmtp:HOST:PORT or https://HOST/PATH";

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
