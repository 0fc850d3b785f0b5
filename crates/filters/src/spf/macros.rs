//! Macros (RFC 7208 §7).

use std::borrow::Cow;
use std::fmt::Write;
use std::net::IpAddr;

use super::query::Query;

/// A text longer than this loses its beginning while it grows. Neither a name nor an explanation may be as long.
const MAX_EXPANDED: usize = 2048;

/// The bytes that are kept then.
const KEPT: usize = 1024;

/// A `macro-string`, or the text of an explanation.
#[derive(Debug)]
pub(super) struct MacroString {
    parts: Vec<Part>,
    ends_with_macro: bool,
}

#[derive(Debug)]
enum Part {
    Literal(String),
    Macro(Macro),
}

/// A `macro-expand` in braces.
#[derive(Debug)]
struct Macro {
    /// In lower case.
    letter: u8,
    /// An upper-case letter escapes what a URL cannot have.
    escapes: bool,
    /// How many parts are kept, from the right.
    keep: Option<usize>,
    reverses: bool,
    /// In the order of the text. `.` if there is none.
    delimiters: String,
}

/// The values of the letters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values<'v> {
    pub(super) query: &'v Query,
    /// The domain whose record is evaluated.
    pub(super) domain: &'v str,
    /// The validated name of the client, if the text needs it.
    pub(super) validated: &'v str,
}

impl MacroString {
    /// Parses a `macro-string`: visible characters and macros.
    pub(super) fn parse(text: &str) -> Option<Self> {
        parse(text, "slodiphv", false)
    }

    /// Parses a `macro-string` with the macros that only an explanation may have, as unknown modifiers can.
    pub(super) fn parse_unknown(text: &str) -> Option<Self> {
        parse(text, "slodiphvcrt", false)
    }

    /// Parses an `explain-string`: it also has spaces.
    pub(super) fn parse_explanation(text: &str) -> Option<Self> {
        parse(text, "slodiphvcrt", true)
    }

    /// Returns whether the text ends with a `macro-expand`: a macro in braces, `%%`, `%_` or `%-`.
    pub(super) fn ends_with_macro(&self) -> bool {
        self.ends_with_macro
    }

    /// Returns whether the validated name of the client is needed.
    pub(super) fn needs_validated(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Macro(Macro { letter: b'p', .. })))
    }

    /// Expands the macros. Returns `None` if a value is not ASCII (RFC 8616 §4). A very long text may lose its
    /// beginning.
    pub(super) fn expand(&self, values: Values<'_>) -> Option<String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Macro(found) => found.expand(&found.value(values), &mut text)?,
            }
            if text.len() > MAX_EXPANDED {
                text.drain(..text.len() - KEPT);
            }
        }
        Some(text)
    }
}

fn parse(text: &str, letters: &str, has_spaces: bool) -> Option<MacroString> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    let mut ends_with_macro = false;
    while let Some(byte) = rest.bytes().next() {
        ends_with_macro = byte == b'%';
        // The text is cut after ASCII characters only.
        if byte != b'%' {
            if !(byte.is_ascii_graphic() || has_spaces && byte == b' ') {
                return None;
            }
            literal.push(char::from(byte));
            rest = &rest[1..];
            continue;
        }
        match rest.as_bytes().get(1)? {
            b'%' => literal.push('%'),
            b'_' => literal.push(' '),
            b'-' => literal.push_str("%20"),
            b'{' => {
                let (inside, after) = rest[2..].split_once('}')?;
                let found = Macro::parse(inside, letters)?;
                if !literal.is_empty() {
                    parts.push(Part::Literal(std::mem::take(&mut literal)));
                }
                parts.push(Part::Macro(found));
                rest = after;
                continue;
            }
            _ => return None,
        }
        rest = &rest[2..];
    }
    if !literal.is_empty() {
        parts.push(Part::Literal(literal));
    }
    Some(MacroString { parts, ends_with_macro })
}

impl Macro {
    /// Parses what is in the braces: a letter, digits, `r` and delimiters.
    fn parse(text: &str, letters: &str) -> Option<Self> {
        let first = *text.as_bytes().first()?;
        let letter = first.to_ascii_lowercase();
        if !letters.contains(char::from(letter)) {
            return None;
        }
        let text = &text[1..];
        let after = text.trim_start_matches(|c: char| c.is_ascii_digit());
        let digits = &text[..text.len() - after.len()];
        let keep = match digits {
            "" => None,
            zeros if zeros.bytes().all(|byte| byte == b'0') => return None,
            // More parts than any text has.
            digits => Some(digits.parse().unwrap_or(usize::MAX)),
        };
        let delimiters = after.strip_prefix(['r', 'R']);
        let reverses = delimiters.is_some();
        let delimiters = delimiters.unwrap_or(after);
        delimiters.chars().all(|c| ".-+,/_=".contains(c)).then(|| Self {
            letter,
            escapes: first.is_ascii_uppercase(),
            keep,
            reverses,
            delimiters: if delimiters.is_empty() { ".".to_owned() } else { delimiters.to_owned() },
        })
    }

    fn value<'v>(&self, values: Values<'v>) -> Cow<'v, str> {
        let Values { query, domain, validated } = values;
        match self.letter {
            b's' => Cow::Owned(format!("{}@{}", query.local_part(), query.domain())),
            b'l' => Cow::Borrowed(query.local_part()),
            b'o' => Cow::Borrowed(query.domain()),
            b'd' => Cow::Borrowed(domain),
            b'i' => Cow::Owned(dotted(query.client())),
            b'p' => Cow::Borrowed(validated),
            b'h' => Cow::Borrowed(query.helo_name()),
            b'c' => Cow::Owned(query.client().to_string()),
            b'r' => Cow::Borrowed(query.receiver_name()),
            b't' => Cow::Owned(query.unix_time().to_string()),
            _ => Cow::Borrowed(if query.client().is_ipv4() { "in-addr" } else { "ip6" }),
        }
    }

    /// Splits, reverses, cuts and escapes a value (RFC 7208 §7.3).
    fn expand(&self, value: &str, text: &mut String) -> Option<()> {
        if !value.is_ascii() {
            return None;
        }
        let mut parts: Vec<&str> = value.split(|c| self.delimiters.contains(c)).collect();
        if self.reverses {
            parts.reverse();
        }
        let kept = self.keep.map_or(0, |keep| parts.len().saturating_sub(keep));
        let value = parts[kept..].join(".");
        if !self.escapes {
            text.push_str(&value);
            return Some(());
        }
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                text.push(char::from(byte));
            } else {
                write!(text, "%{byte:02X}").ok()?;
            }
        }
        Some(())
    }
}

/// An address as labels: four numbers, or 32 hexadecimal digits.
fn dotted(client: IpAddr) -> String {
    match client {
        IpAddr::V4(client) => client.to_string(),
        IpAddr::V6(client) => {
            let digits = format!("{:032X}", client.to_bits());
            digits.chars().flat_map(|digit| ['.', digit]).skip(1).collect()
        }
    }
}
