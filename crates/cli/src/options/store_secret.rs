//! `secret` next to `store`: where the secret of the store stands.

use mailchute_stores::{SecretSource, StoreUrl};

use crate::options::args::Options;

/// Adds secrets to the URLs of their stores.
///
/// # Errors
/// All mistakes, each with what to write instead.
pub(crate) fn join(options: &mut Options) -> Result<(), Vec<String>> {
    let mut mistakes = Vec::new();
    if let Some(secret) = &options.secret
        && let Err(text) = add(&mut options.store, secret)
    {
        mistakes.push(format!("{}: {text}", options.provenance.name("secret")));
    }
    for domain in &mut options.domains {
        let Some(secret) = &domain.secret else { continue };
        if let Err(text) = add(&mut domain.store, secret) {
            mistakes.push(format!("{}: {text}", domain.provenance.name("secret")));
        }
    }
    if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
}

/// Adds the secret to the only store of a list that takes one.
fn add(stores: &mut [String], secret: &SecretSource) -> Result<(), String> {
    match stores {
        [] => return Err(NO_STORE.to_owned()),
        [only] => {
            *only = joined(only, secret)?;
            return Ok(());
        }
        _ => {}
    }
    let mut takers: Vec<_> =
        stores.iter_mut().filter_map(|url| Some((joined(url, secret).ok()?, url))).collect();
    match &mut *takers {
        [(joined, url)] => {
            **url = std::mem::take(joined);
            Ok(())
        }
        [] => Err("no store of the list can use it; leave it out".to_owned()),
        _ => Err("several stores of the list could use it; write it in their URLs".to_owned()),
    }
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
    "this domain has no store of its own; write store = \"…\" next to it, or write the secret at the top";
