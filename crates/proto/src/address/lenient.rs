//! Parses paths as devices and scripts write them. It sees only what the strict grammar refuses.
//!
//! ```text
//! path      = *SP ( [ phrase ] "<" *SP inside *SP ">"
//!                 / [ phrase ] "<" *SP "<" *SP inside *SP ">" *SP ">"
//!                 / address )                     ; without brackets an address needs its domain
//! inside    = "" / [ A-d-l ":" ] ( address / local )
//! address   = local "@" ( Domain [ "." ] / address-literal )
//! local     = Quoted-string / 1*( atext / "." )   ; at least one atext
//! phrase    = 1*( Quoted-string / atext except "=" / "." / SP )
//! ```
//!
//! Nothing follows, or a space and the parameters. A phrase holds no `@` outside quotes, and an address without
//! brackets holds no `<` before its `@`. So no text has two meanings, and no text is read as two addresses.
//!
//! The result is an ordinary [`Mailbox`]: odd dots get quotes, and a name without a domain gets the server's.
//!
//! # Why
//!
//! The lenient grammar runs only where the strict one refuses, and it creates an address of the strict grammar. So no
//! line has two readings, and hooks and stores know one kind of address.

use std::borrow::Cow;

use super::mailbox::{ATEXT, Mailbox, scan_quoted_string};
use super::source_route::scan_source_route;
use crate::characters::breaks_lines;

/// The content of a path.
pub(super) enum Address {
    /// Nothing between brackets.
    Null,
    /// `Postmaster` without a domain, in any case. As a recipient it is special, as a sender it is the mailbox.
    Postmaster(Mailbox),
    Mailbox(Mailbox),
}

/// Reads the path at the start of `argument` and returns it with the rest. `own_domain` completes a name without a
/// domain.
pub(super) fn parse<'a>(argument: &'a [u8], own_domain: &str) -> Option<(Address, &'a [u8])> {
    let text = std::str::from_utf8(argument).ok().filter(|text| !text.chars().any(breaks_lines))?;
    let start = &text.as_bytes()[text.len() - text.trim_start_matches(' ').len()..];
    let (address, rest) = match after_phrase(start).strip_prefix(b"<") {
        Some(inside) => bracketed(inside, own_domain)?,
        None => bare(start)?,
    };
    matches!(rest.first(), None | Some(b' ')).then_some((address, rest))
}

/// Skips a display name before a `<`.
fn after_phrase(text: &[u8]) -> &[u8] {
    let mut rest = text;
    loop {
        rest = match rest {
            [b'<', ..] => return rest,
            [b'"', ..] => match scan_quoted_string(rest) {
                Some(length) => &rest[length..],
                None => return text,
            },
            [byte, behind @ ..] if *byte != b'=' && (is_in_dotted(*byte) || *byte == b' ') => behind,
            _ => return text,
        }
    }
}

/// Reads what follows the first `<`, up to and including its `>`.
fn bracketed<'a>(inside: &'a [u8], own_domain: &str) -> Option<(Address, &'a [u8])> {
    let inside = without_spaces(inside);
    let doubled = inside.strip_prefix(b"<");
    let inside = doubled.map_or(inside, without_spaces);
    let (address, rest) = if inside.first() == Some(&b'>') {
        (Address::Null, inside)
    } else {
        let route = if inside.first() == Some(&b'@') { scan_source_route(inside).ok()? } else { 0 };
        let (local, rest) = local_part(&inside[route..])?;
        if rest.first() == Some(&b'@') {
            with_domain(&local, rest)?
        } else {
            let mailbox = Mailbox::parse(&format!("{local}@{own_domain}")).ok()?;
            let is_postmaster = route == 0 && local.eq_ignore_ascii_case("postmaster");
            (if is_postmaster { Address::Postmaster(mailbox) } else { Address::Mailbox(mailbox) }, rest)
        }
    };
    let rest = without_spaces(rest).strip_prefix(b">")?;
    Some((address, if doubled.is_some() { without_spaces(rest).strip_prefix(b">")? } else { rest }))
}

/// Reads an address without brackets. Without an `@` it could be a parameter.
fn bare(text: &[u8]) -> Option<(Address, &[u8])> {
    let (local, rest) = local_part(text)?;
    with_domain(&local, rest)
}

/// Reads `@domain` and builds the address.
fn with_domain<'a>(local: &str, rest: &'a [u8]) -> Option<(Address, &'a [u8])> {
    let length = match rest.get(1)? {
        b'[' => rest.iter().position(|&byte| byte == b']')? + 1,
        _ => rest.iter().position(|&byte| matches!(byte, b' ' | b'>')).unwrap_or(rest.len()),
    };
    let (domain, rest) = rest.split_at(length);
    let mailbox = Mailbox::parse(&format!("{local}{}", std::str::from_utf8(domain).ok()?)).ok()?;
    Some((Address::Mailbox(mailbox), rest))
}

/// Reads a local part and adds quotes if its dots need them.
fn local_part(text: &[u8]) -> Option<(Cow<'_, str>, &[u8])> {
    let length = match text.first() {
        Some(b'"') => scan_quoted_string(text)?,
        _ => text.iter().position(|&byte| !is_in_dotted(byte)).unwrap_or(text.len()),
    };
    let (local, rest) = text.split_at(length);
    let local = std::str::from_utf8(local).ok()?;
    if local.starts_with('"') || local.split('.').all(|atom| !atom.is_empty()) {
        return Some((Cow::Borrowed(local), rest));
    }
    local.contains(|character| character != '.').then(|| (Cow::Owned(format!("\"{local}\"")), rest))
}

fn is_in_dotted(byte: u8) -> bool {
    ATEXT[usize::from(byte)] || byte == b'.'
}

fn without_spaces(text: &[u8]) -> &[u8] {
    &text[text.iter().position(|&byte| byte != b' ').unwrap_or(text.len())..]
}
