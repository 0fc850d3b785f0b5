//! Values in a line of the log. No value can end the line, imitate another field, or control a terminal.

use std::fmt::{Debug, Write as _};

use itoa::{Buffer as Digits, Integer};
use mailchute::syntax::is_control;

/// The most bytes of a value that are shown.
const SHOWN: usize = 1024;

/// The escapes that a value's bytes need, as bits. One pass over all bytes decides, and almost all need none.
const QUOTES: u8 = 1;
const ESCAPES_IN_QUOTES: u8 = 2;
const ESCAPES: u8 = 4;

const NEEDS: [u8; 256] = {
    let mut needs = [QUOTES | ESCAPES_IN_QUOTES | ESCAPES; 256];
    let mut byte = b' ';
    while byte <= b'~' {
        needs[byte as usize] = match byte {
            b' ' | b'=' => QUOTES,
            b'"' | b'\\' => QUOTES | ESCAPES_IN_QUOTES,
            _ => 0,
        };
        byte += 1;
    }
    needs
};

/// Returns the needs of all bytes of a text. A text that is cut or not ASCII needs everything.
fn needs(text: &str) -> u8 {
    if text.len() > SHOWN {
        return u8::MAX;
    }
    let of = |bytes: &[u8]| bytes.iter().fold(0, |so_far, &byte| so_far | NEEDS[usize::from(byte)]);
    // Eight bytes at a time, which the compiler turns into code without a loop.
    let (eights, rest) = text.as_bytes().as_chunks::<8>();
    eights.iter().fold(of(rest), |so_far, eight| so_far | of(eight))
}

/// A value in the form `key=value`: in quotes unless it is one plain word.
pub(super) fn write_text(line: &mut String, value: &str) {
    let needs = needs(value);
    if needs & QUOTES == 0 && !value.is_empty() {
        return line.push_str(value);
    }
    line.push('"');
    if needs & ESCAPES_IN_QUOTES == 0 {
        line.push_str(value);
    } else {
        write_escaped(line, value, true, |line, c| line.extend(c.escape_default()));
    }
    line.push('"');
}

/// A text without a key.
pub(super) fn write_bare(line: &mut String, text: &str) {
    if needs(text) & ESCAPES == 0 {
        return line.push_str(text);
    }
    write_escaped(line, text, false, |line, c| line.extend(c.escape_default()));
}

/// A JSON string.
pub(super) fn write_json(line: &mut String, value: &str) {
    line.push('"');
    if needs(value) & ESCAPES_IN_QUOTES == 0 {
        line.push_str(value);
    } else {
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
    }
    line.push('"');
}

/// A value, formatted in place, in quotes if that is asked for. A value that is not a plain word goes through `write`
/// instead.
pub(super) fn write_debug(
    line: &mut String,
    value: &dyn Debug,
    is_quoted: bool,
    write: fn(&mut String, &str),
) {
    let start = line.len();
    if is_quoted {
        line.push('"');
    }
    let value_start = line.len();
    // Writing to a string does not fail.
    let _ = write!(line, "{value:?}");
    let text = &line[value_start..];
    if needs(text) == 0 && !text.is_empty() {
        if is_quoted {
            line.push('"');
        }
        return;
    }
    let text = text.to_owned();
    line.truncate(start);
    write(line, &text);
}

/// A number. This takes a fifth of the time of `write!`.
pub(super) fn write_number(line: &mut String, number: impl Integer) {
    line.push_str(Digits::new().format(number));
}

/// Seconds with six decimals.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "such a cast saturates; times are positive"
)]
pub(super) fn write_seconds(line: &mut String, seconds: f64) {
    // Nanoseconds first: a float made from whole microseconds can be a little below them.
    let micros = (seconds * 1e9 + 0.5) as u64 / 1000;
    let mut digits = Digits::new();
    let digits = digits.format(micros);
    match digits.len().checked_sub(6).and_then(|point| digits.split_at_checked(point)) {
        Some((whole, part)) => {
            line.push_str(if whole.is_empty() { "0" } else { whole });
            line.push('.');
            line.push_str(part);
        }
        None => {
            line.push_str(&"0.00000"[..8 - digits.len()]);
            line.push_str(digits);
        }
    }
}

/// A number below a million as six digits.
pub(super) fn write_six_digits(line: &mut String, number: u32) {
    line.push_str(&Digits::new().format(1_000_000 + number)[1..]);
}

/// Writes a text and escapes controls; inside quotes, also quotes and backslashes.
#[cold]
fn write_escaped(line: &mut String, text: &str, is_quoted: bool, escape: fn(&mut String, char)) {
    let end = if text.len() > SHOWN { text.floor_char_boundary(SHOWN) } else { text.len() };
    let (shown, rest) = text.split_at(end);
    for c in shown.chars() {
        if is_control(c) || is_quoted && matches!(c, '"' | '\\') { escape(line, c) } else { line.push(c) }
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
    fn every_byte_of_a_text_is_looked_at() {
        for length in 1..50 {
            for at in 0..length {
                for (byte, expected) in [(b' ', QUOTES), (b'\\', QUOTES | ESCAPES_IN_QUOTES), (0x1b, 7)] {
                    let mut text = vec![b'x'; length];
                    assert_eq!(needs(str::from_utf8(&text).expect("it is text")), 0);
                    text[at] = byte;
                    let text = str::from_utf8(&text).expect("it is text");
                    assert_eq!(needs(text), expected, "{text:?}");
                }
            }
        }
    }

    #[test]
    fn a_number_is_written_with_all_its_digits() {
        for number in [0, 7, 10, 1_024, 1_000_000, u64::MAX] {
            let mut text = String::new();
            write_number(&mut text, number);
            assert_eq!(text, number.to_string());
        }
    }

    #[test]
    fn seconds_have_six_decimals() {
        for (seconds, expected) in [
            (0.0, "0.000000"),
            (0.5, "0.500000"),
            (0.000_001, "0.000001"),
            (0.000_012, "0.000012"),
            (0.004_211, "0.004211"),
            (0.123_456, "0.123456"),
            (1.0, "1.000000"),
            (0.999_999_999, "0.999999"),
            (61.000_001, "61.000001"),
            (-1.0, "0.000000"),
            (f64::NAN, "0.000000"),
        ] {
            let mut text = String::new();
            write_seconds(&mut text, seconds);
            assert_eq!(text, expected, "{seconds}");
        }
    }

    #[test]
    fn a_long_value_is_cut_between_characters() {
        let text = written(write_json, &format!("x{}", "ü".repeat(SHOWN)));
        assert_eq!(text, format!("\"x{}…\"", "ü".repeat(SHOWN / 2 - 1)));
    }
}
