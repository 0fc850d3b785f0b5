use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::{ArgAction, Command};

use crate::options::args::flags;
use crate::options::file::{Document, Mistake, parse};
use crate::options::provenance::{Position, Values};
use crate::options::schema::{ARRAYS, TABLES, USE, takes_table};

/// The flags accept every value of an accepted configuration file. Printed as TOML and read again, it is the same. An
/// error has a position in the file.
pub fn config_file(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else { return };
    let command = flags();
    match parse(text, &command) {
        Ok(document) => {
            let printed = printed_document(&document, &command);
            let again =
                parse(&printed, &command).unwrap_or_else(|mistakes| panic!("{mistakes:?}: {printed}"));
            assert_eq!(all_texts(&again), all_texts(&document), "{printed}");
            let arguments = document.values.iter().flat_map(|(option, values)| {
                values.iter().map(move |value| match value.text.as_str() {
                    "true" if value.key == *option => format!("--{option}"),
                    text => format!("--{option}={text}"),
                })
            });
            let taken = command.try_get_matches_from(arguments);
            assert!(taken.is_ok(), "{taken:?}: {printed}");
        }
        Err(mistakes) => {
            assert!(!mistakes.is_empty());
            assert!(mistakes.is_sorted_by_key(|mistake| mistake.position), "{mistakes:?}");
            for Mistake { position: Position { line, column }, text: told } in mistakes {
                let of_file =
                    text.split('\n').nth(line - 1).unwrap_or_else(|| panic!("no line {line}: {told}"));
                assert!((1..=of_file.chars().count() + 1).contains(&column), "{line}:{column}: {told}");
                assert!(!told.is_empty() && !told.contains('\n'), "{told:?}");
            }
        }
    }
}

/// The texts of the options at the top, and then of each table of an array.
fn all_texts(document: &Document) -> Vec<BTreeMap<&str, Vec<&str>>> {
    let sections = document.sections.values().flatten().map(|section| &section.values);
    std::iter::once(&document.values).chain(sections).map(texts).collect()
}

fn printed_document(document: &Document, command: &Command) -> String {
    let mut all = printed(&document.values, command);
    for array in ARRAYS {
        let name = array.name;
        for section in document.sections.get(name).into_iter().flatten() {
            let used = section.values.get(USE).and_then(|values| values.first()).map(|value| &*value.text);
            let command = array.kind(used).expect("a table has a kind");
            writeln!(all, "[[{name}]]").expect("a string takes it");
            all += &printed(&section.values, &command);
        }
    }
    all
}

fn texts(values: &Values) -> BTreeMap<&str, Vec<&str>> {
    let texts = values.iter().map(|(option, values)| {
        let mut texts: Vec<_> = values.iter().map(|value| value.text.as_str()).collect();
        // The settings of a table have no order.
        if TABLES.iter().any(|(_, flag, _)| flag == option) {
            texts.sort_unstable();
        }
        (option.as_str(), texts)
    });
    texts.collect()
}

fn printed(values: &Values, command: &Command) -> String {
    let mut printed = String::new();
    for (option, values) in values {
        let arg = command.get_arguments().find(|arg| arg.get_long() == Some(option)).expect("a flag");
        if let Some((table, ..)) = TABLES.iter().find(|(_, flag, _)| flag == option) {
            for value in values {
                let (name, value) = value.text.split_once('=').expect("a setting has a value");
                writeln!(printed, "{table}.{name} = {}", quoted(value)).expect("a string takes it");
            }
            continue;
        }
        let texts: Vec<_> = values.iter().map(|value| quoted(&value.text)).collect();
        let value = match arg.get_action() {
            ArgAction::SetTrue => "true".to_owned(),
            ArgAction::Append if takes_table(arg) => {
                let pairs = values.iter().map(|value| value.text.split_once('=').expect("a pair"));
                let pairs: Vec<_> =
                    pairs.map(|(name, value)| format!("{} = {}", quoted(name), quoted(value))).collect();
                format!("{{ {} }}", pairs.join(", "))
            }
            ArgAction::Append => format!("[{}]", texts.join(",")),
            _ => texts[0].clone(),
        };
        writeln!(printed, "{option} = {value}").expect("a string takes it");
    }
    printed
}

fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|c| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() => format!("\\u{:04X}", u32::from(c)),
        c => c.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}
