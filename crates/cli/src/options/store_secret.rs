//! `secret` beside `store`: where the secret of the store stands.

use mailchute_stores::{SecretSource, StoreUrl};

use crate::options::args::Options;

/// Adds secrets to the URLs of their stores.
///
/// # Errors
/// All mistakes, each with what to write instead.
pub(crate) fn join(options: &mut Options) -> Result<(), Vec<String>> {
    let mut mistakes = Vec::new();
    if let Some(secret) = &options.secret {
        match joined(&options.store, secret) {
            Ok(url) => options.store = url,
            Err(text) => mistakes.push(format!("{}: {text}", options.provenance.name("secret"))),
        }
    }
    for domain in &mut options.domains {
        let Some(secret) = &domain.secret else { continue };
        let url = domain.store.as_deref().ok_or_else(|| NO_STORE.to_owned());
        match url.and_then(|url| joined(url, secret)) {
            Ok(url) => domain.store = Some(url),
            Err(text) => mistakes.push(format!("{}: {text}", domain.provenance.name("secret"))),
        }
    }
    if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
}

/// Returns the URL with the secret as an option.
fn joined(url: &str, secret: &SecretSource) -> Result<String, String> {
    let query = url.split_once('?').map(|(_, query)| query);
    if query.is_some_and(|query| query.split('&').any(|option| option.starts_with("secret="))) {
        return Err("the URL of the store names a secret too; leave one of the two out".to_owned());
    }
    let sign = if query.is_some() { '&' } else { '?' };
    let joined = format!("{url}{sign}secret={secret}");
    StoreUrl::parse(&joined).map_err(|error| format!("the store cannot use it: {error}"))?;
    Ok(joined)
}

const NO_STORE: &str =
    "this domain has no store of its own; write store = \"…\" beside it, or write the secret at the top";
