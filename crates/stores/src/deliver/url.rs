//! The URL of a stream from which mail is taken.

use crate::nats::body::{Body, BodyOptions};
use crate::nats::servers::{OPTIONS, Servers};
use crate::url_options::{divide, pairs, unknown};

/// Parses `nats://HOST/SUBJECT?OPTIONS` or `tls://…`: the servers, a subject that may have wildcards, and a
/// bucket of S3 for content.
///
/// # Errors
/// A text that says what to write instead. It does not repeat a secret.
pub(super) fn parse(url: &str) -> Result<(Servers, String, Option<Body>), String> {
    let Some((scheme @ ("nats" | "tls"), rest)) = url.split_once(':') else {
        return Err(format!(
            "{url:?} is not the URL of a stream; write nats://HOST/SUBJECT, such as nats://HOST/mail.>"
        ));
    };
    let (places, options) = divide(rest);
    let (hosts, subject) =
        places.strip_prefix("//").and_then(|places| places.split_once('/')).ok_or_else(|| {
            format!(
                "{scheme}: names no subject; write {scheme}://HOST/SUBJECT, such as {scheme}://HOST/mail.>"
            )
        })?;
    if !is_filter(subject) {
        return Err(format!(
            "{scheme}: {subject:?} is not a subject; write words with dots between them, with * for any word and > for all \
             words at the end, such as mail.>"
        ));
    }
    let mut servers = Servers::parse(scheme, hosts)?;
    let known = format!("{OPTIONS}, or body=s3://BUCKET with the options that the store has for it");
    let bad = |option: &str| format!("{scheme}: {}", unknown(option, &known));
    let mut body = BodyOptions::default();
    for option in pairs(options) {
        let (name, value) = option.map_err(bad)?;
        if !body.takes(name, value) {
            servers = servers.with_option(name, value).ok_or_else(|| bad(name))?;
        }
    }
    servers.check().map_err(|error| format!("{scheme}: {error}"))?;
    let body = body.body().map_err(|error| format!("{scheme}: {error}"))?;
    if let Some(Body::Objects(_)) = body {
        return Err(format!("{scheme}: the messages name their bucket of NATS; leave body=objects: out"));
    }
    body.as_ref().map_or(Ok(()), Body::check).map_err(|error| format!("{scheme}: {error}"))?;
    Ok((servers, subject.to_owned(), body))
}

/// Whether a text is a subject to listen to: `*` stands for one word, and `>` for one or more at the end.
pub(super) fn is_filter(subject: &str) -> bool {
    let is_last_only = |words: &str| !words.split('.').rev().skip(1).any(|word| word == ">");
    !subject.starts_with(['$', '_'])
        && is_last_only(subject)
        && subject.split('.').all(|word| matches!(word, "*" | ">") || is_word(word))
}

fn is_word(word: &str) -> bool {
    let is_wrong = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '*' | '>' | '{' | '}');
    !word.is_empty() && !word.contains(is_wrong)
}

/// Whether some subject is taken by both filters.
pub(super) fn overlap(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (one.split('.'), other.split('.'));
    loop {
        match (one.next(), other.next()) {
            (None, None) => return true,
            (None, _) | (_, None) => return false,
            (Some(">"), _) | (_, Some(">")) => return true,
            (Some("*"), _) | (_, Some("*")) => {}
            (Some(one), Some(other)) if one == other => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_servers_and_a_subject() {
        for (url, subject) in [
            ("nats://127.0.0.1:4222/mail.>", "mail.>"),
            ("nats://a.example,b.example:4223/mail.*.bob", "mail.*.bob"),
            ("tls://a.example/mail?secret=env:S&ca=/ca.pem", "mail"),
        ] {
            assert_eq!(parse(url).expect(url).1, subject);
        }
    }

    #[test]
    fn a_wrong_url_says_what_to_write() {
        for (url, hint) in [
            ("maildir:/var/mail", "write nats://HOST/SUBJECT"),
            ("nats://host", "such as nats://HOST/mail.>"),
            ("nats://host/", "is not a subject"),
            ("nats://host/mail.>.x", "is not a subject"),
            ("nats://host/$JS.>", "is not a subject"),
            ("nats://host/mail.{domain}", "is not a subject"),
            ("nats://host/mail?body=objects:b", "leave body=objects: out"),
            ("nats://host/mail?s3-region=x", "write body=s3://BUCKET"),
            ("nats://host/mail?colour=red", "write user=NAME"),
            ("nats://localhost/mail?secret=hunter2", "secret=file:PATH"),
            ("nats://host/mail?secret=env:S", "write tls://"),
        ] {
            let error = parse(url).expect_err(url);
            assert!(error.contains(hint) && !error.contains("hunter2"), "{url}: {error}");
        }
    }

    #[test]
    fn filters_overlap_if_a_subject_is_of_both() {
        for (one, other, expected) in [
            ("mail", "mail", true),
            ("mail", "mail.x", false),
            ("mail.>", "mail", false),
            ("mail.>", "mail.a.b", true),
            ("mail.*", "mail.a.b", false),
            ("*.a", "mail.*", true),
            (">", "dead.mail", true),
            ("mail.>", "dead.mail.>", false),
            ("*.mail.>", "dead.*.mail.>", true),
        ] {
            assert_eq!(overlap(one, other), expected, "{one} {other}");
            assert_eq!(overlap(other, one), expected, "{other} {one}");
        }
    }
}
