//! Readers of `Authentication-Results` that must not be misled. The fuzz target `results` makes other fields.

use mailchute_filters::results::{AuthenticationResults, MethodResult};

const NAME: &str = "mx.example.com";

/// A field that a reader takes for one of this server is forged. A plain one is forged in no other case.
pub(crate) fn is_forged_if_a_reader_finds_the_name(octets: &[u8]) {
    let value = String::from_utf8_lossy(octets);
    let is_forged = AuthenticationResults::is_forged(&value, NAME);
    let readers = [first_word(&value), first_word(&without_comments_and_quotes(&value))];
    for (number, found) in readers.iter().enumerate() {
        let is_of_us = found.to_ascii_lowercase().trim_end_matches('.') == NAME;
        assert!(!is_of_us || is_forged, "reader {number} takes {value:?} for a field of this server");
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ';' | '-' | ' ');
    if value.chars().all(is_plain) {
        let words: Vec<String> =
            value.split(';').next().unwrap_or_default().split(' ').map(str::to_ascii_lowercase).collect();
        let joined = words.concat();
        let version = words.iter().rfind(|word| !word.is_empty()).filter(|word| is_number(word));
        let without_version = version.and_then(|version| joined.strip_suffix(&**version));
        let names = [Some(&*first_word(&value.to_ascii_lowercase())), Some(&*joined), without_version]
            .map(|name| name.map(|name| name.strip_suffix('.').unwrap_or(name).to_owned()));
        let expected = joined.is_empty() || names.iter().flatten().any(|name| name == NAME);
        assert_eq!(is_forged, expected, "{value:?}");
    }
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

/// The first word before a semicolon, as a search would find it.
fn first_word(value: &str) -> String {
    let first = value.split(';').next().unwrap_or_default();
    first.split_whitespace().next().unwrap_or_default().to_owned()
}

/// The text before the first semicolon that is not in quotes or comments.
fn without_comments_and_quotes(value: &str) -> String {
    let (mut text, mut depth, mut is_quoted, mut is_escaped) = (String::new(), 0, false, false);
    for c in value.chars() {
        if is_escaped {
            is_escaped = false;
            if depth == 0 {
                text.push(c);
            }
        } else if c == '\\' && (is_quoted || depth > 0) {
            is_escaped = true;
        } else if c == '"' && depth == 0 {
            is_quoted = !is_quoted;
        } else if c == '(' && !is_quoted {
            depth += 1;
            text.push(' ');
        } else if c == ')' && depth > 0 {
            depth -= 1;
        } else if c == ';' && depth == 0 && !is_quoted {
            break;
        } else if depth == 0 {
            text.push(c);
        }
    }
    text
}

/// A field of this server with texts of the sender is one of this server, and tells no result but ours.
pub(crate) fn texts_of_the_sender_tell_nothing(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    let result = MethodResult::new("dkim", "fail")
        .reason(&text)
        .property("header.d", &text)
        .property("smtp.mailfrom", &format!("{text}@example.org"));
    let value = AuthenticationResults::new(NAME).result(result).to_string();
    assert!(AuthenticationResults::is_forged(&value, NAME), "{value:?}");
    assert!(!AuthenticationResults::is_forged(&value, "mx.other.example"), "{value:?}");
    let lines: Vec<&str> = value.split("\r\n\t").collect();
    let [name, result] = &lines[..] else { panic!("{value:?}") };
    assert_eq!(*name, "mx.example.com;");
    assert!(result.starts_with("dkim=fail reason=\""), "{value:?}");
    assert!(result.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{value:?}");
    assert!(!result.contains([';', '(', ')', '\\', '<', '>']), "{value:?}");
    let signs: Vec<&str> = result.split('=').collect();
    let labels = ["dkim", "reason", "header.d", "smtp.mailfrom"];
    for before in &signs[..signs.len() - 1] {
        assert!(labels.iter().any(|label| before.ends_with(label)), "{value:?}");
    }
    assert!(result.len() < 1000, "{value:?}");
}
