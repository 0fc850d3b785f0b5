//! Values in headers and in paths, percent-encoded (RFC 3986 §2.1) as UTF-8.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Encodes what a header cannot hold, and the signs that separate values.
pub(super) fn for_header(value: &str) -> Cow<'_, str> {
    encoded(value, |byte| byte.is_ascii_graphic() && !matches!(byte, b'%' | b','))
}

/// Encodes all but unreserved characters. A value of dots only would name another place, so its first dot is encoded
/// twice.
pub(crate) fn for_path(value: &str) -> Cow<'_, str> {
    if !value.is_empty() && value.bytes().all(|byte| byte == b'.') {
        return format!("%252E{}", &value[1..]).into();
    }
    encoded(value, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'))
}

fn encoded(value: &str, is_plain: impl Fn(u8) -> bool) -> Cow<'_, str> {
    if value.bytes().all(&is_plain) {
        return value.into();
    }
    let mut text = String::with_capacity(value.len() + 16);
    for byte in value.bytes() {
        if is_plain(byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_holds_any_text_in_visible_ascii() {
        for (value, text) in [
            ("bob+x@example.com", "bob+x@example.com"),
            ("\"a b,c\"@example.com", "\"a%20b%2Cc\"@example.com"),
            ("bücher%@example.com", "b%C3%BCcher%25@example.com"),
            ("a\r\nb\0", "a%0D%0Ab%00"),
        ] {
            assert_eq!(for_header(value), text);
        }
    }

    #[test]
    fn no_value_in_a_path_names_another_place() {
        for (value, text) in [
            ("bob", "bob"),
            ("bob@example.com", "bob%40example.com"),
            ("../x?y#z", "..%2Fx%3Fy%23z"),
            ("..", "%252E."),
            (".", "%252E"),
            ("%2e", "%252e"),
            ("ü", "%C3%BC"),
            ("", ""),
        ] {
            assert_eq!(for_path(value), text);
        }
    }
}
