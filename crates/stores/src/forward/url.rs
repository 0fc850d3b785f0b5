//! The URL of a forward.

use super::{Forward, ForwardBuilder, HopTls, NextHop};
use crate::SecretError;
use crate::url_options::{certificate, divide, pairs, unknown};

/// The port of SMTP between servers.
const SMTP: u16 = 25;

/// The port of SMTP inside TLS (RFC 8314 §3.3).
const SMTPS: u16 = 465;

/// The options, as an error names them.
const OPTIONS: &str = "tls=require, tls=opportunistic or tls=off, ca=FILE, cert=FILE with key=FILE, user=NAME with \
                       secret=file:PATH or secret=env:NAME, auth=external, connections=NUMBER";

/// Parses what follows `scheme:`, which is `lmtp`, `smtp` or `smtps`.
///
/// # Errors
/// A text that says what to write instead. It does not repeat a secret.
pub(crate) fn parse(scheme: &str, rest: &str) -> Result<ForwardBuilder, String> {
    let (places, options) = divide(rest);
    let places = places.strip_prefix("//").unwrap_or(places);
    let port = match scheme {
        "lmtp" => None,
        "smtps" => Some(SMTPS),
        _ => Some(SMTP),
    };
    let next_hops =
        places.split(',').map(|place| next_hop(scheme, place, port)).collect::<Result<Vec<_>, _>>()?;
    let builder = if scheme == "lmtp" { Forward::lmtp(next_hops) } else { Forward::smtp(next_hops) };
    let builder = if scheme == "smtps" { builder.implicit_tls() } else { builder };
    let builder = with_options(builder, options).map_err(|error| format!("{scheme}: {error}"))?;
    builder.check().map_err(|error| format!("{scheme}: {error}"))?;
    Ok(builder)
}

fn next_hop(scheme: &str, place: &str, port: Option<u16>) -> Result<NextHop, String> {
    let example =
        if scheme == "lmtp" { "lmtp:HOST:PORT or lmtp:unix:PATH" } else { "smtp://HOST or smtp://HOST:PORT" };
    let wrong = || {
        format!("{scheme}: {place:?} does not name a server; write {example}, with commas between several")
    };
    if let Some(path) = place.strip_prefix("unix:") {
        return if path.is_empty() { Err(wrong()) } else { Ok(NextHop::unix(path)) };
    }
    NextHop::parse_tcp(place, port).ok_or_else(wrong)
}

fn with_options(mut builder: ForwardBuilder, options: Option<&str>) -> Result<ForwardBuilder, String> {
    let (mut cert, mut key, mut user, mut secret) = (None, None, None, None);
    for option in pairs(options) {
        let (name, value) = option.map_err(|option| unknown(option, OPTIONS))?;
        let bad = || unknown(name, OPTIONS);
        builder = match name {
            "tls" => builder.tls(match value {
                "require" => HopTls::Require,
                "opportunistic" => HopTls::Opportunistic,
                "off" => HopTls::Off,
                _ => return Err(bad()),
            }),
            "ca" => builder.ca(value),
            "auth" if value == "external" => builder.login_by_certificate(),
            "connections" => match value.parse() {
                Ok(most) if most > 0 => builder.connections(most),
                _ => return Err(bad()),
            },
            "cert" | "key" | "user" | "secret" => {
                let option = match name {
                    "cert" => &mut cert,
                    "key" => &mut key,
                    "user" => &mut user,
                    _ => &mut secret,
                };
                *option = Some(value);
                builder
            }
            _ => return Err(bad()),
        };
    }
    if let Some((cert, key)) = certificate(cert, key)? {
        builder = builder.client_certificate(cert, key);
    }
    match (user, secret) {
        (Some(user), Some(secret)) => {
            let secret = secret.parse().map_err(|error: SecretError| error.to_string())?;
            Ok(builder.login(user, secret))
        }
        (None, None) => Ok(builder),
        _ => Err("a user needs a secret; write user=NAME and secret=file:PATH or secret=env:NAME".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_printed_as_it_was_written() {
        for url in [
            "lmtp:127.0.0.1:24",
            "lmtp:a.example:24,b.example:2424",
            "lmtp:unix:/run/dovecot/lmtp",
            "lmtp:unix:/run/a,unix:/run/b",
            "lmtp:[::1]:24?tls=off",
            "smtp://mx.example.com:25",
            "smtp://mx.example.com:587?tls=require&ca=/etc/ca.pem&cert=/c.pem&key=/k.pem&user=us&secret=file:/etc/s",
            "smtps://mx.example.com:465?cert=/c.pem&key=/k.pem&auth=external&connections=5",
        ] {
            let (scheme, rest) = url.split_once(':').unwrap();
            assert_eq!(parse(scheme, rest).unwrap().to_string(), url);
        }
        for (short, long) in [
            ("mx.example.com", "smtp://mx.example.com:25"),
            ("//mx.example.com,[2001:db8::1]", "smtp://mx.example.com:25,[2001:db8::1]:25"),
        ] {
            assert_eq!(parse("smtp", short).unwrap().to_string(), long);
        }
        assert_eq!(parse("smtps", "//a.example").unwrap().to_string(), "smtps://a.example:465");
    }

    #[test]
    fn a_wrong_url_says_what_to_write() {
        for (scheme, rest, hint) in [
            ("lmtp", "", "write lmtp:HOST:PORT or lmtp:unix:PATH"),
            ("lmtp", "host", "write lmtp:HOST:PORT"),
            ("lmtp", "unix:", "write lmtp:HOST:PORT"),
            ("lmtp", "/run/dovecot/lmtp", "write lmtp:HOST:PORT"),
            ("smtp", "//host:0", "write smtp://HOST"),
            ("smtp", "//host:", "write smtp://HOST"),
            ("smtp", "//host:x", "write smtp://HOST"),
            ("smtp", "//[::1", "write smtp://HOST"),
            ("smtp", "//user@host", "write smtp://HOST"),
            ("smtp", "//host/path", "write smtp://HOST"),
            ("smtp", "//a,,b", "write smtp://HOST"),
            ("smtp", "//host?tls=maybe", "tls=require, tls=opportunistic or tls=off"),
            ("smtp", "//host?tls=off&tls=off", "or has it twice"),
            ("smtp", "//host?colour=blue", "write tls=require"),
            ("smtp", "//host?cert=/c.pem", "write both cert=FILE and key=FILE"),
            ("smtp", "//host?user=us", "write user=NAME and secret=file:PATH"),
            ("smtp", "//host?tls=require&user=us&secret=hunter2", "write file:PATH or env:NAME"),
            ("smtp", "//host?user=us&secret=env:S", "write tls=require or smtps:"),
            ("lmtp", "unix:/run/x?tls=require", "leave out tls"),
            ("smtp", "//host?ca=/x.pem", "write tls=require next to ca"),
        ] {
            let error = parse(scheme, rest).unwrap_err();
            assert!(error.contains(hint), "{rest}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
