//! Rules of `[[listener]]`, and of the addresses of all listeners.

use mailchute::listen::Endpoint;

use crate::options::args::Options;
use crate::options::listen_at::ListenAddress;
use crate::options::listener_options::{ListenerAuth, ListenerOptions, ListenerProtocol, ListenerTls};
use crate::options::provenance::Provenance;

/// Returns the conflicts of listeners, each with what to write instead.
pub(crate) fn mistakes(options: &Options) -> Vec<String> {
    let mut mistakes = Vec::new();
    for (number, listener) in options.listener.iter().enumerate() {
        let mut wrong = |option: &str, text: &str| {
            mistakes.push(format!("{}: {text}", listener.provenance.name(option)));
        };
        if listener.address.is_empty() {
            wrong("address", "it has no address; write address = \"0.0.0.0:465\", for example");
            continue;
        }
        let name = listener.name();
        if options.listener[..number].iter().any(|before| before.name() == name) {
            wrong("name", &format!("{name:?} is the name of another listener; write a different name"));
        }
        of_tls(options, listener, &mut wrong);
        of_auth(options, listener, &mut wrong);
        if listener.mode.is_some() && !listener.address.iter().all(is_unix) {
            wrong(
                "mode",
                "only the file of a Unix socket has a mode; leave it out, or write unix:PATH as the address",
            );
        }
    }
    mistakes.extend(repeated_addresses(options));
    mistakes
}

fn of_tls(options: &Options, listener: &ListenerOptions, wrong: &mut impl FnMut(&str, &str)) {
    match listener.tls {
        Some(ListenerTls::Implicit) if listener.protocol == ListenerProtocol::Lmtp => {
            wrong("tls", "LMTP has no port with implicit TLS; write offer or require");
        }
        Some(ListenerTls::Implicit) if listener.address.iter().any(is_unix) => {
            wrong(
                "tls",
                "implicit TLS works over TCP only; write an address and a port, such as 0.0.0.0:465, or tls = \"require\"",
            );
        }
        Some(ListenerTls::Offer | ListenerTls::Off) if options.require_tls => {
            wrong("tls", &contradiction(options, "tls"));
        }
        _ => {}
    }
}

fn of_auth(options: &Options, listener: &ListenerOptions, wrong: &mut impl FnMut(&str, &str)) {
    let has_users = options.auth_file.is_some() || options.auth_any || options.auth_external;
    match listener.auth {
        Some(ListenerAuth::Require | ListenerAuth::Offer) if !has_users => {
            wrong("auth", "no user could log in; add auth-file, auth-external or auth-any");
        }
        Some(ListenerAuth::Offer | ListenerAuth::Off) if options.require_auth => {
            wrong("auth", &contradiction(options, "auth"));
        }
        _ => {}
    }
}

/// Returns what is wrong with a listener that demands less than `require-tls` or `require-auth`. Addresses without a
/// table cannot demand anything by themselves, so the text names the options that hold some.
fn contradiction(options: &Options, key: &str) -> String {
    let holders = [
        ("listen", !options.listen.is_empty()),
        ("tls-listen", key == "auth" && !options.tls_listen.is_empty()),
        ("lmtp", !options.lmtp.iter().all(is_unix)),
    ];
    let holders: Vec<&str> =
        holders.into_iter().filter_map(|(option, holds)| holds.then_some(option)).collect();
    let mut text = format!(
        "this contradicts require-{key}; remove require-{key}, and write {key} = \"require\" in each [[listener]] that \
         needs it"
    );
    if !holders.is_empty() {
        text += &format!("; move the addresses of {} to a [[listener]]", holders.join(" and "));
    }
    text
}

/// Finds addresses that two options name.
fn repeated_addresses(options: &Options) -> Vec<String> {
    let of = |provenance: &Provenance, option: &str, places: &[ListenAddress]| -> Vec<_> {
        let named = |(number, place): (usize, &ListenAddress)| {
            (provenance.name_of_item(option, number), place.clone())
        };
        places.iter().enumerate().map(named).collect()
    };
    let mut all = of(&options.provenance, "listen", &options.listen);
    all.extend(of(&options.provenance, "tls-listen", &options.tls_listen));
    all.extend(of(&options.provenance, "lmtp", &options.lmtp));
    for listener in &options.listener {
        all.extend(of(&listener.provenance, "address", &listener.address));
    }
    all.extend(of(&options.provenance, "http", &options.web.addresses()));
    let again = |(index, (name, place)): (usize, &(String, ListenAddress))| {
        let is_repeated = !has_any_port(place) && all[..index].iter().any(|(_, before)| before == place);
        is_repeated.then(|| format!("{name}: {place} is given twice; leave one of them out"))
    };
    all.iter().enumerate().filter_map(again).collect()
}

fn is_unix(place: &ListenAddress) -> bool {
    matches!(place, ListenAddress::Own(Endpoint::Unix(_)))
}

/// Whether the kernel chooses the port, so that the same text may stand for several sockets.
fn has_any_port(place: &ListenAddress) -> bool {
    match place {
        ListenAddress::Own(Endpoint::Tcp(address)) => address.port() == 0,
        ListenAddress::AllInterfaces(port) | ListenAddress::Host(_, port) => *port == 0,
        ListenAddress::Own(_) | ListenAddress::Systemd(_) => false,
    }
}
