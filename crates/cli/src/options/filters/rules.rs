//! Rules between filters, and between filters and listeners.

use crate::options::args::Options;
use crate::options::filters::common::Unless;
use crate::options::filters::kind::{Place, Stage};
use crate::options::filters::{FilterKind, FilterOptions};
use crate::options::schema::{FILTERS, USE, has_option};
use crate::options::wording::one_of;

/// Returns the mistakes in filters, each with what to write instead.
pub(crate) fn mistakes(options: &Options) -> Vec<String> {
    let listeners = options.listener_names();
    let listeners: Vec<_> = listeners.iter().map(String::as_str).collect();
    let mut mistakes = Vec::new();
    for (number, filter) in options.filter.iter().enumerate() {
        let (earlier, later) = (&options.filter[..number], &options.filter[number..]);
        for (item, unless) in filter.common.unless.iter().enumerate() {
            let text = of_unless(unless, filter, earlier, later);
            let name = || filter.provenance.name_of_item("unless", item);
            mistakes.extend(text.map(|text| format!("{}: {text}", name())));
        }
        mistakes.extend(repeated_name(filter, earlier));
        mistakes.extend(repeated_file(filter, earlier));
        for (item, listener) in filter.common.only.iter().enumerate() {
            if !listeners.contains(&&**listener) {
                let name = filter.provenance.name_of_item("only", item);
                let instead = one_of(listener, &listeners);
                mistakes.push(format!("{name}: no listener is named {listener:?}; {instead}"));
            }
        }
        let own = filter.kind.mistakes().into_iter();
        mistakes.extend(own.map(|(option, text)| format!("{}: {text}", filter.provenance.name(option))));
    }
    mistakes
}

/// Returns warnings about filters.
pub(crate) fn warnings(options: &Options) -> Vec<String> {
    let is = |place| move |filter: &&FilterOptions| filter.kind.place() == place;
    let after = options.filter.iter().skip_while(|filter| !is(Place::AfterRecipients)(filter));
    let late = after.clone().filter(is(Place::BeforeRecipients)).map(|filter| {
        let kind = after.clone().next().map_or("", |first| &first.common.used);
        let name = filter.provenance.name(USE);
        format!(
            "{name}: it does not see recipients that are refused, as it stands below {kind}; write it above"
        )
    });
    let of_one = |filter: &FilterOptions| {
        let warnings = filter.kind.warnings().into_iter();
        let name = |option| filter.provenance.name(option);
        warnings.map(|(option, text)| format!("{}: {text}", name(option))).collect::<Vec<_>>()
    };
    late.chain(options.filter.iter().flat_map(of_one)).collect()
}

/// Finds a filter with a chosen name whose findings an earlier filter has too.
fn repeated_name(filter: &FilterOptions, earlier: &[FilterOptions]) -> Option<String> {
    let takes_name = FILTERS.kind(Some(&filter.common.used)).is_some_and(|kind| has_option(&kind, "name"));
    let words: Vec<_> =
        earlier.iter().flat_map(|filter| filter.kind.checks()).map(|check| check.name).collect();
    let check = filter.kind.checks().into_iter().find(|check| takes_name && words.contains(&check.name))?;
    Some(format!(
        "{}: {:?} is the finding of an earlier filter; write another name, such as name = \"{}-2\"",
        filter.provenance.name("name"),
        check.name,
        check.name
    ))
}

/// Finds a greylist whose file an earlier one has too. Their times and bounds would be mixed in it.
fn repeated_file(filter: &FilterOptions, earlier: &[FilterOptions]) -> Option<String> {
    let has_file = |filter: &FilterOptions| {
        matches!(filter.kind, FilterKind::Greylist(_)) && filter.kind.needs().keeps_state
    };
    (has_file(filter) && earlier.iter().any(has_file)).then(|| {
        format!(
            "{}: an earlier greylist has the file greylist.db; write one greylist for both, or shared = \"redis://HOST\" in this one",
            filter.provenance.name(USE)
        )
    })
}

/// Returns what is wrong with a condition, which could never hold.
fn of_unless(
    unless: &Unless,
    filter: &FilterOptions,
    earlier: &[FilterOptions],
    later: &[FilterOptions],
) -> Option<String> {
    let checks: Vec<_> = earlier.iter().flat_map(|filter| filter.kind.checks()).collect();
    let Some(check) = checks.iter().find(|check| check.name == unless.check) else {
        let finds =
            |filter: &FilterOptions| filter.kind.checks().iter().any(|check| check.name == unless.check);
        let Unless { check, .. } = unless;
        if let Some(finder) = later.iter().find(|filter| finds(filter)) {
            let kind = &finder.common.used;
            return Some(format!("{check} is not known yet; write this [[filter]] below that of {kind}"));
        }
        let names: Vec<_> = checks.iter().map(|check| &*check.name).collect();
        let instead = if names.is_empty() { "leave it out".to_owned() } else { one_of(check, &names) };
        return Some(format!("no [[filter]] above finds out {check:?}; {instead}"));
    };
    if !check.results.is_empty() && !check.results.contains(&&*unless.result) {
        let instead = one_of(&unless.result, check.results);
        return Some(format!("{} is never {:?}; {instead}", check.name, unless.result));
    }
    let decides = filter.kind.decides();
    if (check.known, decides) == (Stage::Rcpt, Stage::Message) {
        let (check, kind) = (&check.name, &filter.common.used);
        return Some(format!(
            "{check} is found for each recipient, and {kind} decides on the message for all of them; leave it out"
        ));
    }
    let first = filter.kind.first_decides();
    (check.known > first).then(|| {
        let (check, known, kind) = (&check.name, check.known, &filter.common.used);
        if first < decides {
            format!(
                "{check} is known {known} only, and {kind} may decide {first} already, which must not be skipped; leave it out"
            )
        } else {
            format!("{check} is known {known} only, and {kind} decides {decides}; leave it out")
        }
    })
}
