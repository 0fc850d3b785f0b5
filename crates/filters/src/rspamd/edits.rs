//! The edits that an answer asks for, in the order in which rspamd's own milter makes them.

use bytes::Bytes;
use mailchute::message::Header;
use serde_json::Value;

use super::RspamdAction;
use super::answer::{Answer, SpamField};
use super::pairs::Pairs;
use crate::scanner_edits::{Edit, Edits, TooManyEdits};

/// The field of the action `add header`.
const SPAM_FIELD: &str = "X-Spam";

/// Collects edits.
struct Collector<'h> {
    edits: Edits,
    /// The header that rspamd has seen.
    header: &'h Header,
}

/// Returns the edits of an answer. `header` is the one that rspamd has seen.
pub(super) fn edits(answer: &Answer, action: &RspamdAction, header: &Header) -> Result<Edits, TooManyEdits> {
    let mut collector = Collector { edits: Edits::default(), header };
    let milter = &answer.milter;
    for (name, number) in &milter.remove_headers.0 {
        collector.remove(name, number)?;
    }
    for (name, value) in &milter.add_headers.0 {
        collector.add(name, value)?;
    }
    if let Some(sender) = text_of(&milter.change_from) {
        collector.edits.push(Edit::SetSender(sender.to_owned()))?;
    } else {
        collector.expect_null("change_from", &milter.change_from)?;
    }
    collector.each("add_rcpt", &milter.add_rcpt, Edit::AddRecipient)?;
    collector.each("del_rcpt", &milter.del_rcpt, Edit::DropRecipient)?;
    collector.each("dkim-signature", &answer.dkim_signature, |signature| {
        insert(0, "DKIM-Signature", &signature)
    })?;
    collector.of_action(answer, action)?;
    Ok(collector.edits)
}

impl Collector<'_> {
    fn unknown(&mut self, key: &str, value: &Value) -> Result<(), TooManyEdits> {
        let value = value.to_string();
        let value = super::cut(&value, 200);
        self.edits.push(Edit::Unknown(format!("rspamd asks for {key} in a form that is not known: {value}")))
    }

    fn expect_null(&mut self, key: &str, value: &Value) -> Result<(), TooManyEdits> {
        if value.is_null() { Ok(()) } else { self.unknown(key, value) }
    }

    /// Makes an edit of each text in a list, or of the only one.
    fn each(&mut self, key: &str, value: &Value, edit: impl Fn(String) -> Edit) -> Result<(), TooManyEdits> {
        match value {
            Value::Null => Ok(()),
            Value::Array(values) => values.iter().try_for_each(|value| match value.as_str() {
                Some(text) => self.edits.push(edit(text.to_owned())),
                None => self.unknown(key, value),
            }),
            value => match text_of(value) {
                Some(text) => self.edits.push(edit(text.to_owned())),
                None => self.expect_null(key, value),
            },
        }
    }

    /// Removes all fields of a name (0), the one of this number from the top, or from the end (negative).
    fn remove(&mut self, name: &str, number: &Value) -> Result<(), TooManyEdits> {
        let Some(number) = number.as_i64() else {
            return self.unknown("remove_headers", number);
        };
        if number == 0 {
            return self.edits.push(Edit::RemoveFields { name: name.to_owned() });
        }
        match self.number_of(name, number) {
            Some(number) => self.edits.push(Edit::RemoveField { name: name.to_owned(), number }),
            // It is not there.
            None => Ok(()),
        }
    }

    /// Returns the number from 0 of a field that rspamd counts from 1, or from the end (negative).
    fn number_of(&self, name: &str, number: i64) -> Option<usize> {
        let distance = usize::try_from(number.unsigned_abs()).ok()?.checked_sub(1)?;
        let count = self.header.all(name).count();
        let place = if number > 0 { distance } else { count.checked_sub(distance + 1)? };
        Some(place).filter(|place| *place < count)
    }

    /// Adds fields of a name: a text, an object with text and position, or several of them.
    fn add(&mut self, name: &str, value: &Value) -> Result<(), TooManyEdits> {
        match value {
            Value::String(value) => self.edits.push(insert(usize::MAX, name, value)),
            Value::Object(entry) => {
                let order = entry.get("order").or_else(|| entry.get("index"));
                let position = match order {
                    None | Some(Value::Null) => Some(usize::MAX),
                    Some(order) => order.as_i64().map(|order| self.position(order)),
                };
                match (entry.get("value").and_then(Value::as_str), position) {
                    (Some(value), Some(position)) => self.edits.push(insert(position, name, value)),
                    _ => self.unknown("add_headers", value),
                }
            }
            Value::Array(values) => values.iter().try_for_each(|value| match value {
                Value::Array(_) => self.unknown("add_headers", value),
                value => self.add(name, value),
            }),
            value => self.unknown("add_headers", value),
        }
    }

    /// Returns the position of a field. A negative one counts from the end: -1 is below all fields.
    fn position(&self, order: i64) -> usize {
        if order == -1 {
            return usize::MAX;
        }
        let fields = self.header.fields().len();
        let distance = usize::try_from(order.unsigned_abs()).unwrap_or(usize::MAX);
        if order >= 0 { distance } else { (fields + 1).saturating_sub(distance) }
    }

    fn of_action(&mut self, answer: &Answer, action: &RspamdAction) -> Result<(), TooManyEdits> {
        let milter = &answer.milter;
        match action {
            _ if milter.no_action => {
                self.edits.push(insert(usize::MAX, "X-Rspamd-Action", &action.to_string()))
            }
            RspamdAction::AddHeader => match &milter.spam_header {
                SpamField::Fields(Pairs(fields)) if fields.is_empty() => self.mark(SPAM_FIELD, "Yes"),
                SpamField::Fields(Pairs(fields)) => {
                    fields.iter().try_for_each(|(name, value)| match value.as_str() {
                        Some(value) => self.mark(name, value),
                        None => self.unknown("spam_header", value),
                    })
                }
                SpamField::Value(value) => self.mark(SPAM_FIELD, value),
                SpamField::Unknown(value) => self.unknown("spam_header", value),
            },
            RspamdAction::RewriteSubject => match answer.subject.as_str() {
                // Programs differ in which of several subjects they show.
                Some(subject) => {
                    if self.header.all("Subject").nth(1).is_some() {
                        self.edits.push(Edit::RemoveFields { name: "Subject".to_owned() })?;
                    }
                    self.edits.push(Edit::ReplaceField {
                        name: "Subject".to_owned(),
                        number: 0,
                        value: Bytes::copy_from_slice(subject.as_bytes()),
                    })
                }
                None => self.unknown("subject", &answer.subject),
            },
            _ => Ok(()),
        }
    }

    /// Adds a field in place of those that the client sent.
    fn mark(&mut self, name: &str, value: &str) -> Result<(), TooManyEdits> {
        self.edits.push(Edit::RemoveFields { name: name.to_owned() })?;
        self.edits.push(insert(0, name, value))
    }
}

fn text_of(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

fn insert(position: usize, name: &str, value: &str) -> Edit {
    Edit::InsertField { position, name: name.to_owned(), value: Bytes::copy_from_slice(value.as_bytes()) }
}
