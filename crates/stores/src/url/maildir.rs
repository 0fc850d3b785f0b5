//! The URL of a Maildir, or of the Maildirs of users.

use super::error::StoreUrlError;
use super::named::Named;
use crate::url_options::{divide, pairs};
use crate::{LineEnds, Maildir, MaildirBuilder, Maildirs, Template};

/// Parses a URL of which `rest` follows `maildir:`.
pub(super) fn parse(url: &str, rest: &str) -> Result<Named, StoreUrlError> {
    let (path, options) = divide(rest);
    let path = match path.strip_prefix("//") {
        None => path,
        Some("") => "",
        Some(path) if path.starts_with('/') => path,
        Some(_) => return Err(StoreUrlError::Host(url.to_owned())),
    };
    if path.is_empty() {
        return Err(StoreUrlError::MissingPath);
    }
    let template = Template::parse(path).map_err(StoreUrlError::Template)?;
    let mut named = match template.constant() {
        Some(path) => Named::Maildir(Maildir::builder(path)),
        None => Named::Maildirs(Maildirs::builder(template).map_err(StoreUrlError::Place)?),
    };
    for option in pairs(options) {
        let (name, value) = option.map_err(|option| StoreUrlError::BadOption(option.to_owned()))?;
        let bad = || StoreUrlError::BadOption(format!("{name}={value}"));
        named = with_option(named, name, value).ok_or_else(bad)?;
    }
    Ok(named)
}

fn with_option(named: Named, name: &str, value: &str) -> Option<Named> {
    match (name, named) {
        ("mode", Named::Maildir(builder)) => Some(Named::Maildir(builder.file_mode(mode(value)?))),
        ("mode", Named::Maildirs(builder)) => Some(Named::Maildirs(builder.file_mode(mode(value)?))),
        ("max-size", Named::Maildirs(builder)) => Some(Named::Maildirs(builder.max_size(bytes(value)?))),
        ("max-messages", Named::Maildirs(builder)) => {
            Some(Named::Maildirs(builder.max_messages(number(value)?)))
        }
        ("line-ends", Named::Maildir(builder)) => Some(Named::Maildir(builder.line_ends(line_ends(value)?))),
        ("line-ends", Named::Maildirs(builder)) => {
            Some(Named::Maildirs(builder.line_ends(line_ends(value)?)))
        }
        _ => None,
    }
}

fn line_ends(value: &str) -> Option<LineEnds> {
    match value {
        "lf" => Some(LineEnds::Lf),
        "crlf" => Some(LineEnds::Crlf),
        _ => None,
    }
}

/// Returns a number of bytes, with K, M or G for units of 1,024.
fn bytes(value: &str) -> Option<u64> {
    let units = [("K", 10), ("M", 20), ("G", 30)];
    let unit = units.into_iter().find_map(|(unit, bits)| Some((value.strip_suffix(unit)?, bits)));
    let (digits, bits) = unit.unwrap_or((value, 0));
    number(digits)?.checked_mul(1 << bits)
}

/// Returns a number of at least 1.
fn number(digits: &str) -> Option<u64> {
    let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
    digits.parse().ok().filter(|number| is_number && *number > 0)
}

/// Returns a mode that files can have, from octal digits.
fn mode(digits: &str) -> Option<u32> {
    let is_octal = matches!(digits.len(), 3 | 4) && digits.bytes().all(|digit| matches!(digit, b'0'..=b'7'));
    let mode = if is_octal { u32::from_str_radix(digits, 8).ok()? } else { return None };
    MaildirBuilder::is_file_mode(mode).then_some(mode)
}
