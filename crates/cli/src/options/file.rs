//! The text of a configuration file: TOML whose keys are the names of the flags of `mailchute serve`.
//!
//! The flags are the schema: the parser of the command line decides how often a key may stand and whether its value is
//! right. So file and flags always have the same options.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use clap::{Arg, ArgAction, Command};
use toml::Spanned;
use toml::de::{DeArray, DeInteger, DeTable, DeValue};

use crate::options::limits::Named;
use crate::options::provenance::{Position, Section, Value, Values};
use crate::options::schema::{
    ARRAYS, Array, CONFIG, USE, has_option, options, tables, takes_number, takes_table,
};
use crate::options::wording::{complaint, in_file, in_words, invalid, nearest, one_of};

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

/// Whether a value is an option of several texts, as `domain` may be, and not an array of tables.
fn is_list(value: &Spanned<DeValue<'_>>) -> bool {
    let is_text = |value: &DeValue<'_>| matches!(value, DeValue::String(_));
    match value.get_ref() {
        DeValue::Array(items) => items.iter().any(|item| is_text(item.get_ref())),
        value => !matches!(value, DeValue::Table(_)),
    }
}

struct Reading<'t> {
    text: &'t str,
    command: &'t Command,
    /// The beginning of each key in messages: the array that the table is in.
    prefix: String,
    /// That array.
    array: Option<&'static Array>,
    values: Values,
    sections: BTreeMap<&'static str, Vec<Section>>,
    mistakes: Vec<Mistake>,
}

impl<'t> Reading<'t> {
    fn new(text: &'t str, command: &'t Command, prefix: &str) -> Self {
        let (values, sections, mistakes) = (Values::new(), BTreeMap::new(), Vec::new());
        Self { text, command, prefix: prefix.to_owned(), array: None, values, sections, mistakes }
    }

    fn wrong(&mut self, place: &Range<usize>, text: String) {
        self.mistakes.push(Mistake { position: Position::of(self.text, place.start), text });
    }

    fn document(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            let name: &str = key.get_ref();
            let tables: Vec<_> = tables(self.command).collect();
            let array = ARRAYS.iter().find(|array| array.name == name && self.prefix.is_empty());
            if let Some((table, flag, names)) = tables.iter().find(|(table, ..)| *table == name) {
                self.settings(table, flag, &names(), value);
            } else if let Some(array) = array.filter(|_| !is_list(value)) {
                self.array(array, value);
            } else if let Some((_, arg)) = options(self.command).find(|(option, _)| *option == name) {
                self.option(name, &arg.clone(), value);
            } else if name == CONFIG {
                self.wrong(
                    &key.span(),
                    "config: a configuration file cannot name another one; leave it out".to_owned(),
                );
            } else {
                let text = format!("{}{}", self.prefix_of_text(), self.unknown(name));
                self.wrong(&key.span(), text);
            }
        }
    }

    /// Says what to write instead of an unknown key.
    fn unknown(&self, name: &str) -> String {
        if let Some(array) = self.array {
            let kinds = (array.kinds)();
            let others = kinds.iter().filter(|kind| has_option(kind, name)).map(Command::get_name);
            let others: Vec<_> = others.collect();
            if !others.is_empty() {
                let (kind, others) = (self.command.get_name(), others.join(", "));
                return format!("{name:?} is an option of {others}, and not of {kind}; leave it out");
            }
        }
        let known = options(self.command).map(|(option, _)| option);
        let known = known.chain(tables(self.command).map(|(table, ..)| *table));
        let arrays = ARRAYS.iter().map(|array| array.name).filter(|_| self.prefix.is_empty());
        format!("there is no option {name:?}; {}", nearest(name, known.chain(arrays)))
    }

    /// The beginning of a message that names no key.
    fn prefix_of_text(&self) -> String {
        match self.prefix.strip_suffix('.') {
            Some(section) => format!("{section}: "),
            None => String::new(),
        }
    }

    /// The tables of an array.
    fn array(&mut self, array: &'static Array, value: &Spanned<DeValue<'_>>) {
        let name = array.name;
        let wrong = format!("{name}: write [[{name}]] above the options of each {name}");
        let DeValue::Array(tables) = value.get_ref() else {
            return self.wrong(&value.span(), wrong);
        };
        for table in tables {
            let DeValue::Table(options) = table.get_ref() else {
                self.wrong(&table.span(), wrong.clone());
                continue;
            };
            let Some(command) = self.kind(array, options, &table.span()) else { continue };
            let mut reading = Reading::new(self.text, &command, &format!("{name}."));
            reading.array = Some(array);
            reading.document(options);
            self.mistakes.append(&mut reading.mistakes);
            let position = Position::of(self.text, table.span().start);
            let section = Section { header: format!("[[{name}]]"), position, values: reading.values };
            self.sections.entry(name).or_default().push(section);
        }
    }

    /// Returns the command whose flags are the keys of a table.
    fn kind(&mut self, array: &Array, table: &DeTable<'_>, place: &Range<usize>) -> Option<Command> {
        let name = table.get(USE).and_then(|value| match value.get_ref() {
            DeValue::String(name) => Some((&**name, value.span())),
            _ => None,
        });
        let kind = array.kind(name.as_ref().map(|(name, _)| *name));
        if kind.is_none() {
            let kinds = (array.kinds)();
            let kinds: Vec<_> = kinds.iter().map(Command::get_name).collect();
            let prefix = format!("{}.{USE}", array.name);
            match name {
                Some((name, place)) => {
                    let instead = one_of(name, &kinds);
                    self.wrong(&place, format!("{prefix}: {name:?} is invalid: {instead}"));
                }
                None => {
                    let text = format!(
                        "{prefix}: each [[{}]] says what it uses; write {USE} = \"{}\", for example",
                        array.name, kinds[0]
                    );
                    self.wrong(place, text);
                }
            }
        }
        kind
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
            (ArgAction::Append, DeValue::Table(pairs)) if takes_table(arg) => self.pairs(name, &key, pairs),
            (ArgAction::Append, DeValue::Array(items)) if !takes_table(arg) => self.items(name, &key, items),
            (ArgAction::Set | ArgAction::Append, DeValue::Integer(number)) if takes_number(arg) => {
                if let Some(number) = self.number(&key, number, &place) {
                    self.take(name, &key, number.to_string(), &place);
                }
            }
            (ArgAction::Set | ArgAction::Append, DeValue::String(text)) if !takes_table(arg) => {
                self.take(name, &key, text.clone().into_owned(), &place);
            }
            (action, other) => {
                let expected = match action {
                    ArgAction::SetTrue => Cow::Borrowed("true or false"),
                    _ if takes_table(arg) => {
                        let form = arg.get_value_names().and_then(<[_]>::first).map_or("", |form| form);
                        let (left, right) = form.split_once('=').unwrap_or((form, ""));
                        format!("a table, such as {name} = {{ \"{left}\" = \"{right}\" }}").into()
                    }
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

    /// A table whose keys are names that the user chooses.
    fn pairs(&mut self, name: &str, key: &str, pairs: &DeTable<'_>) {
        for (left, right) in pairs {
            match right.get_ref() {
                DeValue::String(text) => {
                    self.take(name, key, format!("{}={text}", left.get_ref()), &left.span());
                }
                other => {
                    let text = format!("{key}: this is {}; write a string", in_words(other));
                    self.wrong(&right.span(), text);
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
