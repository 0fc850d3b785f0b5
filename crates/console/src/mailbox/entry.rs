//! The facts of a message that the index keeps, read from the beginning of its file.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mail_parser::{HeaderForm, Message, MessageParser, MessagePart, MimeHeaders as _, PartType};

use super::directory::Head;
use super::later_parts::count_attachments;
use super::summary::Client;
use super::trace::Trace;
use crate::mail::{Address, Outline, is_inline};

/// The bytes of a file that are read.
pub(super) const READ: usize = 64 * 1024;

/// The characters of a text field, and of the snippet.
const FIELD: usize = 500;
const SNIPPET: usize = 200;

/// The most addresses of a field that a summary has.
const ADDRESSES: usize = 50;

/// The most tags of a message.
const TAGS: usize = 50;

/// A message for the index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) queue_id: Option<String>,
    pub(super) envelope_from: Option<String>,
    pub(super) recipients: Vec<String>,
    pub(super) from: Vec<Address>,
    pub(super) to: Vec<Address>,
    pub(super) cc: Vec<Address>,
    pub(super) subject: Option<String>,
    pub(super) message_id: Option<String>,
    pub(super) snippet: String,
    pub(super) size: u64,
    pub(super) attachments: u32,
    pub(super) findings: Vec<String>,
    pub(super) client: Option<Client>,
    pub(super) login: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) words: Words,
}

/// The texts in which words are found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) sender: String,
    pub(super) recipients: String,
    pub(super) subject: String,
    pub(super) body: String,
}

impl Entry {
    /// Reads what the beginning of a message says, with the tags of a field. Whatever cannot be read is left out.
    pub(super) fn read(head: &Head, tags: &str) -> Self {
        let trace = Trace::read(&head.bytes);
        let mut entry = Self { size: head.size, ..Self::default() };
        // A parser of mail that fails must not take the mailbox with it.
        let is_cut = head.size > head.bytes.len() as u64;
        let read = catch_unwind(AssertUnwindSafe(|| Parsed::read(&head.bytes, is_cut, tags)));
        let parsed = read.unwrap_or_default();
        entry.words = parsed.words;
        (entry.from, entry.to, entry.cc) = (parsed.from, parsed.to, parsed.cc);
        (entry.subject, entry.message_id) = (parsed.subject, parsed.message_id);
        entry.tags = parsed.tags;
        (entry.snippet, entry.attachments) = (parsed.snippet, parsed.attachments);
        if parsed.is_multipart && is_cut {
            entry.attachments = entry.attachments.saturating_add(count_attachments(&head.bytes, &head.rest));
        }
        entry.recipients = trace.recipients;
        if entry.recipients.is_empty() {
            let addresses = entry.to.iter().chain(&entry.cc).map(|one| one.address.clone());
            entry.recipients = addresses.filter(|address| address.contains('@')).collect();
        }
        for recipient in &entry.recipients {
            append(&mut entry.words.recipients, recipient);
        }
        append(&mut entry.words.sender, trace.envelope_from.as_deref().unwrap_or_default());
        entry.envelope_from = trace.envelope_from;
        entry.login = trace.login.as_deref().map(line);
        (entry.queue_id, entry.client, entry.findings) = (trace.queue_id, trace.client, trace.findings);
        entry
    }
}

/// The facts that a parser of MIME has read.
#[derive(Debug, Default)]
struct Parsed {
    from: Vec<Address>,
    to: Vec<Address>,
    cc: Vec<Address>,
    subject: Option<String>,
    message_id: Option<String>,
    snippet: String,
    attachments: u32,
    tags: Vec<String>,
    is_multipart: bool,
    words: Words,
}

impl Parsed {
    /// Reads a message, or the beginning of one that is cut.
    fn read(bytes: &[u8], is_cut: bool, tags_field: &str) -> Self {
        let is_simple = mailchute::message::too_complex(bytes).is_none();
        let parser = MessageParser::new();
        let message = if is_simple { parser.parse(bytes) } else { parser.parse_headers(bytes) };
        let parsed =
            |message: Message<'_>| Self { tags: tags(&message, tags_field), ..Self::of(&message, is_cut) };
        message.map(parsed).unwrap_or_default()
    }

    fn of(message: &Message<'_>, is_cut: bool) -> Self {
        // The parser takes a text without its end for an attachment.
        let cut = message.parts.last().filter(|part| is_cut && is_plain_text(part));

        let mut words = Words::default();
        let (from, sender) = (addresses(message.from()), addresses(message.sender()));
        let (to, cc) = (addresses(message.to()), addresses(message.cc()));
        for one in from.iter().chain(&sender) {
            append(&mut words.sender, &one.to_string());
        }
        for one in to.iter().chain(&cc) {
            append(&mut words.recipients, &one.to_string());
        }
        let subject = message.subject().map(line);
        words.subject = subject.clone().unwrap_or_default();
        words.body = text(message, cut);
        let snippet = beginning(&words.body);
        let mut attachments = 0;
        for part in message.attachments() {
            if cut.is_some_and(|cut| std::ptr::eq(cut, part)) || is_inline(part) {
                continue;
            }
            attachments += 1;
            append(&mut words.body, part.attachment_name().unwrap_or_default());
        }
        let first = |mut all: Vec<Address>| {
            all.truncate(ADDRESSES);
            all
        };
        let message_id = message.message_id().map(line);
        Self {
            from: first(from),
            to: first(to),
            cc: first(cc),
            subject,
            message_id,
            snippet,
            attachments,
            tags: Vec::new(),
            is_multipart: message
                .content_type()
                .is_some_and(|kind| kind.ctype().eq_ignore_ascii_case("multipart")),
            words,
        }
    }
}

/// Returns whether a part is a text, and not declared as an attachment.
fn is_plain_text(part: &MessagePart<'_>) -> bool {
    matches!(part.body, PartType::Text(_) | PartType::Html(_))
        && part.content_disposition().is_none_or(|disposition| !disposition.is_attachment())
}

/// Returns the first text part, or what the HTML says. `cut` is a text without its end.
fn text(message: &Message<'_>, cut: Option<&MessagePart<'_>>) -> String {
    let first = message.text_part(0);
    // The parser takes HTML without its end for plain text.
    let is_html = first.is_none() && cut.is_some_and(|cut| cut.is_content_type("text", "html"));
    match first.or(cut).map(|part| &part.body) {
        Some(PartType::Text(text)) if !is_html => text.clone().into_owned(),
        Some(PartType::Html(text) | PartType::Text(text)) => Outline::of(text).text,
        _ => String::new(),
    }
}

fn addresses(field: Option<&mail_parser::Address<'_>>) -> Vec<Address> {
    let mut all = Address::all(field);
    for one in &mut all {
        one.name = one.name.as_deref().map(line);
        one.address = line(&one.address);
    }
    all
}

/// Returns the values of a field, which has commas between them. Each is there once, in capitals or not.
fn tags(message: &Message<'_>, field: &str) -> Vec<String> {
    let mut tags = Vec::<String>::new();
    for value in message.header_as(field, HeaderForm::Text) {
        for tag in value.as_text().unwrap_or_default().split(',').map(|tag| line(tag.trim())) {
            let is_new = !tags.iter().any(|known| known.to_lowercase() == tag.to_lowercase());
            if !tag.is_empty() && is_new && tags.len() < TAGS {
                tags.push(tag);
            }
        }
    }
    tags
}

fn append(words: &mut String, more: &str) {
    words.push_str(more);
    words.push('\n');
}

/// Returns a text as one line of bounded length.
fn line(text: &str) -> String {
    text.chars().take(FIELD).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Returns the beginning of a text, with single spaces.
fn beginning(text: &str) -> String {
    let mut snippet = String::new();
    let mut room = SNIPPET;
    let visible = |c: char| {
        !c.is_control() && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{ad}' | '\u{34f}')
    };
    for word in text.split(|c: char| c.is_whitespace()) {
        let before = usize::from(!snippet.is_empty());
        let mut word = word.chars().filter(|c| visible(*c)).peekable();
        if room <= before || word.peek().is_none() {
            continue;
        }
        if before == 1 {
            snippet.push(' ');
            room -= 1;
        }
        for c in word.take(room) {
            snippet.push(c);
            room -= 1;
        }
        if room == 0 {
            break;
        }
    }
    snippet
}
