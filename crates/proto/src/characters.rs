//! Characters that must not be shown as they are, and how they are escaped: one definition for addresses, events,
//! logs and header fields.
//!
//! # Why
//!
//! Addresses accept some of these characters: some scripts need the zero-width joiner, for example. So they are
//! escaped where they are shown, and not refused.

/// The length in bytes at which [`escaped`] truncates.
const LONGEST: usize = 1_024;

/// Returns whether a character controls a terminal or ends a line: C0, DEL, C1, and the two Unicode line separators.
/// No address, parameter or name holds one.
pub(crate) fn breaks_lines(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

/// Returns whether a character must not be shown as it is. It controls a terminal, ends a line, is invisible, or
/// changes the order of the text next to it.
///
/// These are C0, DEL and C1, the line and paragraph separators, annotations, and Unicode's default ignorable code points:
/// bidirectional marks, zero-width characters, fillers, variation selectors, byte order marks and tags. Some are valid in
/// addresses ([`Mailbox`](crate::Mailbox) accepts them), so escape what you print.
///
/// ```
/// use mailchute_proto::is_control;
///
/// assert!(is_control('\n') && is_control('\u{85}') && is_control('\u{2028}') && is_control('\u{202e}'));
/// assert!(!is_control('ü') && !is_control(' '));
/// ```
#[must_use]
pub fn is_control(character: char) -> bool {
    breaks_lines(character) || is_ignorable(character) || matches!(character, '\u{fff9}'..='\u{fffb}')
}

/// Returns whether a character is invisible or only changes the text around it: the default ignorable code points of
/// Unicode, assigned or not.
pub(crate) fn is_ignorable(character: char) -> bool {
    !character.is_ascii()
        && matches!(
            character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{fff0}'..='\u{fff8}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Returns a client's input as text for a log line. [Control characters](is_control) and broken UTF-8 are escaped.
/// More than 1,024 bytes are truncated, marked by `…`.
///
/// ```
/// use mailchute_proto::escaped;
///
/// assert_eq!(escaped("caf\u{e9} \u{202e}\n".as_bytes()), "café \\u{202e}\\n");
/// assert_eq!(escaped(b"caf\xe9"), "caf\\xe9");
/// assert!(escaped(&[b'x'; 5_000]).ends_with("xxx…"));
/// ```
#[must_use]
pub fn escaped(bytes: &[u8]) -> String {
    // Almost all texts are plain. All bytes are checked, so that the compiler emits vector code.
    let is_plain = bytes.iter().fold(true, |so_far, byte| so_far & matches!(byte, b' '..=b'~'));
    if let (true, true, Ok(text)) = (is_plain, bytes.len() <= LONGEST, std::str::from_utf8(bytes)) {
        return text.to_owned();
    }
    let mut text = String::with_capacity(bytes.len().min(LONGEST));
    for piece in bytes.utf8_chunks() {
        for c in piece.valid().chars() {
            let before = text.len();
            if is_control(c) {
                text.extend(c.escape_default());
            } else {
                text.push(c);
            }
            if text.len() > LONGEST {
                return cut(text, before);
            }
        }
        for byte in piece.invalid() {
            let before = text.len();
            text.push_str(&format!("\\x{byte:02x}"));
            if text.len() > LONGEST {
                return cut(text, before);
            }
        }
    }
    text
}

fn cut(mut text: String, at: usize) -> String {
    text.truncate(at);
    text.push('…');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_breaks_lines_hides_or_reorders_is_a_control() {
        let ranges = [
            ('\0', '\u{1f}'),
            ('\u{7f}', '\u{9f}'),
            ('\u{200b}', '\u{200f}'),
            ('\u{2028}', '\u{202e}'),
            ('\u{2060}', '\u{2064}'),
            ('\u{2066}', '\u{2069}'),
            ('\u{feff}', '\u{feff}'),
            ('\u{e0001}', '\u{e007f}'),
        ];
        for (first, last) in ranges {
            for c in first..=last {
                assert!(is_control(c), "{c:?}");
                let shown = escaped(format!("a{c}b").as_bytes());
                assert!(shown.is_ascii() && shown.starts_with("a\\") && shown.ends_with('b'), "{shown}");
            }
        }
        for c in "az~ üßжع字🙂\u{2010}\u{202f}\u{205f}".chars() {
            assert!(!is_control(c), "{c:?}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_escapes() {
        assert_eq!(escaped(&[b'x'; LONGEST]), "x".repeat(LONGEST));
        assert_eq!(escaped(&[b'x'; LONGEST + 1]), format!("{}…", "x".repeat(LONGEST)));
        assert_eq!(escaped("ü".repeat(600).as_bytes()), format!("{}…", "ü".repeat(512)));
        assert_eq!(escaped(&[0; 300]), format!("{}…", "\\u{0}".repeat(204)));
        assert_eq!(escaped(&[0xff; 300]), format!("{}…", "\\xff".repeat(256)));
    }
}
