//! Rules of HTTP and the console.

use std::path::PathBuf;

use mailchute_stores::StoreUrl;

use crate::options::args::Options;
use crate::options::keep::Keep;

/// Returns the conflicts of these options, each with what to write instead.
pub(crate) fn mistakes(options: &Options) -> Vec<String> {
    let web = &options.web;
    let given = [
        ("http", !web.http.is_empty()),
        ("console", web.console),
        ("console-auth", web.console_auth.is_some()),
        ("console-name", !web.console_name.is_empty()),
        ("console-tags", web.console_tags.is_some()),
        ("console-release", web.console_release.is_some()),
        ("console-release-to", !web.console_release_to.is_empty()),
        ("keep", !web.keep.is_empty()),
    ];
    let given = given.into_iter().filter_map(|(option, is_given)| is_given.then_some(option));
    let name = |option: &str| options.provenance.name(option);
    if !cfg!(feature = "console") {
        if options.is_inbox {
            return vec![format!("mailchute inbox: {UNBUILT}")];
        }
        return given.map(|option| format!("{}: {UNBUILT}", name(option))).collect();
    }
    if !web.console {
        let idle = given.filter(|option| *option != "http");
        return idle.map(|option| format!("{}: there is no console; add --console", name(option))).collect();
    }
    let of_keep = of_keep(options).into_iter().map(|mistake| ("keep", mistake));
    let mistakes = of_keep.chain(of_release(options));
    mistakes.map(|(option, mistake)| format!("{}: {mistake}", name(option))).collect()
}

/// The mistake of options that this build does not have.
const UNBUILT: &str = "this program was built without the console; build it with --features console";

fn of_keep(options: &Options) -> Vec<&'static str> {
    let (mut mistakes, keep) = (Vec::new(), &options.web.keep);
    let kinds: Vec<_> = keep.iter().map(std::mem::discriminant::<Keep>).collect();
    if kinds.iter().enumerate().any(|(index, kind)| kinds[..index].contains(kind)) {
        mistakes.push("there are two of the same kind; write one number, one time and one size at most");
    }
    // A default of the inbox is not a mistake.
    if !keep.is_empty() && maildir(options).is_none() && options.provenance.is_given("keep") {
        mistakes
            .push("the console shows no Maildir whose messages could be removed; add --store maildir:PATH");
    }
    mistakes
}

fn of_release(options: &Options) -> Option<(&'static str, &'static str)> {
    let web = &options.web;
    match (&web.console_release, web.console_release_to.is_empty()) {
        (Some(_), true) => Some((
            "console-release",
            "no recipient would be allowed; add --console-release-to, such as --console-release-to example.com",
        )),
        (None, false) => {
            Some(("console-release-to", "there is no next hop; add --console-release, such as smtp://HOST"))
        }
        (Some(_), false) if maildir(options).is_none() => Some((
            "console-release",
            "the console shows no Maildir whose messages could be released; add --store maildir:PATH",
        )),
        _ => None,
    }
}

impl Options {
    /// Returns the URL of the next hop of messages that are released, with the beginning of a message about it.
    pub(crate) fn release(&self) -> Option<(String, &str)> {
        let url = self.web.console_release.as_deref()?;
        Some((self.provenance.name("console-release"), url))
    }

    /// The URLs of all stores, and that of the next hop of releases, with the names of their options.
    pub(crate) fn store_urls(&self) -> impl Iterator<Item = (String, &str)> {
        self.stores().chain(self.release())
    }
}

/// Returns the directory that the console shows: that of the first Maildir, or of the Maildirs of users.
pub(crate) fn maildir(options: &Options) -> Option<PathBuf> {
    options.store.iter().find_map(|url| {
        let url = StoreUrl::parse(url).ok()?;
        url.directory().map(PathBuf::from)
    })
}
