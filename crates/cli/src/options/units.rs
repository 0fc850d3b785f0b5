//! Numbers with a unit, such as `25M` and `5m`.

use std::fmt::{self, Display as _};

/// Names of units and their values, from the largest to the smallest.
pub(crate) type Units = [(char, u64)];

/// Why a text is not such a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    NoNumber,
    TooLarge,
}

/// Parses digits with at most one unit.
pub(crate) fn read(text: &str, units: &Units) -> Result<u64, Fault> {
    let unit = text.chars().last().and_then(|last| units.iter().find(|(name, _)| last == *name));
    let (number, factor) = unit.map_or((text, 1), |(_, factor)| (&text[..text.len() - 1], *factor));
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::NoNumber);
    }
    number.parse().ok().and_then(|number: u64| number.checked_mul(factor)).ok_or(Fault::TooLarge)
}

/// Writes a number in the largest unit that divides it.
pub(crate) fn write(f: &mut fmt::Formatter<'_>, number: u64, units: &Units) -> fmt::Result {
    match units.iter().find(|(_, factor)| number > 0 && number.is_multiple_of(*factor)) {
        Some((name, factor)) => write!(f, "{}{name}", number / factor),
        None => number.fmt(f),
    }
}
