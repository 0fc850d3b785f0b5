//! The server of a scanner that is asked by HTTP.

use std::net::IpAddr;

use mailchute_filters::ScannerUrl;
use mailchute_stores::NextHop;

/// Returns the server to which the filter connects.
pub(crate) fn server(url: &ScannerUrl) -> Option<NextHop> {
    match (url.host_and_port(), url.socket()) {
        (Some((host, port)), _) => Some(NextHop::tcp(host, port)),
        (None, socket) => socket.map(NextHop::unix),
    }
}

/// Returns a warning if messages go to another host without TLS.
pub(crate) fn without_tls(url: &ScannerUrl) -> Option<String> {
    let (host, _) = url.host_and_port()?;
    let is_local = host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
    let is_risky = !url.is_tls() && !is_local;
    is_risky.then(|| format!("messages go to {host} without TLS, so others can read them; write https:"))
}
