//! The URL of an S3 store.

use super::{S3, S3Builder};
use crate::url_options::{divide, pairs, unknown};
use crate::{Template, seconds};

/// The options, as an error names them. Each name begins with `prefix`.
fn options_of(prefix: &str) -> String {
    format!(
        "{prefix}endpoint=https://HOST, {prefix}region=REGION, {prefix}key=ID with {prefix}secret=file:PATH or \
         {prefix}secret=env:NAME, {prefix}timeout=60s, \
         {prefix}ca=FILE"
    )
}

/// The key of those who write none.
const KEY: &str = "{id}";

/// Parses what follows `s3:`.
///
/// # Errors
/// A text that says what to write instead. It does not repeat a secret.
pub(crate) fn parse(rest: &str) -> Result<S3Builder, String> {
    let (place, options) = divide(rest);
    let builder = of_place(place).map_err(|error| format!("s3: {error}"))?;
    let builder = with_options(builder, pairs(options), "").map_err(|error| format!("s3: {error}"))?;
    builder.check().map_err(|error| format!("s3: {error}"))?;
    Ok(builder)
}

/// Parses `//BUCKET/KEY`, without options.
pub(crate) fn of_place(place: &str) -> Result<S3Builder, String> {
    let place = place.strip_prefix("//").unwrap_or(place);
    let (bucket, key) = place.split_once('/').unwrap_or((place, ""));
    let key = if key.is_empty() { KEY } else { key };
    let key = Template::parse(key).map_err(|error| format!("the key is wrong: {error}"))?;
    Ok(S3::builder(bucket, key))
}

/// Sets options, the names of which begin with `prefix`.
pub(crate) fn with_options<'o>(
    mut builder: S3Builder,
    options: impl Iterator<Item = Result<(&'o str, &'o str), &'o str>>,
    prefix: &str,
) -> Result<S3Builder, String> {
    let (mut key, mut secret) = (None, None);
    let known = options_of(prefix);
    for option in options {
        let (name, value) = option.map_err(|option| unknown(option, &known))?;
        builder = match name.strip_prefix(prefix) {
            Some("endpoint") => builder.endpoint(value),
            Some("region") => builder.region(value),
            Some("ca") => builder.ca(value),
            Some("timeout") => {
                builder.request_timeout(seconds::parse(value).ok_or_else(|| unknown(name, &known))?)
            }
            Some("key") => {
                key = Some(value);
                builder
            }
            Some("secret") => {
                secret = Some(value);
                builder
            }
            _ => return Err(unknown(name, &known)),
        };
    }
    match (key, secret) {
        (Some(key), Some(secret)) => {
            let secret = secret.parse().map_err(|error| format!("{prefix}secret: {error}"))?;
            Ok(builder.credentials(key, secret))
        }
        (None, None) => Ok(builder),
        _ => Err(format!(
            "a key needs its secret; write {prefix}key=ID and {prefix}secret=file:PATH or {prefix}secret=env:NAME"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_printed_as_it_was_written() {
        for url in [
            "s3://mail/{id}",
            "s3://mail/{domain}/{user}/{id}?region=eu-north-1",
            "s3://mail/{id}?endpoint=https://s3.example.com&region=x&key=us&secret=env:S&ca=/etc/ca.pem",
            "s3://mail/{id}?timeout=30s",
        ] {
            let (_, rest) = url.split_once(':').expect(url);
            assert_eq!(parse(rest).expect(url).to_string(), url);
        }
        for short in ["mail", "//mail", "//mail/"] {
            assert_eq!(parse(short).expect(short).to_string(), "s3://mail/{id}");
        }
    }

    #[test]
    fn a_wrong_url_says_what_to_write() {
        for (rest, hint) in [
            ("", "write s3://BUCKET/{domain}/{id}"),
            ("//", "does not name a bucket"),
            ("//us:pw@mail/{id}", "does not name a bucket"),
            ("//mail/{domain}", "write {id} in it"),
            ("//mail/{usr}", "{usr} cannot be filled in"),
            ("//mail/{id}?endpoint=minio:9000", "write https://HOST"),
            ("//mail/{id}?endpoint=http://a/mail", "without the bucket"),
            ("//mail/{id}?region=a/b", "such as eu-central-1"),
            ("//mail/{id}?key=us", "a key needs its secret"),
            ("//mail/{id}?secret=env:S", "a key needs its secret"),
            ("//mail/{id}?key=us&secret=hunter2", "write file:PATH or env:NAME"),
            ("//mail/{id}?key=a b&secret=env:S", "visible ASCII"),
            ("//mail/{id}?timeout=0", "write endpoint="),
            ("//mail/{id}?colour=red", "does not know the option \"colour\""),
            ("//mail/{id}?region=a&region=a", "or has it twice"),
            ("//mail/{id}?region=", "does not know the option"),
            ("//mail/{id}?endpoint=http://a&ca=/x", "write https: next to ca"),
        ] {
            let error = parse(rest).expect_err(rest);
            assert!(error.starts_with("s3: ") && error.contains(hint), "{rest}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
