//! The URL of a stream.

use super::JetStreamBuilder;
use super::body::{self, BodyOptions};
use super::servers::{OPTIONS, Servers};
use crate::Template;
use crate::url_options::{divide, pairs, unknown};

/// Parses what follows `scheme:`, which is `nats` or `tls`.
///
/// # Errors
/// A text that says what to write instead. It does not repeat a secret.
pub(crate) fn parse(scheme: &str, rest: &str) -> Result<JetStreamBuilder, String> {
    let (places, options) = divide(rest);
    let (hosts, subject) = places
        .strip_prefix("//")
        .and_then(|places| places.split_once('/'))
        .ok_or_else(|| format!("{scheme}: names no subject; write {scheme}://HOST/SUBJECT, such as {scheme}://HOST/mail.{{domain}}"))?;
    let servers = Servers::parse(scheme, hosts)?;
    let subject =
        Template::parse(subject).map_err(|error| format!("{scheme}: the subject is wrong: {error}"))?;
    let mut builder = JetStreamBuilder::new(servers, subject);
    let bad =
        |option: &str| format!("{scheme}: {}", unknown(option, &format!("{OPTIONS}, {}", body::OPTIONS)));
    let mut body = BodyOptions::default();
    for option in pairs(options) {
        let (name, value) = option.map_err(bad)?;
        if !body.takes(name, value) {
            let servers = builder.servers.with_option(name, value).ok_or_else(|| bad(name))?;
            builder = JetStreamBuilder { servers, ..builder };
        }
    }
    builder.body = body.body().map_err(|error| format!("{scheme}: {error}"))?;
    builder.check().map_err(|error| format!("{scheme}: {error}"))?;
    Ok(builder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_printed_as_it_was_written() {
        for url in [
            "nats://127.0.0.1:4222/mail.{domain}",
            "nats://a.example:4222,b.example:4223,[::1]:4222/mail.in?body=objects:mail-bodies",
            "nats://localhost:4222/mail?user=us&secret=env:S",
            "tls://a.example:4222/mail?secret=file:/etc/token&ca=/ca.pem&cert=/c.pem&key=/k.pem&body=objects:b",
        ] {
            let (scheme, rest) = url.split_once(':').unwrap();
            assert_eq!(parse(scheme, rest).unwrap().to_string(), url);
        }
        assert_eq!(parse("tls", "//a.example/mail").unwrap().to_string(), "tls://a.example:4222/mail");
    }

    #[test]
    fn a_wrong_url_says_what_to_write() {
        for (scheme, rest, hint) in [
            ("nats", "", "write nats://HOST/SUBJECT"),
            ("nats", "//host", "write nats://HOST/SUBJECT"),
            ("nats", "host/mail", "write nats://HOST/SUBJECT"),
            ("nats", "//host/", "begins with a word of its own"),
            ("nats", "///mail", "write nats://HOST or nats://HOST:PORT"),
            ("nats", "//user@host/mail", "write nats://HOST or nats://HOST:PORT"),
            ("tls", "//host:0/mail", "write tls://HOST or tls://HOST:PORT"),
            ("nats", "//host/{user}", "write mail.{domain}"),
            ("nats", "//host/mail.{usr}", "{usr} cannot be filled in"),
            ("nats", "//host/mail.*", "no * or >"),
            ("nats", "//host/mail?body=s4:b", "body=objects:BUCKET"),
            ("nats", "//host/mail?body=objects:a.b", "write body=objects:BUCKET"),
            ("nats", "//host/mail?body=objects:b&s3-region=x", "write body=s3://BUCKET"),
            ("nats", "//host/mail?s3-secret=hunter2", "s3-secret is for content in S3"),
            ("nats", "//host/mail?colour=blue", "write user=NAME"),
            ("nats", "//localhost/mail?user=us", "write user=NAME and secret=file:PATH"),
            ("nats", "//localhost/mail?user=us&secret=hunter2", "secret=file:PATH"),
            ("nats", "//127.0.0.1,host/mail?secret=env:S", "write tls://"),
            ("nats", "//host/mail?ca=/ca.pem", "write tls:// next to ca"),
            ("tls", "//host/mail?cert=/c.pem", "write both cert=FILE and key=FILE"),
            ("tls", "//host/mail?ca=/a&ca=/b", "or has it twice"),
        ] {
            let error = parse(scheme, rest).unwrap_err();
            assert!(error.contains(hint), "{rest}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[cfg(feature = "s3")]
    #[test]
    fn a_url_with_a_bucket_of_s3_is_printed_as_written() {
        for url in [
            "nats://127.0.0.1:4222/mail.{domain}?body=s3://bodies/{id}",
            "nats://a.example:4222/mail?body=s3://bodies/in/{id}&s3-region=eu-north-1",
            "tls://a.example:4222/mail?ca=/n.pem&body=s3://bodies/{id}&s3-endpoint=https://s3.example.com&s3-region=x&s3-key=us&s3-secret=env:S&s3-ca=/s.pem",
        ] {
            let (scheme, rest) = url.split_once(':').unwrap();
            assert_eq!(parse(scheme, rest).unwrap().to_string(), url);
        }
        let builder =
            parse("nats", "//a.example/mail?body=s3://bodies&s3-endpoint=http://minio:9000").unwrap();
        assert!(builder.to_string().contains("body=s3://bodies/{id}&"), "{builder}");
        let next_hops: Vec<_> = builder.next_hops().iter().map(ToString::to_string).collect();
        assert_eq!(next_hops, ["a.example:4222", "minio:9000"]);
        assert!(builder.warning().unwrap().ends_with("write s3-endpoint=https:"));
    }

    #[cfg(feature = "s3")]
    #[test]
    fn a_wrong_bucket_of_s3_says_what_to_write() {
        for (options, hint) in [
            ("body=s3:", "does not name a bucket"),
            ("body=s3://bodies/{domain}/{id}", "write body=s3://BUCKET/{id}"),
            ("body=s3://bodies/all", "write {id} in it"),
            ("body=s3://bodies&s3-key=us", "write s3-key=ID and s3-secret=file:PATH"),
            ("body=s3://bodies&s3-key=us&s3-secret=hunter2", "write file:PATH or env:NAME"),
            ("body=s3://bodies&s3-colour=red", "write s3-endpoint=https://HOST, s3-region=REGION"),
            ("body=s3://bodies&s3-endpoint=minio:9000", "write https://HOST"),
            ("body=s3://bodies&s3-region=a&s3-region=a", "or has it twice"),
            ("body=s3://bodies&region=a", "s3-region=REGION"),
        ] {
            let error = parse("nats", &format!("//host/mail?{options}")).unwrap_err();
            assert!(error.starts_with("nats: ") && error.contains(hint), "{options}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[cfg(not(feature = "s3"))]
    #[test]
    fn without_the_feature_the_error_names_it() {
        let error = parse("nats", "//host/mail?body=s3://bodies&s3-region=x").unwrap_err();
        assert!(error.ends_with("build it with the feature s3, or with full"), "{error}");
    }
}
