//! The text of a configuration file: TOML whose keys are the names of the flags of `mailchute serve`.
//!
//! The flags are the schema: the parser of the command line decides how often a key may stand and whether its value is
//! right. So file and flags always have the same options.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error as _;
use std::fmt;
use std::ops::Range;

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, Command};
use toml::Spanned;
use toml::de::{DeArray, DeInteger, DeTable, DeValue};

use crate::options::domain_options;
use crate::options::limits::{Named, limits, timeouts};
use crate::options::listener_options;
use crate::options::provenance::{Position, Section, Value, Values};
use crate::options::size::Size;
use crate::options::time_span::TimeSpan;

/// A table's name, its flag, and its keys.
type Table = (&'static str, &'static str, fn() -> Vec<Named>);

/// Tables whose keys are the names of what a flag sets as `NAME=VALUE`.
pub(crate) static TABLES: [Table; 2] = [("limits", "limit", limits), ("timeouts", "timeout", timeouts)];

/// The name of an array of tables, and the command whose flags are its keys.
type SectionFlags = (&'static str, fn() -> Command);

/// The arrays of tables.
pub(crate) static SECTIONS: [SectionFlags; 2] =
    [("domain", domain_options::flags), ("listener", listener_options::flags)];

/// The flag that names the file. The file itself cannot contain it.
pub(crate) const CONFIG: &str = "config";

/// A mistake in a configuration file: where it is, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) position: Position,
    pub(crate) text: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.position, self.text)
    }
}

/// The options of a file: those at its top, and those of the tables of each array.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Document {
    pub(crate) values: Values,
    pub(crate) sections: BTreeMap<&'static str, Vec<Section>>,
}

/// Reads the text of a file by the flags of `command`.
///
/// # Errors
/// All mistakes, in the order of the file. If the file is not TOML, only the errors of TOML.
pub(crate) fn parse(text: &str, command: &Command) -> Result<Document, Vec<Mistake>> {
    let mut reading = Reading::new(text, command, "");
    let (document, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        reading.document(document.get_ref());
    } else {
        for error in errors {
            // Without a position, the end of the file is missing something.
            let place = error.span().unwrap_or(text.len()..text.len());
            reading.wrong(&place, format!("this is not TOML: {}", error.message().replace('\n', " ")));
        }
        // Further errors on a line mostly follow from its first one.
        reading.mistakes.sort_by_key(|mistake| mistake.position);
        reading.mistakes.dedup_by_key(|mistake| mistake.position.line);
    }
    if reading.mistakes.is_empty() {
        return Ok(Document { values: reading.values, sections: reading.sections });
    }
    reading.mistakes.sort_by_key(|mistake| mistake.position);
    Err(reading.mistakes)
}

/// The options that a file may contain.
pub(crate) fn options(command: &Command) -> impl Iterator<Item = (&str, &Arg)> {
    command
        .get_arguments()
        .filter_map(|arg| Some((arg.get_long()?, arg)))
        .filter(|(name, _)| *name != CONFIG && TABLES.iter().all(|(_, flag, _)| flag != name))
}

/// Whether a value is an option of several texts, as `domain` may be, and not an array of tables.
fn is_list(value: &Spanned<DeValue<'_>>) -> bool {
    let is_text = |value: &DeValue<'_>| matches!(value, DeValue::String(_));
    match value.get_ref() {
        DeValue::Array(items) => items.iter().any(|item| is_text(item.get_ref())),
        value => !matches!(value, DeValue::Table(_)),
    }
}

/// The tables of settings that a command has flags for.
pub(crate) fn tables(command: &Command) -> impl Iterator<Item = &'static Table> {
    let has = |flag: &str| command.get_arguments().any(|arg| arg.get_long() == Some(flag));
    TABLES.iter().filter(move |(_, flag, _)| has(flag))
}

/// Whether a flag takes a size or a time. In the file that may be a plain integer.
pub(crate) fn takes_number(arg: &Arg) -> bool {
    let sizes = ValueParser::from(clap::value_parser!(Size)).type_id();
    let times = ValueParser::from(clap::value_parser!(TimeSpan)).type_id();
    let of_flag = arg.get_value_parser().type_id();
    of_flag == sizes || of_flag == times
}

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

struct Reading<'t> {
    text: &'t str,
    command: &'t Command,
    /// The beginning of each key in messages: the array that the table is in.
    prefix: String,
    values: Values,
    sections: BTreeMap<&'static str, Vec<Section>>,
    mistakes: Vec<Mistake>,
}

impl<'t> Reading<'t> {
    fn new(text: &'t str, command: &'t Command, prefix: &str) -> Self {
        let (values, sections, mistakes) = (Values::new(), BTreeMap::new(), Vec::new());
        Self { text, command, prefix: prefix.to_owned(), values, sections, mistakes }
    }

    fn wrong(&mut self, place: &Range<usize>, text: String) {
        self.mistakes.push(Mistake { position: Position::of(self.text, place.start), text });
    }

    fn document(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            let name: &str = key.get_ref();
            let tables: Vec<_> = tables(self.command).collect();
            let section = SECTIONS.iter().find(|(section, _)| *section == name && self.prefix.is_empty());
            if let Some((table, flag, names)) = tables.iter().find(|(table, ..)| *table == name) {
                self.settings(table, flag, &names(), value);
            } else if let Some((section, flags)) = section.filter(|_| !is_list(value)) {
                self.section(section, &flags(), value);
            } else if let Some((_, arg)) = options(self.command).find(|(option, _)| *option == name) {
                self.option(name, &arg.clone(), value);
            } else if name == CONFIG {
                self.wrong(
                    &key.span(),
                    "config: a configuration file cannot name another one; leave it out".to_owned(),
                );
            } else {
                let known = options(self.command).map(|(option, _)| option);
                let known = known.chain(tables.iter().map(|(table, ..)| *table));
                let sections = SECTIONS.iter().map(|(section, _)| *section);
                let nearest = nearest(name, known.chain(sections.filter(|_| self.prefix.is_empty())));
                self.wrong(
                    &key.span(),
                    format!("{}there is no option {name:?}; {nearest}", self.prefix_of_text()),
                );
            }
        }
    }

    /// The beginning of a message that names no key.
    fn prefix_of_text(&self) -> String {
        match self.prefix.strip_suffix('.') {
            Some(section) => format!("{section}: "),
            None => String::new(),
        }
    }

    /// The tables of an array.
    fn section(&mut self, name: &'static str, command: &Command, value: &Spanned<DeValue<'_>>) {
        let wrong = format!("{name}: write [[{name}]] above the options of each {name}");
        let DeValue::Array(tables) = value.get_ref() else {
            return self.wrong(&value.span(), wrong);
        };
        for table in tables {
            let DeValue::Table(options) = table.get_ref() else {
                self.wrong(&table.span(), wrong.clone());
                continue;
            };
            let mut reading = Reading::new(self.text, command, &format!("{name}."));
            reading.document(options);
            self.mistakes.append(&mut reading.mistakes);
            let position = Position::of(self.text, table.span().start);
            let section = Section { header: format!("[[{name}]]"), position, values: reading.values };
            self.sections.entry(name).or_default().push(section);
        }
    }

    /// A table of limits or timeouts.
    fn settings(&mut self, table: &str, flag: &str, names: &[Named], value: &Spanned<DeValue<'_>>) {
        let table = format!("{}{table}", self.prefix);
        let DeValue::Table(settings) = value.get_ref() else {
            let Named { name, default, .. } = &names[0];
            let text = format!(
                "{table}: write a table, such as [{table}] and below it {name} = {}",
                in_file(default)
            );
            return self.wrong(&value.span(), text);
        };
        for (name, value) in settings {
            let (place, name) = (name.span(), name.get_ref());
            if names.iter().all(|known| known.name != name) {
                let nearest = nearest(name, names.iter().map(|known| known.name));
                self.wrong(&place, format!("{table}: there is no {flag} {name:?}; {nearest}"));
                continue;
            }
            let key = format!("{table}.{name}");
            match value.get_ref() {
                DeValue::Integer(number) => {
                    if let Some(number) = self.number(&key, number, &value.span()) {
                        self.take(flag, &key, format!("{name}={number}"), &value.span());
                    }
                }
                DeValue::String(text) => {
                    self.take(flag, &key, format!("{name}={text}"), &value.span());
                }
                other => {
                    let text = format!("{key}: this is {}; write a whole number", in_words(other));
                    self.wrong(&value.span(), text);
                }
            }
        }
    }

    fn option(&mut self, name: &str, arg: &Arg, value: &Spanned<DeValue<'_>>) {
        let place = value.span();
        let key = format!("{}{name}", self.prefix);
        match (arg.get_action(), value.get_ref()) {
            (ArgAction::SetTrue, DeValue::Boolean(is_on)) => {
                if *is_on {
                    self.keep(name, &key, "true".to_owned(), &place);
                }
            }
            (ArgAction::Append, DeValue::Array(items)) => self.items(name, &key, items),
            (ArgAction::Set, DeValue::Integer(number)) if takes_number(arg) => {
                if let Some(number) = self.number(&key, number, &place) {
                    self.take(name, &key, number.to_string(), &place);
                }
            }
            (ArgAction::Set | ArgAction::Append, DeValue::String(text)) => {
                self.take(name, &key, text.clone().into_owned(), &place);
            }
            (action, other) => {
                let expected = match action {
                    ArgAction::SetTrue => Cow::Borrowed("true or false"),
                    ArgAction::Append => {
                        format!("a string or an array of strings, such as {name} = [\"…\"]").into()
                    }
                    _ if takes_number(arg) => "a whole number, or one with its unit as a string".into(),
                    _ => format!("a string, such as {name} = \"…\"").into(),
                };
                self.wrong(&place, format!("{key}: this is {}; write {expected}", in_words(other)));
            }
        }
    }

    fn items(&mut self, name: &str, key: &str, items: &DeArray<'_>) {
        for item in items {
            match item.get_ref() {
                DeValue::String(text) => self.take(name, key, text.clone().into_owned(), &item.span()),
                other => {
                    let text = format!("{key}: this is {}; write a string", in_words(other));
                    self.wrong(&item.span(), text);
                }
            }
        }
    }

    fn number(&mut self, key: &str, number: &DeInteger<'_>, place: &Range<usize>) -> Option<u64> {
        let value = u64::from_str_radix(number.as_str(), number.radix()).ok();
        if value.is_none() {
            self.wrong(place, format!("{key}: {number} is out of range; write a whole number, 0 or more"));
        }
        value
    }

    /// Takes a value if the flag accepts it.
    fn take(&mut self, flag: &str, key: &str, text: String, place: &Range<usize>) {
        let complaint = match self.command.get_arguments().find(|arg| arg.get_long() == Some(flag)) {
            Some(arg) => complaint(arg, &text),
            None => Some("there is no such option".to_owned()),
        };
        if let Some(complaint) = complaint {
            return self.wrong(place, format!("{key}: {}", invalid(flag, &text, &complaint)));
        }
        self.keep(flag, key, text, place);
    }

    fn keep(&mut self, flag: &str, key: &str, text: String, place: &Range<usize>) {
        let position = Position::of(self.text, place.start);
        let value = Value { text, key: key.to_owned(), position };
        self.values.entry(flag.to_owned()).or_default().push(value);
    }
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
    let nearest = known
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .min()
        .filter(|(distance, known)| *distance <= known.len().div_ceil(2));
    match nearest {
        Some((_, known)) => format!("write {known}"),
        None => "`mailchute example-config` prints all names".to_owned(),
    }
}

fn in_words(value: &DeValue<'_>) -> &'static str {
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
