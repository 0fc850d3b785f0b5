//! `SASLprep` (RFC 4013), which unifies different spellings of a name or password.

use std::borrow::Cow;

use stringprep::tables;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// Prepares a user name or a password for storage by `SASLprep` (RFC 4013), so that different spellings compare as
/// equal. Returns `None` for control characters, text of mixed direction, and characters that Unicode 3.2 does not
/// define, whose prepared form may change.
///
/// Names and passwords in [`Credentials`](crate::Credentials) are prepared like any input of a client. There,
/// characters unknown to Unicode 3.2 are allowed (RFC 4616 §2).
///
/// ```
/// use mailchute_proto::saslprep;
///
/// assert_eq!(saslprep("I\u{AD}X").as_deref(), Some("IX"));
/// assert_eq!(saslprep("\u{2168}").as_deref(), Some("IX"));
/// assert_eq!(saslprep("\u{7}"), None);
/// ```
#[must_use]
pub fn saslprep(text: &str) -> Option<Cow<'_, str>> {
    if is_plain(text) {
        return Some(Cow::Borrowed(text));
    }
    let mut prepared = mapped(text)?;
    let is_stored = !prepared.chars().any(tables::unassigned_code_point);
    is_stored.then(|| Cow::Owned(std::mem::take(&mut *prepared)))
}

/// Prepares a client's input, a "query" string of RFC 3454 §7. Returns `None` if it holds prohibited characters or
/// becomes empty. Then no user has it as name or password (RFC 4616 §2).
pub(crate) fn presented(text: &str) -> Option<Zeroizing<String>> {
    let prepared = if is_plain(text) { Zeroizing::new(text.to_owned()) } else { mapped(text)? };
    (!prepared.is_empty()).then_some(prepared)
}

/// Applies [`presented`] to a name in place, or returns `None`.
pub(super) fn prepare(name: &mut String) -> Option<()> {
    *name = std::mem::take(&mut *presented(name)?);
    Some(())
}

/// Prepares a stored value for comparison with a client's input. A value that cannot be prepared stays unchanged and
/// equals no input.
pub(super) fn expected(text: &str) -> Zeroizing<String> {
    presented(text).unwrap_or_else(|| Zeroizing::new(text.to_owned()))
}

/// Returns whether `SASLprep` leaves the text unchanged.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

fn mapped(text: &str) -> Option<Zeroizing<String>> {
    // Measured first: a growing string leaves copies in memory that are not wiped.
    let mut prepared = Zeroizing::new(String::with_capacity(normalized(text).map(char::len_utf8).sum()));
    prepared.extend(normalized(text));
    (!prepared.chars().any(is_prohibited) && has_one_direction(&prepared)).then_some(prepared)
}

/// Applies the mapping of RFC 4013 §2.1, then normalization form KC (§2.2).
fn normalized(text: &str) -> impl Iterator<Item = char> {
    text.chars()
        .map(|char| if tables::non_ascii_space_character(char) { ' ' } else { char })
        .filter(|&char| !tables::commonly_mapped_to_nothing(char))
        .nfkc()
}

/// Returns whether RFC 4013 §2.3 prohibits a character.
fn is_prohibited(char: char) -> bool {
    tables::non_ascii_space_character(char)
        || tables::ascii_control_character(char)
        || tables::non_ascii_control_character(char)
        || tables::private_use(char)
        || tables::non_character_code_point(char)
        || tables::surrogate_code(char)
        || tables::inappropriate_for_plain_text(char)
        || tables::inappropriate_for_canonical_representation(char)
        || tables::change_display_properties_or_deprecated(char)
        || tables::tagging_character(char)
}

/// Returns whether a text obeys RFC 3454 §6: right-to-left text begins and ends so and holds no left-to-right text.
fn has_one_direction(text: &str) -> bool {
    let is_at = |char: Option<char>| char.is_some_and(tables::bidi_r_or_al);
    !text.contains(tables::bidi_r_or_al)
        || (!text.contains(tables::bidi_l) && is_at(text.chars().next()) && is_at(text.chars().next_back()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All characters that Unicode 3.2 defines, and more.
    fn characters() -> impl Iterator<Item = char> {
        ('\0'..'\u{3000}')
            .chain('\u{D7A0}'..'\u{10500}')
            .chain('\u{1D000}'..'\u{1D800}')
            .chain('\u{E0000}'..'\u{E0200}')
    }

    #[test]
    fn stored_strings_are_prepared_as_stringprep_does() {
        for char in characters() {
            for text in [format!("{char}"), format!("a{char}"), format!("\u{627}{char}\u{628}")] {
                assert_eq!(
                    saslprep(&text).as_deref(),
                    stringprep::saslprep(&text).ok().as_deref(),
                    "{text:?}"
                );
            }
        }
    }

    #[test]
    fn preparing_a_prepared_text_changes_nothing() {
        for char in characters() {
            let text = format!("{char}");
            if let Some(prepared) = presented(&text) {
                assert_eq!(presented(&prepared), Some(prepared.clone()), "{text:?}");
            }
        }
    }

    #[test]
    fn a_client_may_present_characters_newer_than_unicode_3_2() {
        // An emoji of Unicode 6.0, a Georgian capital of Unicode 11.
        for text in ["\u{1F600}", "\u{1C90}"] {
            assert_eq!(presented(text).as_deref().map(String::as_str), Some(text));
            assert_eq!(saslprep(text), None);
        }
    }

    #[test]
    fn nothing_is_left_of_what_maps_to_nothing() {
        for text in ["", "\u{AD}", "\u{200D}\u{2060}"] {
            assert_eq!(presented(text), None, "{text:?}");
        }
    }

    #[test]
    fn prohibited_characters_cannot_be_presented() {
        for text in [
            "\0",
            "\t",
            "a\r",
            "a\nb",
            "\x1b[2J",
            "\x7f",
            "\u{85}",
            "\u{2028}",
            "\u{202E}",
            "\u{FFFD}",
            "\u{E000}",
            "\u{FDD0}",
            "\u{E0041}",
            "\u{627}1",
            "a\u{627}",
        ] {
            assert_eq!(presented(text), None, "{text:?}");
        }
    }
}
