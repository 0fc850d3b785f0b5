//! Values in a line of the log: none can end the line, its own place in it, or speak to a terminal.

use std::fmt::Write as _;

use mailchute::is_control;

/// Octets of a value that are shown.
const SHOWN: usize = 1024;

/// A value in the form `key=value`: in quotes unless it is one plain word.
pub(super) fn write_text(line: &mut String, value: &str) {
    let is_word = value.bytes().fold(!value.is_empty(), |so_far, octet| {
        so_far & octet.is_ascii_graphic() & !matches!(octet, b'"' | b'=' | b'\\')
    });
    if is_word && value.len() <= SHOWN {
        return line.push_str(value);
    }
    line.push('"');
    write_escaped(line, value, true, |line, c| line.extend(c.escape_default()));
    line.push('"');
}

/// A text that stands by itself.
pub(super) fn write_bare(line: &mut String, text: &str) {
    write_escaped(line, text, false, |line, c| line.extend(c.escape_default()));
}

/// A string of JSON.
pub(super) fn write_json(line: &mut String, value: &str) {
    line.push('"');
    write_escaped(line, value, true, |line, c| match c {
        '"' => line.push_str("\\\""),
        '\\' => line.push_str("\\\\"),
        c => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string does not fail.
                let _ = write!(line, "\\u{unit:04x}");
            }
        }
    });
    line.push('"');
}

/// Writes a text, but for controls, and where it stands in quotes, for those and backslashes, which are escaped.
fn write_escaped(line: &mut String, text: &str, is_quoted: bool, escape: fn(&mut String, char)) {
    let end = if text.len() > SHOWN { text.floor_char_boundary(SHOWN) } else { text.len() };
    let (shown, rest) = text.split_at(end);
    // As almost all are. All octets are looked at, which the compiler turns into vector code.
    let is_plain = shown.bytes().fold(true, |so_far, octet| {
        so_far & matches!(octet, b' '..=b'~') & !(is_quoted & matches!(octet, b'"' | b'\\'))
    });
    if is_plain {
        line.push_str(shown);
    } else {
        for c in shown.chars() {
            if is_control(c) || is_quoted && matches!(c, '"' | '\\') { escape(line, c) } else { line.push(c) }
        }
    }
    line.push_str(if rest.is_empty() { "" } else { "…" });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: fn(&mut String, &str), value: &str) -> String {
        let mut text = String::new();
        write(&mut text, value);
        text
    }

    #[test]
    fn a_value_is_quoted_unless_it_is_a_plain_word() {
        for (value, text, json) in [
            ("a@b.example", "a@b.example", r#""a@b.example""#),
            ("", r#""""#, r#""""#),
            ("a b", r#""a b""#, r#""a b""#),
            ("a=b", r#""a=b""#, r#""a=b""#),
            (r#"a"b\c"#, r#""a\"b\\c""#, r#""a\"b\\c""#),
            ("a\r\nb", r#""a\r\nb""#, r#""a\u000d\u000ab""#),
            ("\u{1b}[31m", r#""\u{1b}[31m""#, r#""\u001b[31m""#),
            ("\u{202e}\u{2028}", r#""\u{202e}\u{2028}""#, r#""\u202e\u2028""#),
            ("bücher", "\"bücher\"", "\"bücher\""),
            ("\u{e0001}", r#""\u{e0001}""#, r#""\udb40\udc01""#),
        ] {
            assert_eq!(written(write_text, value), text, "{value:?}");
            assert_eq!(written(write_json, value), json, "{value:?}");
        }
    }

    #[test]
    fn a_long_value_is_cut_between_characters() {
        let text = written(write_json, &format!("x{}", "ü".repeat(SHOWN)));
        assert_eq!(text, format!("\"x{}…\"", "ü".repeat(SHOWN / 2 - 1)));
    }
}
