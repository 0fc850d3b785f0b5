//! The filters of `[[filter]]`: the order in which they are asked, and what outlives a reload.
//!
//! # Why
//!
//! Filters are asked in the order of the file. The first that must not see recipients that are refused, such as a
//! greylist, has the checks of domains and recipients before it. So it remembers no attempts to relay and no unknown
//! users, and no scanner is asked about them. Those above it are asked before these checks: a limit on recipients counts
//! guesses too. All stand before the store, so one that forwards tells the next server of a recipient only after all
//! filters accept it.
//!
//! A reload keeps each filter whose own options and password are the same, with its memory: buckets, known senders, connections.
//! `unless` and `only` do not count, as they only say when the filter is asked. The others are made again. The cache of
//! the DNS stays unless `dns` changes. A reload reads the servers of /etc/resolv.conf again. A handover makes all filters again: a new process has only what is in files or
//! in Redis.

mod build;
mod services;

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;

use mailchute::{Builder, Session};
use zeroize::Zeroizing;

use crate::commands::filters::build::{Made, build};
use crate::commands::filters::services::Services;
use crate::commands::reach;
use crate::commands::store::STATE_MODE;
use crate::failure::Failure;
use crate::options::args::Options;
use crate::options::filters::FilterOptions;
use crate::options::filters::common::CommonOptions;
use crate::options::filters::kind::Place;
use crate::process::privileges::Account;

/// The filters of a server, in the order of the file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filters {
    services: Services,
    all: Vec<Entry>,
}

/// A filter with what it was made from.
#[derive(Debug, Clone)]
struct Entry {
    options: FilterOptions,
    password: Option<Zeroizing<String>>,
    made: Made,
}

impl Filters {
    /// Makes the filters, with the rights of the user that writes their state. Call it before the sandbox is entered, which
    /// cannot allow a directory that is missing.
    ///
    /// # Errors
    /// All files and services that cannot be used.
    pub(crate) fn open(options: &Options, account: Option<&Account>) -> Result<Self, Failure> {
        let keeps_state = options.filter.iter().any(|filter| filter.kind.needs().keeps_state);
        let state = keeps_state.then(|| reach::state_directory(options));
        if let (Some(account), Some(path)) = (account, &state) {
            account.make_directory(path, STATE_MODE)?;
        }
        let _acting = account.map(Account::assume).transpose()?;
        if let Some(path) = state {
            let made = DirBuilder::new().recursive(true).mode(STATE_MODE).create(&path);
            made.map_err(|error| {
                Failure::unusable(format!("{}: cannot be created: {error}", path.display()))
            })?;
        }
        Self::with(Vec::new(), options, Services::default())
    }

    /// Makes the filters that write nothing, and gives them up.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) fn check(options: &Options) -> Result<(), Failure> {
        let mut services = Services::default();
        let writes_nothing = |filter: &&FilterOptions| !filter.kind.needs().keeps_state;
        let made =
            options.filter.iter().filter(writes_nothing).map(|filter| build(filter, options, &mut services));
        Failure::all(made.filter_map(Result::err).collect())
    }

    /// Makes the filters of other options, and keeps those that stay the same.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) fn again(&self, before: &Options, now: &Options) -> Result<Self, Failure> {
        let mut old = self.all.clone();
        if self.services.changes_resolver(before, now) {
            old.retain(|entry| !entry.options.kind.needs().dns);
        }
        Self::with(old, now, self.services.kept(before, now))
    }

    fn with(mut old: Vec<Entry>, options: &Options, mut services: Services) -> Result<Self, Failure> {
        let (mut all, mut failures) = (Vec::new(), Vec::new());
        for filter in &options.filter {
            // Before the filter reads it: if it changes in between, the next reload makes the filter again.
            let password = filter.password();
            let is_same =
                |before: &Entry| before.options.own() == filter.own() && before.password == password;
            let kept = old.iter().position(is_same).map(|index| old.swap_remove(index).made);
            match kept.map_or_else(|| build(filter, options, &mut services), Ok) {
                Ok(made) => all.push(Entry { options: filter.clone(), password, made }),
                Err(failure) => failures.push(failure),
            }
        }
        Failure::all(failures)?;
        Ok(Self { services, all })
    }
}

impl Filters {
    /// Adds the filters, with the checks of domains and recipients at their place among them.
    pub(crate) fn add(self, builder: Builder, recipients: impl FnOnce(Builder) -> Builder) -> Builder {
        let is_after = |entry: &Entry| entry.options.kind.place() == Place::AfterRecipients;
        let mut before = self.all;
        let after = before.split_off(before.iter().position(is_after).unwrap_or(before.len()));
        let builder = recipients(before.into_iter().fold(builder, add));
        after.into_iter().fold(builder, add)
    }
}

fn add(builder: Builder, entry: Entry) -> Builder {
    let Entry { options: FilterOptions { common, kind, .. }, made: filter, .. } = entry;
    let filter = |builder: Builder| builder.measured(kind.name(), |builder| builder.with(filter));
    if common.unless.is_empty() && common.only.is_empty() {
        return filter(builder);
    }
    builder.when(move |session| applies(&common, session), filter)
}

/// Returns whether a filter is asked in this session now.
fn applies(options: &CommonOptions, session: &Session) -> bool {
    let is_here = |only: &String| session.listener() == Some(only);
    (options.only.is_empty() || options.only.iter().any(is_here))
        && !options.unless.iter().any(|unless| {
            session.finding(&unless.check).is_some_and(|finding| finding.result() == unless.result)
        })
}
