//! The options of a store's URL: `name=value` after the first `?`, with `&` between two.

use std::fmt;

/// The error of one half of a client's certificate.
pub(crate) const NO_KEY: &str = "a certificate needs its key; write both cert=FILE and key=FILE";

/// Divides a URL at the first `?`: into what it names, and its options.
pub(crate) fn divide(url: &str) -> (&str, Option<&str>) {
    match url.split_once('?') {
        Some((place, options)) => (place, Some(options)),
        None => (url, None),
    }
}

/// Returns the name and the value of each option. An error is an option that has no value, or stands twice.
pub(crate) fn pairs(options: Option<&str>) -> impl Iterator<Item = Result<(&str, &str), &str>> {
    let mut seen = Vec::new();
    options.into_iter().flat_map(|options| options.split('&')).map(move |option| {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        if value.is_empty() || seen.contains(&name) {
            return Err(option);
        }
        seen.push(name);
        Ok((name, value))
    })
}

/// Returns what is wrong with an option, and the `known` ones to write instead. The value is not repeated, as it may be a
/// secret.
pub(crate) fn unknown(option: &str, known: &str) -> String {
    let name = option.split('=').next().unwrap_or_default();
    format!(
        "does not know the option {name:?} with this value, or has it twice; write {known}, with & between two"
    )
}

/// Returns the certificate that a client shows and its key, if both are named.
pub(crate) fn certificate<'u>(
    cert: Option<&'u str>,
    key: Option<&'u str>,
) -> Result<Option<(&'u str, &'u str)>, &'static str> {
    if cert.is_some() == key.is_some() { Ok(cert.zip(key)) } else { Err(NO_KEY) }
}

/// Writes options as the end of a URL.
pub(crate) fn write(f: &mut fmt::Formatter<'_>, options: &[String]) -> fmt::Result {
    if options.is_empty() { Ok(()) } else { write!(f, "?{}", options.join("&")) }
}
