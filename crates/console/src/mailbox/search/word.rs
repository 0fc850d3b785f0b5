//! The words of a search, as they were written.

use std::borrow::Cow;

use super::Key;

/// One word of a search, with its sign and its key.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Written<'t> {
    pub(super) is_negated: bool,
    pub(super) key: Option<Key>,
    pub(super) value: Cow<'t, str>,
    pub(super) is_quoted: bool,
}

/// Keys of Mailpit that have no meaning here. Taken as words, they would find nothing and say nothing.
const FOREIGN: [&str; 6] = ["cc", "bcc", "reply-to", "addressed", "larger", "smaller"];

impl Written<'_> {
    /// Returns the key, if it is one of another program.
    pub(super) fn foreign_key(&self) -> Option<&'static str> {
        let (name, _) = self.value.split_once(':').filter(|_| self.key.is_none() && !self.is_quoted)?;
        FOREIGN.into_iter().find(|key| key.eq_ignore_ascii_case(name))
    }
}

/// Returns a text as the value of a key.
pub(in crate::mailbox) fn quoted(text: &str) -> String {
    if !text.contains(|c: char| c.is_whitespace() || c == '"') {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
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
            let (value, rest) = quoted_text(quoted);
            (value, true, rest)
        }
        None => {
            let end = text.find(char::is_whitespace).unwrap_or(text.len());
            (Cow::Borrowed(&text[..end]), false, &text[end..])
        }
    };
    (Written { is_negated, key, value, is_quoted }, rest)
}

/// Takes a text up to its quote. There, `\"` is a quote, and `\\` a backslash.
fn quoted_text(text: &str) -> (Cow<'_, str>, &str) {
    let mut value = Cow::Borrowed("");
    let mut rest = text;
    loop {
        let Some(at) = rest.find(['"', '\\']) else { return (value + rest, "") };
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        value += before;
        if rest[at..].starts_with('"') {
            return (value, after);
        }
        let escaped = after.chars().next().filter(|next| matches!(next, '"' | '\\'));
        value.to_mut().push(escaped.unwrap_or('\\'));
        rest = &after[escaped.map_or(0, char::len_utf8)..];
    }
}

/// Takes a key with its colon. Other words may have colons too, such as a URL.
fn key(text: &str) -> Option<(Key, &str)> {
    let (name, after) = text.split_once(':')?;
    let key = Key::ALL.into_iter().find(|key| key.name().eq_ignore_ascii_case(name))?;
    Some((key, after))
}
