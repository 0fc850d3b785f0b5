//! The links of a message, in their order, each once.

use std::collections::HashSet;

use memchr::memmem;

use super::outline::{Link, Outline};

/// The links that are found.
const MOST: usize = 1_000;

/// Returns the links of the HTML, and those of the text that are not among them.
pub(super) fn links(outline: Option<&Outline>, text: Option<&str>) -> Vec<Link> {
    let mut links = outline.map(|outline| outline.links.clone()).unwrap_or_default();
    // Addresses that stand in the HTML as text are links to readers, too.
    let texts = [text, outline.map(|outline| &*outline.text)];
    let mut seen: HashSet<String> = links.iter().map(|link| link.url.clone()).collect();
    for text in texts.into_iter().flatten() {
        for url in addresses(text) {
            if links.len() == MOST {
                return links;
            }
            if seen.insert(url.to_owned()) {
                links.push(Link { url: url.to_owned(), text: String::new() });
            }
        }
    }
    links
}

/// Returns the addresses of pages in a text. Each byte is looked at a few times only, whatever the text is: an address ends
/// before the next one is looked for.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let mut after = 0;
    memmem::find_iter(text.as_bytes(), b"://").filter_map(move |at| {
        let before = text.get(after..at)?;
        let begin = ["https", "http"].into_iter().find_map(|scheme| {
            let begin = before.len().checked_sub(scheme.len())?;
            before.get(begin..)?.eq_ignore_ascii_case(scheme).then_some(after + begin)
        })?;
        let is_in_word = text[..begin].chars().next_back().is_some_and(char::is_alphanumeric);
        let rest = &text[begin..];
        let rest = &rest[..rest.floor_char_boundary(8 * 1024)];
        let ends = |c: char| {
            c.is_whitespace()
                || c.is_control()
                || matches!(c, '<' | '>' | '"' | '`' | '{' | '}' | '|' | '\\' | '^')
        };
        let url = &rest[..rest.find(ends).unwrap_or(rest.len())];
        after = begin + url.len();
        let url = trim(url);
        (!is_in_word && url.len() > at + 3 - begin).then_some(url)
    })
}

/// Returns an address without the punctuation of the sentence around it.
fn trim(mut url: &str) -> &str {
    let count = |bracket: u8| memchr::memchr_iter(bracket, url.as_bytes()).count();
    let [opened, squares_opened] = [count(b'('), count(b'[')];
    let [mut closed, mut squares_closed] = [count(b')'), count(b']')];
    while let Some(last) = url.chars().next_back() {
        let is_outside = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' | '~' => true,
            ')' => opened < closed,
            ']' => squares_opened < squares_closed,
            _ => false,
        };
        if !is_outside {
            break;
        }
        closed -= usize::from(last == ')');
        squares_closed -= usize::from(last == ']');
        url = &url[..url.len() - last.len_utf8()];
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(text: &str) -> Vec<String> {
        links(None, Some(text)).into_iter().map(|link| link.url).collect()
    }

    #[test]
    fn finds_addresses_in_text() {
        for (text, expected) in [
            ("See https://example.com/a?b=c&d=e#f.", &["https://example.com/a?b=c&d=e#f"][..]),
            (
                "<HTTP://example.com>, (https://a.example/x_(y)).",
                &["HTTP://example.com", "https://a.example/x_(y)"],
            ),
            ("[confirm](https://example.com/x)", &["https://example.com/x"]),
            (
                "https://example.com https://example.com/ https://example.com",
                &["https://example.com", "https://example.com/"],
            ),
            ("ftp://example.com xhttps://example.com https:// https://.", &[]),
            ("https://exämple.com/ü", &["https://exämple.com/ü"]),
            ("([https://example.com/[a]])", &["https://example.com/[a]"]),
            ("https://a.example/?to=https://b.example/ x", &["https://a.example/?to=https://b.example/"]),
            ("http://127.0.0.1:8080/confirm/0a-b_c", &["http://127.0.0.1:8080/confirm/0a-b_c"]),
        ] {
            assert_eq!(urls(text), expected, "{text}");
        }
    }

    #[test]
    fn links_of_html_come_first_with_their_text() {
        let outline = Outline::of(
            "<p>Hi <a href=' https://example.com/c?a=1&amp;b=2 '><b>Confirm</b>\n now</a> <a href=mailto:a@b>x</a>\
             <a href='/x'>y</a><a href='#top'>z</a> <a href=myapp://open><img src=x></a> https://example.com/text",
        );
        assert_eq!(outline.relative_links, 1);
        let found = links(Some(&outline), Some("https://example.com/c?a=1&b=2 https://example.com/plain"));
        let found: Vec<_> = found.iter().map(|link| (&*link.url, &*link.text)).collect();
        assert_eq!(
            found,
            [
                ("https://example.com/c?a=1&b=2", "Confirm now"),
                ("myapp://open", ""),
                ("https://example.com/plain", ""),
                ("https://example.com/text", ""),
            ]
        );
    }
}
