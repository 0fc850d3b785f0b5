//! The parts of a message, as a list in the order of the tree.

use bytes::Bytes;
use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{ContentType, Encoding, Message, MessagePart, MimeHeaders as _, PartType};

/// The kind of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It holds the parts that follow with a greater depth.
    Multipart,
    /// It is a message, whose parts follow with a greater depth.
    Message,
    Text,
    Html,
    Other,
}

/// A part of a message.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// Counts the parts from 1.
    pub(crate) number: usize,
    /// How many parts this part is inside of.
    pub(crate) depth: usize,
    pub(crate) kind: Kind,
    /// The type in lower case, such as `text/plain`.
    pub(crate) content_type: String,
    pub(crate) charset: Option<String>,
    /// `Content-Transfer-Encoding:` as it was written.
    pub(crate) encoding: Option<String>,
    pub(crate) disposition: Option<String>,
    pub(crate) file_name: Option<String>,
    /// The identifier without its angle brackets.
    pub(crate) content_id: Option<String>,
    /// The size of the content in bytes, decoded.
    pub(crate) size: usize,
    pub(crate) is_attachment: bool,
    /// Whether the part belongs to the HTML, such as a logo.
    pub(crate) is_inline: bool,
    /// Whether the content does not follow its encoding, so that it is shown as it came.
    pub(crate) has_encoding_problem: bool,
    /// The content as it was attached: a piece of the message.
    encoded: Bytes,
    decoding: Encoding,
    /// The index among the parts of the outer message.
    top: Option<u32>,
}

impl Part {
    pub(super) fn is_top(&self, id: u32) -> bool {
        self.top == Some(id)
    }

    /// Returns the content, decoded.
    pub(crate) fn content(&self) -> Bytes {
        let decoded = match self.decoding {
            Encoding::None => None,
            Encoding::Base64 => base64_decode(&self.encoded),
            Encoding::QuotedPrintable => quoted_printable_decode(&self.encoded),
        };
        decoded.map_or_else(|| self.encoded.clone(), Bytes::from)
    }

    /// Returns the content as text, by its charset.
    pub(super) fn text(&self) -> String {
        let content = self.content();
        match self.charset.as_deref().and_then(|charset| charset_decoder(charset.as_bytes())) {
            Some(decode) => decode(&content),
            None => String::from_utf8_lossy(&content).into_owned(),
        }
    }
}

/// Returns all parts of a message and of the messages in it.
pub(super) fn flatten(message: &Message<'_>, raw: &Bytes) -> Vec<Part> {
    let mut parts = Vec::new();
    // The parts that are still to come, the next one last. A list, since recursion would follow the sender's nesting.
    let mut next = vec![(message, 0_u32, 0_usize, true)];
    while let Some((message, id, depth, is_top)) = next.pop() {
        let Some(part) = message.parts.get(id as usize) else { continue };
        let is_shown = message.text_body.contains(&id) || message.html_body.contains(&id);
        let mut shown = describe(part, depth, raw);
        shown.number = parts.len() + 1;
        shown.top = is_top.then_some(id);
        shown.is_attachment = match shown.kind {
            Kind::Multipart => false,
            // A message that is attached is one attachment, with all that is in it.
            _ if !is_top => false,
            Kind::Text | Kind::Html => !is_shown || shown.disposition.as_deref() == Some("attachment"),
            Kind::Message => true,
            Kind::Other => !is_inline(part),
        };
        shown.is_inline = is_top && shown.kind == Kind::Other && !shown.is_attachment;
        parts.push(shown);
        match &part.body {
            PartType::Multipart(ids) => {
                next.extend(
                    ids.iter()
                        .rev()
                        .filter(|inner| **inner > id)
                        .map(|inner| (message, *inner, depth + 1, is_top)),
                );
            }
            PartType::Message(inner) => next.push((inner, 0, depth + 1, false)),
            _ => {}
        }
    }
    parts
}

/// Returns whether a part belongs to the HTML, such as a logo.
pub(crate) fn is_inline(part: &MessagePart<'_>) -> bool {
    part.content_id().is_some()
        && part.content_disposition().is_none_or(|disposition| !disposition.is_attachment())
}

fn describe(part: &MessagePart<'_>, depth: usize, raw: &Bytes) -> Part {
    let kind = match &part.body {
        PartType::Multipart(_) => Kind::Multipart,
        PartType::Message(_) => Kind::Message,
        PartType::Html(_) => Kind::Html,
        PartType::Text(_) => Kind::Text,
        PartType::Binary(_) | PartType::InlineBinary(_) => Kind::Other,
    };
    let declared = part.content_type();
    let end = (part.offset_end as usize).min(raw.len());
    let mut described = Part {
        number: 0,
        depth,
        kind,
        content_type: type_name(part, declared),
        charset: declared.and_then(|declared| declared.attribute("charset")).map(str::to_owned),
        encoding: part.content_transfer_encoding().map(str::to_owned),
        disposition: part.content_disposition().map(|disposition| disposition.ctype().to_ascii_lowercase()),
        file_name: part.attachment_name().map(str::to_owned),
        content_id: part.content_id().map(|id| id.trim_matches(['<', '>']).to_owned()),
        size: 0,
        is_attachment: false,
        is_inline: false,
        has_encoding_problem: part.is_encoding_problem,
        encoded: raw.slice((part.offset_body as usize).min(end)..end),
        decoding: part.encoding,
        top: None,
    };
    described.size = described.content().len();
    described
}

fn type_name(part: &MessagePart<'_>, declared: Option<&ContentType<'_>>) -> String {
    let name = match (declared, &part.body) {
        (Some(declared), _) => match declared.subtype() {
            Some(subtype) => format!("{}/{subtype}", declared.ctype()),
            None => declared.ctype().to_owned(),
        },
        (None, PartType::Message(_)) => "message/rfc822".to_owned(),
        (None, _) => "text/plain".to_owned(),
    };
    name.to_ascii_lowercase()
}
