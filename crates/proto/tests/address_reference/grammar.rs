//! The grammar of RFC 5321 §4.1.2 and §4.1.3, step by step: slow, allocating, and sharing no line with the parser that
//! it is compared with.

use std::ops::RangeInclusive;
use std::sync::LazyLock;

use mailchute_proto::{ForwardPath, ReversePath};
use regex_syntax::hir::{Class, HirKind};

/// Compares both readings of one argument, in MAIL and in RCPT.
pub(crate) fn agrees_with_the_reference(argument: &[u8]) {
    let expected = split_path(argument);
    let parsed = ReversePath::parse_argument(argument).ok();
    assert_eq!(parsed.as_ref().map(|(path, rest)| (path.to_string(), *rest)), expected, "{argument:?}");
    let parsed = ForwardPath::parse_argument(argument).ok().filter(|(path, _)| !path.is_postmaster());
    let expected = expected.filter(|(address, _)| !address.is_empty());
    assert_eq!(parsed.map(|(path, rest)| (path.to_string(), rest)), expected, "{argument:?}");
}

/// Finds the address and what follows the `>` in the argument of MAIL, by trying every `>`.
/// An empty address stands for `<>`.
pub(crate) fn split_path(argument: &[u8]) -> Option<(String, &[u8])> {
    (0..argument.len()).find_map(|end| {
        let rest = &argument[end + 1..];
        let inside = std::str::from_utf8(&argument[..end]).ok()?.trim_start_matches(' ').strip_prefix('<')?;
        let complete = argument[end] == b'>' && (rest.is_empty() || rest[0] == b' ');
        let address = if inside.starts_with('@') { skip_route(inside)? } else { inside };
        let valid = is_mailbox(address) || inside.is_empty();
        (complete && valid).then(|| (without_root(address).to_owned(), rest))
    })
}

fn skip_route(inside: &str) -> Option<&str> {
    let (route, address) = inside.split_once(':')?;
    let hosts_are_domains = route.split(',').all(|at_domain| {
        at_domain.strip_prefix('@').is_some_and(|domain| domain.is_ascii() && is_domain(domain))
    });
    hosts_are_domains.then_some(address)
}

/// Removes the dot at the end of a domain, which names the root of DNS.
pub(crate) fn without_root(text: &str) -> &str {
    text.strip_suffix('.').unwrap_or(text)
}

pub(crate) fn is_mailbox(text: &str) -> bool {
    text.match_indices('@').any(|(at, _)| {
        let (local_part, domain) = (&text[..at], &text[at + 1..]);
        (is_dot_string(local_part) || is_quoted_string(local_part))
            && (is_domain(without_root(domain)) || is_literal(domain))
    })
}

fn is_dot_string(text: &str) -> bool {
    text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_beyond_ascii(c)
}

fn is_quoted_string(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    let [open, inside @ .., close] = characters.as_slice() else { return false };
    *open == '"' && *close == '"' && is_quoted_content(inside)
}

fn is_quoted_content(content: &[char]) -> bool {
    match content {
        [] => true,
        ['\\', ' '..='~', rest @ ..] | [' ' | '!' | '#'..='[' | ']'..='~', rest @ ..] => {
            is_quoted_content(rest)
        }
        [c, rest @ ..] => is_beyond_ascii(*c) && is_quoted_content(rest),
    }
}

fn is_beyond_ascii(c: char) -> bool {
    !c.is_ascii() && !c.is_control() && c != '\u{2028}' && c != '\u{2029}'
}

pub(crate) fn is_domain(text: &str) -> bool {
    let is_unicode = |c: char| is_beyond_ascii(c) && !c.is_whitespace() && !is_misleading(c);
    let is_let_dig = |c: char| c.is_ascii_alphanumeric() || c == '_' || is_unicode(c);
    text.chars().count() <= 255
        && text.split(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}']).all(|label| {
            label.starts_with(is_let_dig)
                && label.ends_with(is_let_dig)
                && label.chars().all(|c| is_let_dig(c) || c == '-')
                && label.chars().count() <= 63
        })
}

fn is_misleading(c: char) -> bool {
    misleading().iter().any(|range| range.contains(&c))
}

/// Returns the default ignorable code points except the two joiners, from the Unicode tables of another crate.
pub(crate) fn misleading() -> &'static [RangeInclusive<char>] {
    static RANGES: LazyLock<Vec<RangeInclusive<char>>> = LazyLock::new(|| {
        let class = r"[\p{Default_Ignorable_Code_Point}--[\u{200c}\u{200d}]]";
        match regex_syntax::parse(class).expect("the class is valid").into_kind() {
            HirKind::Class(Class::Unicode(class)) => {
                class.iter().map(|range| range.start()..=range.end()).collect()
            }
            other => panic!("{other:?}"),
        }
    });
    &RANGES
}

fn is_literal(text: &str) -> bool {
    let Some(inside) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) else { return false };
    let general = inside.split_once(':').is_some_and(|(tag, content)| {
        if tag.to_lowercase() == "ipv6" {
            return is_ipv6(content);
        }
        tag.ends_with(|c: char| c.is_ascii_alphanumeric())
            && tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !content.is_empty()
            && content.chars().all(|c| matches!(c, '!'..='Z' | '^'..='~'))
    });
    text.len() <= 255 && (general || is_ipv4(inside))
}

fn is_ipv4(text: &str) -> bool {
    let snum = |number: &str| {
        (1..=3).contains(&number.len())
            && number.chars().all(|c| c.is_ascii_digit())
            && number.parse::<u32>().is_ok_and(|number| number <= 255)
    };
    text.split('.').count() == 4 && text.split('.').all(snum)
}

/// Returns whether this is eight groups, or fewer with one `::` for at least one; the last two may be an IPv4 address.
fn is_ipv6(text: &str) -> bool {
    let groups_of = |text: &str, last: bool| -> Option<usize> {
        let mut count = 0;
        let groups: Vec<&str> = if text.is_empty() { Vec::new() } else { text.split(':').collect() };
        for (index, group) in groups.iter().enumerate() {
            let hexadecimal = (1..=4).contains(&group.len()) && group.chars().all(|c| c.is_ascii_hexdigit());
            let has_leading_zero = group.split('.').any(|number| number.len() > 1 && number.starts_with('0'));
            if hexadecimal {
                count += 1;
            } else if last && index + 1 == groups.len() && is_ipv4(group) && !has_leading_zero {
                count += 2;
            } else {
                return None;
            }
        }
        Some(count)
    };
    match text.split_once("::") {
        None => groups_of(text, true) == Some(8),
        Some((head, tail)) => {
            matches!((groups_of(head, false), groups_of(tail, true)), (Some(a), Some(b)) if a + b <= 7)
        }
    }
}

/// Returns all lenient readings of the argument of MAIL, by trying every place for every sign: the address, which is
/// empty for `<>`, and the rest. An unambiguous grammar never gives more than one.
pub(crate) fn lenient_readings<'a>(argument: &'a [u8], own_domain: &str) -> Vec<(String, &'a [u8])> {
    let is_control = |c: char| c.is_control() || c == '\u{2028}' || c == '\u{2029}';
    let Ok(text) = std::str::from_utf8(argument) else { return Vec::new() };
    if text.contains(is_control) {
        return Vec::new();
    }
    let ends = (0..=text.len()).filter(|&end| end == text.len() || argument[end] == b' ');
    ends.flat_map(|end| {
        let rest = &argument[end..];
        lenient_paths(text[..end].trim_start_matches(' '), own_domain).map(move |address| (address, rest))
    })
    .collect()
}

/// The addresses that the whole of a text may stand for as a path.
fn lenient_paths(text: &str, own_domain: &str) -> impl Iterator<Item = String> {
    let mut found: Vec<String> = lenient_address(text, None).into_iter().collect();
    for (at, _) in text.match_indices('<') {
        let Some(inside) = text[at + 1..].strip_suffix('>').filter(|_| is_phrase(&text[..at])) else {
            continue;
        };
        let inside = inside.trim_matches(' ');
        let doubled = inside.strip_prefix('<').and_then(|inside| inside.strip_suffix('>'));
        for inside in [Some(inside), doubled.map(|inside| inside.trim_matches(' '))].into_iter().flatten() {
            let address = if inside.starts_with('@') { skip_route(inside) } else { Some(inside) };
            let address = address.and_then(|address| lenient_address(address, Some(own_domain)));
            found.extend(if inside.is_empty() { Some(String::new()) } else { address });
        }
    }
    found.into_iter()
}

/// Words and quoted strings, or nothing.
fn is_phrase(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return true };
    if first == '"' {
        return (1..=text.len())
            .filter(|&end| text.is_char_boundary(end))
            .any(|end| is_quoted_string(&text[..end]) && is_phrase(&text[end..]));
    }
    (is_atext(first) && first != '=' || " .".contains(first)) && is_phrase(&text[first.len_utf8()..])
}

/// Returns an address as the strict grammar writes it. Without `own_domain` the address needs a domain.
fn lenient_address(text: &str, own_domain: Option<&str>) -> Option<String> {
    let places =
        text.match_indices('@').map(|(at, _)| (&text[..at], without_root(&text[at + 1..]), &text[at + 1..]));
    let alone = own_domain.map(|own| (text, own, own));
    places.chain(alone).find_map(|(local_part, domain, whole)| {
        let is_good = is_domain(domain) || is_literal(whole);
        let domain = if is_literal(whole) { whole } else { domain };
        if is_dot_string(local_part) || is_quoted_string(local_part) {
            return is_good.then(|| format!("{local_part}@{domain}"));
        }
        let has_odd_dots =
            local_part.chars().all(|c| is_atext(c) || c == '.') && local_part.contains(is_atext);
        (is_good && has_odd_dots).then(|| format!("\"{local_part}\"@{domain}"))
    })
}

/// Compares both lenient readings of one argument. The lenient reading accepts everything that the strict one does.
pub(crate) fn agrees_with_the_lenient_reference(argument: &[u8]) {
    const OWN: &str = "mx.example.com";
    let readings = lenient_readings(argument, OWN);
    assert!(readings.len() <= 1, "two readings of {:?}: {readings:?}", argument.escape_ascii().to_string());
    let strict = split_path(argument);
    let expected = strict.clone().or(readings.into_iter().next());
    let parsed = ReversePath::parse_lenient(argument, OWN).ok();
    assert_eq!(parsed.as_ref().map(|(path, rest)| (path.to_string(), *rest)), expected, "{argument:?}");
    let parsed = ForwardPath::parse_lenient(argument, OWN).ok();
    if let Ok(strict) = ForwardPath::parse_argument(argument) {
        assert_eq!(parsed, Some(strict), "{argument:?}");
    } else if let Some((path, rest)) = parsed {
        let address = if path.is_postmaster() { format!("postmaster@{OWN}") } else { path.to_string() };
        let (expected, behind) = expected.expect("a recipient is a sender as well");
        assert!(address == expected || path.is_postmaster() && address.eq_ignore_ascii_case(&expected));
        assert_eq!(rest, behind, "{argument:?}");
    } else {
        assert!(expected.is_none_or(|(address, _)| address.is_empty()), "{argument:?}");
    }
}
