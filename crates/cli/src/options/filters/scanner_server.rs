//! The server of a scanner that is asked by HTTP.

use mailchute_filters::ScannerUrl;
use mailchute_stores::NextHop;

use crate::options::filters::kind::Needs;

/// Returns what a filter needs that sends messages to this server. The DNS tells it the name of the client.
pub(crate) fn needs(url: &ScannerUrl) -> Needs {
    let servers = server(url).map(|server| ("url", server)).into_iter().collect();
    Needs { dns: true, servers, verifies: url.is_tls(), reads_messages: true, ..Needs::default() }
}

/// Returns the server to which the filter connects.
fn server(url: &ScannerUrl) -> Option<NextHop> {
    match (url.host_and_port(), url.socket()) {
        (Some((host, port)), _) => Some(NextHop::tcp(host, port)),
        (None, socket) => socket.map(NextHop::unix),
    }
}

/// Returns a warning if messages go to another host without TLS.
pub(crate) fn warnings(url: &ScannerUrl) -> Vec<(&'static str, String)> {
    without_tls(url).map(|text| ("url", text)).into_iter().collect()
}

fn without_tls(url: &ScannerUrl) -> Option<String> {
    let (host, _) = url.host_and_port()?;
    let is_risky = !url.is_tls() && !server(url)?.is_local();
    is_risky.then(|| format!("messages go to {host} without TLS, so others can read them; write https:"))
}
