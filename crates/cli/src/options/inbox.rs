//! The defaults of `mailchute inbox`, where they differ from those of `mailchute serve`.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The address of SMTP.
pub(crate) const SMTP: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1025);

const DEFAULTS: [(&str, &str); 8] = [
    ("domain", "*"),
    ("auth-any", "true"),
    ("allow-plaintext-auth", "true"),
    ("envelope", "lenient"),
    ("bare-line-ends", "tolerate"),
    ("console", "true"),
    ("keep", "500"),
    // Each message stays as it came, so that its source is shown as it is.
    ("store", "maildir:./mail?line-ends=crlf"),
];

/// Returns the defaults that apply besides the options that are given.
pub(crate) fn defaults(is_given: impl Fn(&str) -> bool) -> Vec<(&'static str, Vec<OsString>)> {
    let has_users = is_given("auth-file");
    let is_default = |option: &str| !(is_given(option) || option == "auth-any" && has_users);
    let defaults = DEFAULTS.into_iter().filter(|(option, _)| is_default(option));
    defaults.map(|(option, value)| (option, vec![OsString::from(value)])).collect()
}
