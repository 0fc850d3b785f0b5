//! Tag lists: `tag=value; tag=value` (RFC 6376 §3.2, RFC 8616 §5).

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// The grammar has padding as an option, and senders choose the bits that it hides.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The tags of a signature or of a key, in order. No name stands twice.
#[derive(Debug)]
pub(crate) struct TagList<'t> {
    text: &'t str,
    tags: Vec<Tag<'t>>,
}

#[derive(Debug)]
struct Tag<'t> {
    name: &'t str,
    /// All between `=` and `;`.
    value: &'t str,
    /// Where the value ends in the text.
    end: usize,
}

impl<'t> TagList<'t> {
    /// Parses a tag list. All of it must follow the grammar, unknown tags too.
    pub(crate) fn parse(bytes: &'t [u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut tags = Vec::new();
        let mut specs = text.split(';').peekable();
        let mut end = 0;
        while let Some(spec) = specs.next() {
            end += spec.len();
            // The last tag may have a semicolon too.
            if specs.peek().is_none() && !tags.is_empty() && trim(spec)?.is_empty() {
                break;
            }
            let (name, value) = spec.split_once('=')?;
            let name = trim(name)?;
            let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if !is_name || !is_value(value) {
                return None;
            }
            tags.push(Tag { name, value, end });
            end += 1;
        }
        let mut names: Vec<&str> = tags.iter().map(|tag| tag.name).collect();
        names.sort_unstable();
        names.windows(2).all(|pair| pair[0] != pair[1]).then_some(Self { text, tags })
    }

    /// Returns the value of a tag without the white space around it.
    pub(crate) fn get(&self, name: &str) -> Option<&'t str> {
        self.find(name).map(|tag| tag.value.trim_matches(is_space))
    }

    /// Returns the text before the value of a tag, and the text after it. The white space around the value is in neither.
    pub(super) fn around(&self, name: &str) -> (&'t str, &'t str) {
        self.find(name)
            .map_or((self.text, ""), |tag| (&self.text[..tag.end - tag.value.len()], &self.text[tag.end..]))
    }

    fn find(&self, name: &str) -> Option<&Tag<'t>> {
        self.tags.iter().find(|tag| tag.name == name)
    }

    /// Returns the name of the first tag.
    pub(super) fn first(&self) -> Option<&'t str> {
        self.tags.first().map(|tag| tag.name)
    }
}

/// Returns the items of a list with colons, without the white space around them.
pub(super) fn items(value: &str) -> impl Iterator<Item = &str> {
    value.split(':').map(|item| item.trim_matches(is_space))
}

/// Decodes base64 with white space in it.
pub(super) fn decode_base64(value: &str) -> Option<Vec<u8>> {
    let value: Cow<'_, str> =
        if value.contains(is_space) { value.replace(is_space, "").into() } else { value.into() };
    BASE64.decode(&*value).ok()
}

/// Returns a number of at most so many digits.
pub(crate) fn number(value: &str, digits: usize) -> Option<u64> {
    let is_number = (1..=digits).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit());
    // Only a number with more digits than a time has can be larger than the type.
    is_number.then(|| value.parse().unwrap_or(u64::MAX))
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

/// Removes folding white space at both ends. Returns `None` if its line ends are not folds.
fn trim(text: &str) -> Option<&str> {
    let trimmed = text.trim_matches(is_space);
    (trimmed.len() == text.len() || is_value(text)).then_some(trimmed)
}

/// Returns whether a text consists of visible characters and folding white space: each line end is CRLF, and a space or
/// tab follows it.
fn is_value(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().all(|(at, byte)| match byte {
        b'\r' => bytes.get(at + 1) == Some(&b'\n'),
        b'\n' => at > 0 && bytes[at - 1] == b'\r' && matches!(bytes.get(at + 1), Some(b' ' | b'\t')),
        b'\t' | b' '..=b'~' | 0x80.. => true,
        _ => false,
    })
}
