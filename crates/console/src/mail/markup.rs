//! The tags and the text of HTML.
//!
//! # Why
//!
//! Links, text and images are looked up in HTML that anyone may have written. Parsers that build a tree or match selectors
//! need quadratic time for some of it: many attributes in a tag, or many end tags that close nothing. This reads forward
//! only, and keeps nothing. No safety depends on it: browsers get the HTML in a sandbox.

use std::borrow::Cow;

use mail_parser::decoders::html::add_html_token;
use memchr::{memchr, memchr2, memmem};

/// The attributes of a tag that are kept.
const MOST_ATTRIBUTES: usize = 64;
/// The longest name of an entity, with `&` and `;`.
const LONGEST_ENTITY: usize = 34;
/// Elements whose content has no tags.
const RAW: [&str; 7] = ["script", "style", "title", "textarea", "xmp", "noembed", "noframes"];

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'h> {
    /// Text with its entities.
    Text(&'h str),
    Open(Tag<'h>),
    /// The name is as it was written.
    Close(&'h str),
    /// The content of an element that has no tags in it.
    Raw(&'h str),
}

/// The beginning of an element.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tag<'h> {
    name: &'h str,
    attributes: Vec<(&'h str, &'h str)>,
}

impl<'h> Tag<'h> {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    pub(super) fn name(&self) -> &'h str {
        self.name
    }

    /// Returns the first attribute with a name, decoded.
    pub(super) fn attribute(&self, name: &str) -> Option<Cow<'h, str>> {
        self.attributes
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| decode(value))
    }
}

/// Reads HTML from its beginning to its end.
#[derive(Debug)]
pub(super) struct Markup<'h> {
    rest: &'h str,
    /// The element whose content comes next and has no tags.
    raw: Option<&'h str>,
}

impl<'h> Markup<'h> {
    pub(super) fn new(html: &'h str) -> Self {
        Self { rest: html, raw: None }
    }

    fn take(&mut self, length: usize) -> &'h str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    /// Takes the content of an element without tags, up to its end.
    fn take_raw(&mut self, name: &str) -> &'h str {
        let bytes = self.rest.as_bytes();
        let mut ends = memmem::find_iter(bytes, b"</");
        let end = ends.find(|at| {
            let after = &bytes[at + 2..];
            after.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
                && after
                    .get(name.len())
                    .is_none_or(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>'))
        });
        self.take(end.unwrap_or(bytes.len()))
    }

    /// Takes a tag, a comment or a declaration. There is no token for the latter two.
    fn take_markup(&mut self) -> Option<Token<'h>> {
        let bytes = self.rest.as_bytes();
        if bytes.starts_with(b"<!--") {
            let end = memmem::find(&bytes[2..], b"-->").map_or(bytes.len(), |at| at + 5);
            self.take(end);
            return None;
        }
        let is_close = bytes.get(1) == Some(&b'/');
        let begin = 1 + usize::from(is_close);
        if !bytes.get(begin).is_some_and(u8::is_ascii_alphabetic) {
            // A declaration, or a `<` that begins no tag.
            if matches!(bytes.get(1), Some(b'!' | b'?' | b'/')) {
                let end = memchr(b'>', bytes).map_or(bytes.len(), |at| at + 1);
                self.take(end);
                return None;
            }
            return Some(Token::Text(self.take(1)));
        }
        self.take(begin);
        let name = self
            .take(length_until(self.rest, |byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>')));
        let attributes = self.take_attributes();
        if is_close {
            return Some(Token::Close(name));
        }
        self.raw = RAW.iter().any(|raw| name.eq_ignore_ascii_case(raw)).then_some(name);
        Some(Token::Open(Tag { name, attributes }))
    }

    /// Takes attributes, and the `>` after them.
    fn take_attributes(&mut self) -> Vec<(&'h str, &'h str)> {
        let mut attributes = Vec::new();
        loop {
            self.take(length_until(self.rest, |byte| !byte.is_ascii_whitespace() && byte != b'/'));
            match self.rest.as_bytes().first() {
                None => return attributes,
                Some(b'>') => {
                    self.take(1);
                    return attributes;
                }
                Some(_) => {}
            }
            // A name may begin with `=`.
            let first = self.rest.chars().next().map_or(0, char::len_utf8);
            let ends = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>' | b'=');
            let name = self.take(first + length_until(&self.rest[first..], ends));
            let value = self.take_value();
            if attributes.len() < MOST_ATTRIBUTES {
                attributes.push((name, value));
            }
        }
    }

    /// Takes `=` and a value, if they come next.
    fn take_value(&mut self) -> &'h str {
        let spaces = length_until(self.rest, |byte| !byte.is_ascii_whitespace());
        if self.rest.as_bytes().get(spaces) != Some(&b'=') {
            return "";
        }
        self.take(spaces + 1);
        self.take(length_until(self.rest, |byte| !byte.is_ascii_whitespace()));
        match self.rest.as_bytes().first() {
            Some(quote @ (b'"' | b'\'')) => {
                self.take(1);
                let value = self.take(memchr(*quote, self.rest.as_bytes()).unwrap_or(self.rest.len()));
                self.take(self.rest.len().min(1));
                value
            }
            _ => self.take(length_until(self.rest, |byte| byte.is_ascii_whitespace() || byte == b'>')),
        }
    }
}

impl<'h> Iterator for Markup<'h> {
    type Item = Token<'h>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(name) = self.raw.take() {
            return Some(Token::Raw(self.take_raw(name)));
        }
        while !self.rest.is_empty() {
            match memchr(b'<', self.rest.as_bytes()) {
                Some(0) => {
                    if let Some(token) = self.take_markup() {
                        return Some(token);
                    }
                }
                at => return Some(Token::Text(self.take(at.unwrap_or(self.rest.len())))),
            }
        }
        None
    }
}

/// Returns how many bytes come before the first that ends them.
fn length_until(text: &str, ends: impl Fn(u8) -> bool) -> usize {
    text.bytes().position(ends).unwrap_or(text.len())
}

/// Returns text with its entities replaced.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return text.into();
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr(b'&', rest.as_bytes()) {
        decoded.push_str(&rest[..at]);
        rest = &rest[at..];
        let name = &rest.as_bytes()[1..rest.len().min(LONGEST_ENTITY)];
        let length = match memchr2(b';', b'&', name) {
            Some(end) if name[end] == b';' && is_entity(&name[..end]) => end + 2,
            _ => 1,
        };
        add_html_token(&mut decoded, &rest.as_bytes()[..length], false);
        rest = &rest[length..];
    }
    decoded.push_str(rest);
    decoded.into()
}

fn is_entity(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'#')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(html: &str) -> String {
        let tokens = Markup::new(html).map(|token| match token {
            Token::Text(text) => format!("[{}]", decode(text)),
            Token::Open(tag) => {
                let attributes = tag.attributes.iter().map(|(name, value)| format!(" {name}={value}"));
                format!("+{}{}", tag.name, attributes.collect::<String>())
            }
            Token::Close(name) => format!("-{name}"),
            Token::Raw(text) => format!("({text})"),
        });
        tokens.collect::<Vec<_>>().join("|")
    }

    #[test]
    fn finds_tags_attributes_and_text() {
        for (html, expected) in [
            ("<p>a &amp; b</p>", "+p|[a & b]|-p"),
            ("<a href=\"x>y\" b = 'c' d=e/f g>t</a >", "+a href=x>y b=c d=e/f g=|[t]|-a"),
            ("<A HREF=x/>t", "+A HREF=x/|[t]"),
            ("<br/>1 < 2 <3<", "+br|[1 ]|[<]|[ 2 ]|[<]|[3]|[<]"),
            ("<!doctype html><!-- <p> --><b>", "+b"),
            ("a<!-->b<!--", "[a]|[b]"),
            ("<style>a>b{}</style><p>", "+style|(a>b{})|-style|+p"),
            ("<script>if (a</b) '</scripty'</SCRIPT>x", "+script|(if (a</b) '</scripty')|-SCRIPT|[x]"),
            ("<title>a", "+title|(a)"),
            ("<a =b c=", "+a =b= c="),
            ("<a é=ü ß>ö", "+a é=ü ß=|[ö]"),
            ("<a href='x", "+a href=x"),
        ] {
            assert_eq!(shown(html), expected, "{html}");
        }
    }

    #[test]
    fn replaces_entities() {
        for (text, expected) in [
            ("a", "a"),
            ("&lt;&gt;&amp;&quot;&nbsp;", "<>&\"\u{a0}"),
            ("&#65;&#x42;&#X43;", "ABC"),
            ("&nothing;&;&&amp", "&nothing;&;&&amp"),
            ("a?b=1&c=2&copy;", "a?b=1&c=2©"),
            ("&é;ü&", "&é;ü&"),
        ] {
            assert_eq!(decode(text), expected, "{text}");
        }
    }
}
