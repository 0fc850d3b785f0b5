//! Texts of the sender in a field of ours.
//!
//! # Why
//!
//! Readers of `Authentication-Results` range from parsers to searches for `dkim=pass`. No text of the sender may look like
//! a result to any of them. So a value has only characters that cannot, even in quotes, and a property with another value
//! is left out.

/// The longest value in bytes: that of a domain.
const MAX_VALUE: usize = 255;

/// The longest reason in characters.
const MAX_REASON: usize = 160;

/// Returns a `pvalue` (RFC 8601 §2.2) for a text of the sender: a word, an address or a quoted string. `None` if it could
/// mislead a reader.
pub(super) fn value(text: &str) -> Option<String> {
    if text.is_empty() || text.len() > MAX_VALUE {
        return None;
    }
    if let Some((local, domain)) = text.rsplit_once('@') {
        let is_plain = (local.is_empty() || is_word(local)) && is_word(domain);
        return is_plain.then(|| text.to_owned());
    }
    if is_word(text) {
        return Some(text.to_owned());
    }
    text.bytes().all(|byte| is_plain(byte) || matches!(byte, b'/' | b':' | b'[' | b']')).then(|| quoted(text))
}

/// Returns a reason with the characters that cannot mislead a reader, in quotes. Others become question marks.
pub(super) fn reason(text: &str) -> String {
    let is_harmless = |c: &char| c.is_ascii_alphanumeric() || " .,_:@/+'-".contains(*c);
    let harmless = text.chars().take(MAX_REASON).map(|c| if is_harmless(&c) { c } else { '?' });
    quoted(&harmless.collect::<String>())
}

/// Returns a name of this server: a token (RFC 2045 §5.1), or else a quoted string.
pub(super) fn own_name(name: &str) -> String {
    if is_token(name) {
        return name.to_owned();
    }
    let escaped = name.chars().filter(|c| !c.is_control()).flat_map(|c| {
        let escape = matches!(c, '"' | '\\').then_some('\\');
        escape.into_iter().chain([c])
    });
    quoted(&escaped.collect::<String>())
}

pub(super) fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// Returns whether a text is a token (RFC 2045 §5.1).
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&byte))
}

/// Returns whether a text is a word that is both a token and a `dot-atom` (RFC 5322 §3.2.3).
fn is_word(text: &str) -> bool {
    text.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_plain))
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'+' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_words_addresses_or_harmless_quoted_strings() {
        for (text, expected) in [
            ("example.com", "example.com"),
            ("_x-1+y", "_x-1+y"),
            ("alice@example.com", "alice@example.com"),
            ("@example.com", "@example.com"),
            ("[192.0.2.1]", "\"[192.0.2.1]\""),
            ("2001:db8::1", "\"2001:db8::1\""),
            ("ab/d+e", "\"ab/d+e\""),
            ("a..b", "\"a..b\""),
            (".", "\".\""),
        ] {
            assert_eq!(value(text).as_deref(), Some(expected));
        }
        for text in [
            "",
            "a b",
            "a;b",
            "dkim=pass",
            "a\"b",
            "a\\b",
            "(a)",
            "a,b",
            "<a>",
            "a@b@c",
            "a@",
            "a b@c",
            "\u{fc}",
            "a\r\nb",
            "a\0",
        ] {
            assert_eq!(value(text), None, "{text:?}");
        }
        assert_eq!(value(&"a".repeat(255)).map(|value| value.len()), Some(255));
        assert_eq!(value(&"a".repeat(256)), None);
    }

    #[test]
    fn a_reason_has_nothing_that_looks_like_a_result() {
        assert_eq!(reason("a.example has no key"), "\"a.example has no key\"");
        assert_eq!(reason("x\"; dkim=pass (\u{fc}\r\n"), "\"x?? dkim?pass ????\"");
        assert_eq!(reason(&"x".repeat(1000)).len(), MAX_REASON + 2);
    }

    #[test]
    fn the_name_of_this_server_is_a_token_or_in_quotes() {
        for (name, expected) in [
            ("mx.example.com", "mx.example.com"),
            ("a b", "\"a b\""),
            ("a\"\\\r\n", "\"a\\\"\\\\\""),
            ("", "\"\""),
            ("b\u{fc}cher.example", "\"b\u{fc}cher.example\""),
        ] {
            assert_eq!(own_name(name), expected);
        }
    }
}
