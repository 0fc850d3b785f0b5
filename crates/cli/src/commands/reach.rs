//! The reach of the program beyond its sockets: directories that stores and filters write to, and their connections.

use std::path::PathBuf;

use mailchute_stores::NextHop;

use crate::commands::store;
use crate::options::args::Options;
use crate::options::filters::FilterOptions;
use crate::options::schema::USE;
use crate::process::outgoing::Outgoing;

/// The directories that stores and filters write to, and that of temporary files where a message is read several times.
pub(crate) fn written(options: &Options) -> Vec<PathBuf> {
    let of_filters = options.filter.iter().flat_map(|filter| written_by(filter, options));
    store::written(options).into_iter().chain(of_filters).collect()
}

fn written_by(filter: &FilterOptions, options: &Options) -> Vec<PathBuf> {
    let needs = filter.kind.needs();
    let state = needs.keeps_state.then(|| state_directory(options));
    let spool = needs.reads_messages.then(std::env::temp_dir);
    state.into_iter().chain(spool).collect()
}

/// The servers to which stores, look-ups of recipients and filters connect, each with the beginning of a message about it.
pub(crate) fn servers(options: &Options) -> Vec<(String, NextHop)> {
    let mut servers = store::servers(options);
    for filter in &options.filter {
        let named = |(option, server)| (filter.provenance.name(option), server);
        servers.extend(filter.kind.needs().servers.into_iter().map(named));
    }
    servers
}

/// The connections that the program makes.
pub(crate) fn outgoing(options: &Options) -> Outgoing {
    let mut outgoing = store::outgoing(options);
    for filter in &options.filter {
        add(&mut outgoing, filter, options);
    }
    outgoing
}

fn add(outgoing: &mut Outgoing, filter: &FilterOptions, options: &Options) {
    let needs = filter.kind.needs();
    for (_, server) in needs.servers {
        outgoing.add(&[server]);
    }
    outgoing.verifies |= needs.verifies;
    if needs.dns {
        outgoing.add_dns(options.dns.iter().map(|server| server.0.port()));
    }
}

/// Says what the sandbox opens for stores and filters, and what a unit of systemd must allow. Without filters and
/// connections there is nothing to say.
pub(crate) fn in_words(options: &Options) -> String {
    let mut servers: Vec<_> =
        servers(options).into_iter().map(|(_, server)| format!("to {server}")).collect();
    let asks_dns = options.filter.iter().any(|filter| filter.kind.needs().dns);
    let needs_network = asks_dns || !outgoing(options).ports.is_empty();
    if asks_dns {
        let named: Vec<_> = options.dns.iter().map(ToString::to_string).collect();
        let named =
            if named.is_empty() { "the servers of /etc/resolv.conf".to_owned() } else { named.join(", ") };
        servers.push(format!("to the DNS at {named}"));
    }
    if servers.is_empty() && options.filter.is_empty() {
        return String::new();
    }
    let directories = written(options).into_iter().map(|path| format!("writing in {}", path.display()));
    let mut all: Vec<_> =
        servers.into_iter().map(|server| format!("connections {server}")).chain(directories).collect();
    all.sort();
    all.dedup();
    let mut text = String::new();
    if !all.is_empty() {
        text += "allowed by --sandbox:\n";
    }
    text = all.iter().fold(text, |text, line| text + "  " + line + "\n");
    if needs_network {
        text += "needed with systemd: the drop-in network.conf\n";
    }
    text
}

/// Says which mail is quarantined by a next server only: filters may ask for directories, and a forward has none.
pub(crate) fn put_aside(options: &Options) -> String {
    let mut directories: Vec<_> = options.filter.iter().flat_map(|filter| filter.kind.files_into()).collect();
    directories.sort_unstable();
    directories.dedup();
    let mut text = String::new();
    for (_, url) in options.stores().filter(|(_, url)| store::is_forward(url)) {
        for directory in &directories {
            text += &format!("mail for {directory} gets \"X-Quarantine: {directory}\" for a rule at {url}\n");
        }
    }
    text
}

/// Returns the beginning of a message about what a sandbox that was made for other options does not allow.
pub(crate) fn blocked(before: &Options, now: &Options) -> Option<String> {
    let (allowed, directories) = (outgoing(before), written(before));
    if !allowed.cover(&store::outgoing(now)) {
        let asking = now.domains.iter().find(|domain| domain.lookup().is_some());
        return asking.map(|domain| domain.provenance.name("recipients"));
    }
    let is_blocked = |filter: &&FilterOptions| {
        let mut needed = Outgoing::default();
        add(&mut needed, filter, now);
        !allowed.cover(&needed) || written_by(filter, now).iter().any(|path| !directories.contains(path))
    };
    now.filter.iter().find(is_blocked).map(|filter| filter.provenance.name(USE))
}

/// The directory of what must outlive a restart.
pub(crate) fn state_directory(options: &Options) -> PathBuf {
    options.state.clone().unwrap_or_else(|| {
        // The variable may name several.
        let named = std::env::var_os("STATE_DIRECTORY").unwrap_or_default();
        let first = std::env::split_paths(&named).find(|path| !path.as_os_str().is_empty());
        first.unwrap_or_else(|| PathBuf::from("state"))
    })
}
