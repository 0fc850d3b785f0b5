//! The parts of a `From:` field: words, quoted strings and special characters (RFC 5322 §3.2).

use crate::name::{canonical, is_name};

/// A part of the field. White space and comments are between the parts.
#[derive(Debug, PartialEq)]
pub(super) enum Token<'a> {
    /// A run of other characters, with dots.
    Atom(&'a [u8]),
    /// A quoted string, without its quotes.
    Quoted(&'a [u8]),
    /// One of `<>@,;:`.
    Special(u8),
}

#[derive(Clone, Copy)]
pub(super) struct Lexer<'a> {
    rest: &'a [u8],
    is_apart: bool,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(field: &'a [u8]) -> Self {
        Self { rest: field, is_apart: true }
    }

    /// Returns whether white space or a comment stands before the last part.
    pub(super) fn is_apart(&self) -> bool {
        self.is_apart
    }

    /// Returns the next part; the inner `None` is the end. The outer `None` is text that cannot be read.
    pub(super) fn next(&mut self) -> Option<Option<Token<'a>>> {
        self.skip_space()?;
        let Some(&first) = self.rest.first() else { return Some(None) };
        match first {
            b'"' => {
                let end = end_of_quoted(self.rest)?;
                let inside = &self.rest[1..end];
                self.rest = &self.rest[end + 1..];
                Some(Some(Token::Quoted(inside)))
            }
            b'<' | b'>' | b'@' | b',' | b';' | b':' => {
                self.rest = &self.rest[1..];
                Some(Some(Token::Special(first)))
            }
            _ => {
                let (atom, rest) = self.rest.split_at(length_of_atom(self.rest));
                self.rest = rest;
                // A byte that ends an atom and begins nothing: a control character, a backslash before one of these, or `)`.
                if atom.is_empty() { None } else { Some(Some(Token::Atom(atom))) }
            }
        }
    }

    fn skip_space(&mut self) -> Option<()> {
        let before = self.rest.len();
        loop {
            self.rest = match self.rest {
                [b' ' | b'\t', rest @ ..] | [b'\r', b'\n', rest @ ..] => rest,
                [b'(', ..] => after_comment(self.rest)?,
                _ => break,
            };
        }
        self.is_apart = self.rest.len() < before;
        Some(())
    }

    /// Reads the domain after an `@`; the inner `None` is an address literal. With anything else the outer one is `None`.
    pub(super) fn domain(&mut self) -> Option<Option<String>> {
        self.skip_space()?;
        if self.rest.first() == Some(&b'[') {
            let end = self.rest.iter().position(|&b| b == b']')?;
            let is_address = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b':' | b'.' | b'-');
            if end < 2 || !self.rest[1..end].iter().all(is_address) {
                return None;
            }
            self.rest = &self.rest[end + 1..];
            return Some(None);
        }
        let Some(Token::Atom(atom)) = self.next()? else { return None };
        // A longer name than the DNS has cannot be a domain, and would be kept until the body has come.
        let domain = std::str::from_utf8(atom).ok().and_then(canonical).filter(|domain| is_name(domain));
        domain.map(Some)
    }
}

/// Returns the length of the atom that a text begins with. A backslash before a plain character is one too, as in
/// `CORP\alice`: no reader takes anything else for the address because of it.
fn length_of_atom(text: &[u8]) -> usize {
    let is_in_atom = |at: usize| match text.get(at) {
        Some(b'\\') => text.get(at + 1).is_some_and(|&next| !ends_atom(next)),
        Some(&byte) => !ends_atom(byte),
        None => false,
    };
    (0..).find(|at| !is_in_atom(*at)).unwrap_or(text.len())
}

fn ends_atom(byte: u8) -> bool {
    byte <= b' '
        || matches!(byte, b'"' | b'<' | b'>' | b'@' | b',' | b';' | b':' | b'(' | b')' | b'\\' | 0x7f)
}

/// Returns the place of the quote that ends a quoted string.
fn end_of_quoted(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            b'\t' | b'\r' | b'\n' => at += 1,
            byte if byte.is_ascii_control() => return None,
            _ => at += 1,
        }
    }
}

/// Returns the text after a comment, which may have others within.
fn after_comment(text: &[u8]) -> Option<&[u8]> {
    let mut depth = 0_usize;
    let mut at = 0;
    loop {
        match text.get(at)? {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'\\' => at += 1,
            b'\t' | b'\r' | b'\n' => {}
            byte if byte.is_ascii_control() => return None,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return text.get(at..);
        }
    }
}
