//! Instances: the numbers of sets (RFC 8617 §4.2.1).

use crate::dkim::{TagList, number};

/// The most sets of a chain (RFC 8617 §4.2.1).
pub(super) const MAX_SETS: u8 = 50;

/// Returns the instance of a signature or seal.
pub(super) fn of_tags(tags: &TagList<'_>) -> Option<u8> {
    position(tags.get("i")?)
}

/// Splits `ARC-Authentication-Results` into its instance and the results: `i=1; results`.
pub(super) fn split_results(value: &[u8]) -> Option<(u8, &[u8])> {
    let rest = skip_comments(value)?.strip_prefix(b"i")?;
    let rest = skip_comments(skip_comments(rest)?.strip_prefix(b"=")?)?;
    let (digits, rest) = rest.split_at(rest.iter().take_while(|byte| byte.is_ascii_digit()).count());
    let results = skip_comments(rest)?.strip_prefix(b";")?;
    Some((position(std::str::from_utf8(digits).ok()?)?, results))
}

fn position(text: &str) -> Option<u8> {
    let position = u8::try_from(number(text, 2)?).ok()?;
    (1..=MAX_SETS).contains(&position).then_some(position)
}

/// Skips comments and white space (`CFWS` of RFC 5322 §3.2.2). Returns `None` if a comment does not end.
fn skip_comments(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes;
    let mut depth = 0usize;
    while let Some((&byte, after)) = rest.split_first() {
        match byte {
            b'(' => depth += 1,
            b')' if depth > 0 => depth -= 1,
            b'\\' if depth > 0 => {
                rest = after.get(1..)?;
                continue;
            }
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ if depth == 0 => return Some(rest),
            _ => {}
        }
        rest = after;
    }
    (depth == 0).then_some(rest)
}
