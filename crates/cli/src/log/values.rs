//! Values in a line of the log: none can end the line, its own place in it, or speak to a terminal.

use std::fmt::{self, Write};

use mailchute::is_control;

/// Octets of a value that are shown.
const SHOWN: usize = 1024;

/// A value in the form `key=value`: in quotes unless it is one plain word.
pub(super) fn write_text(out: &mut dyn Write, value: &str) -> fmt::Result {
    let is_plain = |octet: u8| octet.is_ascii_graphic() && !matches!(octet, b'"' | b'=' | b'\\');
    if !value.is_empty() && value.len() <= SHOWN && value.bytes().all(is_plain) {
        return out.write_str(value);
    }
    out.write_char('"')?;
    write_escaped(out, value, &|c| matches!(c, '"' | '\\'), |out, c| write!(out, "{}", c.escape_default()))?;
    out.write_char('"')
}

/// A text that stands by itself.
pub(super) fn write_bare(out: &mut dyn Write, text: &str) -> fmt::Result {
    write_escaped(out, text, &|_| false, |out, c| write!(out, "{}", c.escape_default()))
}

/// A string of JSON.
pub(super) fn write_json(out: &mut dyn Write, value: &str) -> fmt::Result {
    out.write_char('"')?;
    write_escaped(out, value, &|c| matches!(c, '"' | '\\'), |out, c| match c {
        '"' => out.write_str("\\\""),
        '\\' => out.write_str("\\\\"),
        c => c.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(out, "\\u{unit:04x}")),
    })?;
    out.write_char('"')
}

/// Writes a text in as large pieces as it can; controls, and what else is to be, are escaped.
fn write_escaped(
    out: &mut dyn Write,
    text: &str,
    is_special: &dyn Fn(char) -> bool,
    escape: fn(&mut dyn Write, char) -> fmt::Result,
) -> fmt::Result {
    let end = if text.len() > SHOWN { text.floor_char_boundary(SHOWN) } else { text.len() };
    let (shown, rest) = text.split_at(end);
    let mut from = 0;
    for (at, c) in shown.char_indices() {
        if is_special(c) || is_control(c) {
            out.write_str(&shown[from..at])?;
            escape(out, c)?;
            from = at + c.len_utf8();
        }
    }
    out.write_str(&shown[from..])?;
    out.write_str(if rest.is_empty() { "" } else { "…" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: fn(&mut dyn Write, &str) -> fmt::Result, value: &str) -> String {
        let mut text = String::new();
        write(&mut text, value).expect("a string takes it");
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
