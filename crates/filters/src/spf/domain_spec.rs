//! The names that a record leads to (RFC 7208 §7.1).

use super::macros::{MacroString, Values};
use crate::name::{is_name, shorten, without_root};

/// A `domain-spec`: a name with macros.
#[derive(Debug)]
pub(super) struct DomainSpec {
    text: String,
    name: MacroString,
}

impl DomainSpec {
    /// Parses a name that ends with a macro or with a top label.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let name = MacroString::parse(text)?;
        let has_end = name.ends_with_macro() || ends_with_top_label(text);
        has_end.then(|| Self { text: text.to_owned(), name })
    }

    /// The name as the record has it.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Returns whether the validated name of the client is needed.
    pub(super) fn needs_validated(&self) -> bool {
        self.name.needs_validated()
    }

    /// Expands the name. Returns `None` if the DNS cannot be asked for it, so that it has no records.
    pub(super) fn expand(&self, values: Values<'_>) -> Option<String> {
        let text = self.name.expand(values)?;
        Some(shorten(without_root(&text))).filter(|name| is_name(name)).map(str::to_owned)
    }
}

/// Returns whether a text ends with a dot and a label of letters, digits and hyphens, which has not only digits.
fn ends_with_top_label(text: &str) -> bool {
    let Some((_, label)) = without_root(text).rsplit_once('.') else { return false };
    !label.is_empty()
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
        && !label.bytes().all(|byte| byte.is_ascii_digit())
}
