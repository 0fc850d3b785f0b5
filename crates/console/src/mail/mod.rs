//! A message, read for people: its header, its parts, its text and its HTML.
//!
//! # Why
//!
//! A page must show any message, so reading never fails as a whole. The header and the source need no parser of MIME. If
//! the parts are too many or too deep, a sentence says so in their place. All work is linear in the size of the message.

mod about;
mod address;
mod codes;
mod document;
mod field;
mod links;
mod markup;
mod outline;
mod part;
mod source;
mod text;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use bytes::Bytes;
use jiff::Timestamp;
use mail_parser::{MessageParser, PartType};

pub(crate) use address::Address;
pub(crate) use document::Images;
pub(crate) use field::Field;
pub(crate) use outline::{Link, Outline};
pub(crate) use part::{Kind, Part, is_inline};
pub(crate) use source::{LineEnd, Piece, source};

use field::Header;

/// A message that was read. It never failed as a whole; see [`unreadable`](Self::unreadable).
#[derive(Debug)]
pub(crate) struct Mail {
    raw: Bytes,
    header: Header,
    typed: Typed,
    parts: Vec<Part>,
    /// Numbers of the parts that the message shows as text and as HTML.
    text_parts: Vec<usize>,
    html_parts: Vec<usize>,
    /// The content of the HTML, read when it is first asked for.
    outline: OnceLock<Option<Outline>>,
    unreadable: Option<&'static str>,
}

/// The fields that are more than text.
#[derive(Debug, Default)]
struct Typed {
    subject: Option<String>,
    date: Option<Timestamp>,
    message_id: Option<String>,
    from: Vec<Address>,
    sender: Vec<Address>,
    reply_to: Vec<Address>,
    to: Vec<Address>,
    cc: Vec<Address>,
    bcc: Vec<Address>,
}

impl Mail {
    /// Reads a message. This takes time for long messages: call it where blocking is allowed.
    pub(crate) fn parse(raw: impl Into<Bytes>) -> Self {
        let raw = raw.into();
        let header = Header::split(&raw);
        let typed = guarded(|| Typed::read(&raw[..header.typed_end])).unwrap_or_default();
        let mut mail = Self {
            header,
            typed,
            parts: Vec::new(),
            text_parts: Vec::new(),
            html_parts: Vec::new(),
            outline: OnceLock::new(),
            unreadable: mailchute::message::too_complex(&raw),
            raw,
        };
        if mail.unreadable.is_none() {
            mail.unreadable = match guarded(|| mail.read_parts()) {
                None => Some("the parser failed"),
                Some(None) => Some("it has no header"),
                Some(Some((parts, text_parts, html_parts))) => {
                    (mail.parts, mail.text_parts, mail.html_parts) = (parts, text_parts, html_parts);
                    None
                }
            };
        }
        mail
    }

    /// Returns the parts, and which of them are text and HTML.
    fn read_parts(&self) -> Option<(Vec<Part>, Vec<usize>, Vec<usize>)> {
        let message = MessageParser::new().parse(&self.raw)?;
        let parts = part::flatten(&message, &self.raw);
        let number = |id: &u32| parts.iter().position(|part| part.is_top(*id));
        let only = |ids: &[u32], is_html: bool| {
            let of_type = ids.iter().filter(|id| {
                let body = message.parts.get(**id as usize).map(|part| &part.body);
                if is_html {
                    matches!(body, Some(PartType::Html(_)))
                } else {
                    matches!(body, Some(PartType::Text(_)))
                }
            });
            of_type.filter_map(number).map(|at| at + 1).collect::<Vec<_>>()
        };
        let (text, html) = (only(&message.text_body, false), only(&message.html_body, true));
        Some((parts, text, html))
    }

    /// Returns why there are no parts, such as "it has more than 1,000 parts".
    pub(crate) fn unreadable(&self) -> Option<&'static str> {
        self.unreadable
    }

    pub(crate) fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// Returns the fields of the header in their order.
    pub(crate) fn fields(&self) -> &[Field] {
        &self.header.fields
    }

    /// Returns whether the header is too long, so that some fields are not among [`fields`](Self::fields).
    pub(crate) fn has_more_fields(&self) -> bool {
        self.header.has_more
    }

    /// Returns the fields with a name, which is of any case.
    pub(crate) fn fields_named(&self, name: &str) -> impl Iterator<Item = &Field> {
        self.header.fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name))
    }

    pub(crate) fn subject(&self) -> Option<&str> {
        self.typed.subject.as_deref()
    }

    pub(crate) fn date(&self) -> Option<Timestamp> {
        self.typed.date
    }

    /// Returns the identifier without its angle brackets.
    pub(crate) fn message_id(&self) -> Option<&str> {
        self.typed.message_id.as_deref()
    }

    pub(crate) fn from(&self) -> &[Address] {
        &self.typed.from
    }

    pub(crate) fn sender(&self) -> &[Address] {
        &self.typed.sender
    }

    pub(crate) fn reply_to(&self) -> &[Address] {
        &self.typed.reply_to
    }

    pub(crate) fn to(&self) -> &[Address] {
        &self.typed.to
    }

    pub(crate) fn cc(&self) -> &[Address] {
        &self.typed.cc
    }

    pub(crate) fn bcc(&self) -> &[Address] {
        &self.typed.bcc
    }

    /// Returns all parts in the order of the tree. [`Part::number`] counts them from 1.
    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    pub(crate) fn part(&self, number: usize) -> Option<&Part> {
        self.parts.get(number.checked_sub(1)?)
    }

    /// Returns the parts that are neither the text nor the HTML, nor hold others.
    pub(crate) fn attachments(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| part.is_attachment)
    }

    /// Returns the text parts, or `None` if there are none.
    pub(crate) fn plain(&self) -> Option<String> {
        self.joined(&self.text_parts)
    }

    /// Returns the HTML as it was written, or `None` if there is none.
    pub(crate) fn html(&self) -> Option<String> {
        self.joined(&self.html_parts)
    }

    fn joined(&self, numbers: &[usize]) -> Option<String> {
        let texts: Vec<_> = numbers.iter().filter_map(|number| self.part(*number)).map(Part::text).collect();
        (!texts.is_empty()).then(|| texts.join("\n"))
    }
}

impl Typed {
    fn read(header: &[u8]) -> Self {
        let Some(message) = MessageParser::default().parse_headers(header) else { return Self::default() };
        Self {
            subject: message.subject().map(str::to_owned),
            date: message
                .date()
                .filter(|date| date.is_valid())
                .and_then(|date| Timestamp::from_second(date.to_timestamp()).ok()),
            message_id: message.message_id().map(str::to_owned),
            from: Address::all(message.from()),
            sender: Address::all(message.sender()),
            reply_to: Address::all(message.reply_to()),
            to: Address::all(message.to()),
            cc: Address::all(message.cc()),
            bcc: Address::all(message.bcc()),
        }
    }
}

/// Returns `None` if the parser panics, so that one message cannot end a page of many.
fn guarded<T>(read: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(read)).ok()
}

#[cfg(test)]
mod tests;
