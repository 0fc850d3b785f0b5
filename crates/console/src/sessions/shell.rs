//! Words for a shell, from texts that clients chose.

use mailchute::syntax::escaped;

/// Returns a text as one word of a POSIX shell. Control characters are escaped first: a terminal that gets them pasted
/// would act on them, whatever quotes are around.
pub(super) fn word(text: &str) -> String {
    let text = escaped(text.as_bytes());
    let is_plain = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '@' | '=' | ',' | '+')
    };
    if !text.is_empty() && text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
