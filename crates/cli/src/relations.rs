//! Options that go together, or not.

use crate::args::{ClientCertificate, Options};

/// What is wrong with the options as a whole, each with what to write instead.
pub(crate) fn mistakes(options: &Options) -> Vec<String> {
    let name = |option: &str| options.origins.name(option);
    let mut mistakes = Vec::new();
    let (certificates, keys) = (options.tls_cert.len(), options.tls_key.len());
    if certificates != keys {
        mistakes.push(format!(
            "{}: --tls-cert is given {} and --tls-key {}; write one --tls-key for each --tls-cert, in the same order",
            name(if certificates == 0 { "tls-key" } else { "tls-cert" }),
            times(certificates),
            times(keys),
        ));
    }
    let no_users = options.auth_file.is_none();
    for (option, is_on) in [
        ("require-auth", options.require_auth && no_users),
        ("allow-plaintext-auth", options.allow_plaintext_auth && no_users),
    ] {
        if is_on {
            mistakes.push(format!("{}: nobody could log in; write --auth-file as well", name(option)));
        }
    }
    if options.tls_client_cert == ClientCertificate::Required && options.tls_client_ca.is_none() {
        mistakes.push(format!(
            "{}: no certificate could be trusted; write --tls-client-ca as well",
            name("tls-client-cert")
        ));
    }
    if options.allow_root && options.user.is_some() {
        mistakes.push(format!("{}: this contradicts --user; leave one of the two out", name("allow-root")));
    }
    mistakes
}

fn times(count: usize) -> String {
    match count {
        0 => "not at all".into(),
        1 => "once".into(),
        count => format!("{count} times"),
    }
}
