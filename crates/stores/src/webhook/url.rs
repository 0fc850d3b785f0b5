//! The URL of a webhook, with options.

use super::builder::WebhookBuilder;
use super::format::WebhookFormat;
use crate::url_options::{certificate, divide, pairs, unknown};
use crate::{SecretError, seconds};

/// The options, as an error names them.
const OPTIONS: &str = "format=raw or format=json, trace=on, secret=file:PATH or secret=env:NAME, timeout=60s, \
                       connections=NUMBER, ca=FILE, cert=FILE with key=FILE";

/// Parses a whole URL, with its options.
///
/// # Errors
/// A text that says what to write instead. It does not repeat a secret.
pub(crate) fn parse(url: &str) -> Result<WebhookBuilder, String> {
    let (place, options) = divide(url);
    let scheme = place.split(':').next().unwrap_or_default();
    let builder = WebhookBuilder::new(place).map_err(|error| format!("{scheme}: {error}"))?;
    let builder = with_options(builder, options).map_err(|error| format!("{scheme}: {error}"))?;
    builder.check().map_err(|error| error.to_string())?;
    Ok(builder)
}

fn with_options(mut builder: WebhookBuilder, options: Option<&str>) -> Result<WebhookBuilder, String> {
    let (mut cert, mut key) = (None, None);
    for option in pairs(options) {
        let (name, value) = option.map_err(|option| unknown(option, OPTIONS))?;
        let bad = || unknown(name, OPTIONS);
        builder = match (name, value) {
            ("format", "raw") => builder.format(WebhookFormat::Raw),
            ("format", "json") => builder.format(WebhookFormat::Json),
            ("trace", "on" | "off") => builder.trace(value == "on"),
            ("secret", _) => builder.secret(value.parse().map_err(|error: SecretError| error.to_string())?),
            ("timeout", _) => builder.timeout(seconds::parse(value).ok_or_else(bad)?),
            ("connections", _) => match value.parse() {
                Ok(most) if most > 0 => builder.connections(most),
                _ => return Err(bad()),
            },
            ("ca", _) => builder.ca(value),
            ("cert", _) => {
                cert = Some(value);
                builder
            }
            ("key", _) => {
                key = Some(value);
                builder
            }
            _ => return Err(bad()),
        };
    }
    Ok(match certificate(cert, key)? {
        Some((cert, key)) => builder.client_certificate(cert, key),
        None => builder,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_printed_as_it_was_written() {
        for url in [
            "https://app.example.com/inbound",
            "https://app.example.com:8443/in/{domain}/{user}?format=json&trace=on",
            "http://[::1]:8080/{{x}}?secret=file:/etc/hook&timeout=30s",
            "https://a.example/?secret=env:HOOK&ca=/ca.pem&cert=/c.pem&key=/k.pem&connections=5",
        ] {
            assert_eq!(parse(url).unwrap().to_string(), url);
        }
        let short = parse("https://a.example?format=raw&trace=off&timeout=2m&connections=100").unwrap();
        assert_eq!(short.to_string(), "https://a.example?timeout=120s");
    }

    #[test]
    fn a_wrong_url_says_what_to_write() {
        for (url, hint) in [
            ("https:", "write https://HOST/PATH"),
            ("https:app.example.com", "write https://HOST/PATH"),
            ("https://", "write https://HOST/PATH"),
            ("https:///inbound", "write https://HOST/PATH"),
            ("https://a b/", "write https://HOST/PATH"),
            ("https://host:99999/", "write https://HOST/PATH"),
            ("https://us:hunter2@app.example.com/", "leave them out, and write secret=file:PATH"),
            ("https://hunter2@app.example.com/", "leave them out, and write secret=file:PATH"),
            ("https://{domain}/", "write {user} or {domain} in the path"),
            ("https://host/{usr}", "write {user}"),
            ("https://host/{user", "has no partner"),
            ("https://host/#top", "leave out #"),
            ("https://host/?token=hunter2", "write format=raw"),
            ("https://host/?format=xml", "write format=raw or format=json"),
            ("https://host/?format=json&format=json", "or has it twice"),
            ("https://host/?secret=hunter2", "write file:PATH or env:NAME"),
            ("https://host/?timeout=0", "timeout=60s"),
            ("https://host/?timeout=+5", "timeout=60s"),
            ("https://host/?connections=0", "connections=NUMBER"),
            ("https://host/?cert=/c.pem", "write both cert=FILE and key=FILE"),
            ("http://host/?ca=/c.pem", "or write https:"),
        ] {
            let error = parse(url).unwrap_err();
            assert!(error.contains(hint), "{url}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn mail_without_tls_to_another_host_is_warned_of() {
        for url in ["http://app.example.com/x", "http://192.0.2.1/", "http://[2001:db8::1]/"] {
            let warning = parse(url).unwrap().warning().unwrap();
            assert!(warning.contains("without TLS"), "{warning}");
        }
        for url in ["https://app.example.com/", "http://127.0.0.1:80/", "http://[::1]/", "http://LocalHost/"]
        {
            assert_eq!(parse(url).unwrap().warning(), None, "{url}");
        }
    }
}
