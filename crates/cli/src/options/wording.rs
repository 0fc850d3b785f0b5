//! Words of mistakes: what is wrong with a value, and what to write instead. Texts as TOML has them.

use std::error::Error as _;

use clap::{Arg, Command};
use toml::de::DeValue;

/// Writes a flag's value as TOML: an integer as it is, anything else in quotes.
pub(crate) fn in_file(value: &str) -> String {
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { value.to_owned() } else { quoted(value) }
}

/// Writes a text as a basic string of TOML.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            // Control characters are all below U+10000.
            character if character.is_control() => quoted += &format!("\\u{:04X}", u32::from(character)),
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

/// Returns the complaint of the command line's parser about a value, if any.
pub(crate) fn complaint(arg: &Arg, value: &str) -> Option<String> {
    if value.is_empty() {
        return Some("it is empty; leave the option out, or write a value".to_owned());
    }
    let arg = arg.clone();
    let choices: Vec<_> =
        arg.get_possible_values().iter().map(|choice| choice.get_name().to_owned()).collect();
    let argument = format!("--{}={value}", arg.get_long().unwrap_or_default());
    let command = Command::new("option").no_binary_name(true).disable_help_flag(true).arg(arg);
    let error = command.try_get_matches_from([argument]).err()?;
    Some(match error.source() {
        Some(reason) => reason.to_string(),
        None if choices.is_empty() => "write another value".to_owned(),
        None => format!("write one of {}", choices.join(", ")),
    })
}

/// Words a complaint about a value. A text that may be the secret itself is not repeated.
pub(crate) fn invalid(option: &str, value: &str, complaint: &str) -> String {
    let may_be_secret = option == "secret" || value.contains("://") && value.contains('@');
    if may_be_secret { complaint.to_owned() } else { format!("{value:?} is invalid: {complaint}") }
}

/// Suggests what to write instead of an unknown name.
pub(crate) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> String {
    match closest(name, known) {
        Some(known) => format!("write {known}"),
        None => "`mailchute example-config` prints all names".to_owned(),
    }
}

/// Returns the name that is meant, if one is near.
fn closest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let nearest = known.map(|known| (strsim::damerau_levenshtein(name, known), known)).min();
    nearest.filter(|(distance, known)| *distance <= known.len().div_ceil(2)).map(|(_, known)| known)
}

/// Suggests which of a few names to write instead of another one.
pub(crate) fn one_of(name: &str, known: &[&str]) -> String {
    match closest(name, known.iter().copied()) {
        Some(known) => format!("write {known}"),
        None if known.len() == 1 => format!("write {}", known[0]),
        None => format!("write one of {}", known.join(", ")),
    }
}

/// Names the kind of a value.
pub(crate) fn in_words(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
