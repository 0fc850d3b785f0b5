//! The words of a search, as they were written.

use super::Key;

/// One word of a search, with its sign and its key.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Written<'t> {
    pub(super) is_negated: bool,
    pub(super) key: Option<Key>,
    pub(super) value: &'t str,
    pub(super) is_quoted: bool,
}

/// Keys of Mailpit that have no meaning here. Taken as words, they would find nothing and say nothing.
const FOREIGN: [&str; 7] = ["cc", "bcc", "reply-to", "addressed", "larger", "smaller", "tag"];

impl Written<'_> {
    /// Returns the key, if it is one of another program.
    pub(super) fn foreign_key(&self) -> Option<&'static str> {
        let (name, _) = self.value.split_once(':').filter(|_| self.key.is_none() && !self.is_quoted)?;
        FOREIGN.into_iter().find(|key| key.eq_ignore_ascii_case(name))
    }
}

/// Returns the words of a text. A quote without an end goes on to the end.
pub(super) fn words(text: &str) -> impl Iterator<Item = Written<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        if rest.is_empty() {
            return None;
        }
        let (word, after) = next(rest);
        rest = after;
        Some(word)
    })
}

/// Takes the first word. The text is not empty, and does not begin with a space.
fn next(text: &str) -> (Written<'_>, &str) {
    let (is_negated, text) = match text.strip_prefix(['-', '!']) {
        Some(after) => (true, after),
        None => (false, text),
    };
    let (key, text) = match key(text) {
        Some((key, after)) => (Some(key), after),
        None => (None, text),
    };
    let (value, is_quoted, rest) = match text.strip_prefix('"') {
        Some(quoted) => {
            let (value, rest) = quoted.split_once('"').unwrap_or((quoted, ""));
            (value, true, rest)
        }
        None => {
            let end = text.find(char::is_whitespace).unwrap_or(text.len());
            (&text[..end], false, &text[end..])
        }
    };
    (Written { is_negated, key, value, is_quoted }, rest)
}

/// Takes a key with its colon. Other words may have colons too, such as a URL.
fn key(text: &str) -> Option<(Key, &str)> {
    let (name, after) = text.split_once(':')?;
    let key = Key::ALL.into_iter().find(|key| key.name().eq_ignore_ascii_case(name))?;
    Some((key, after))
}
