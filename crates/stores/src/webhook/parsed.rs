//! The parts of a message, as members of an object of JSON.

use std::borrow::Cow;
use std::io::{self, Write};

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{
    Address, ContentType, Encoding, HeaderName, HeaderValue, Message, MessageParser, MessagePart,
    MimeHeaders as _, PartType,
};
use serde_json::{Value, json};

use super::object::Object;

/// Writes the parts of a message that [`too_complex`](mailchute::message::too_complex) lets by.
pub(super) fn parsed<W: Write>(object: &mut Object<'_, W>, raw: &[u8]) -> io::Result<()> {
    let Some(message) = MessageParser::new().parse(raw) else {
        return unparsed(object, raw, "it has no header");
    };
    object.text("subject", message.subject())?;
    let date = message.date().filter(|date| date.is_valid()).map(mail_parser::DateTime::to_rfc3339);
    object.text("date", date.as_deref())?;
    object.text("message_id", message.message_id())?;
    object.value("in_reply_to", &ids(message.in_reply_to()))?;
    object.value("references", &ids(message.references()))?;
    for (name, address) in [
        ("from", message.from()),
        ("reply_to", message.reply_to()),
        ("to", message.to()),
        ("cc", message.cc()),
    ] {
        object.value(name, &addresses(address))?;
    }
    // Each field as text; above, some are taken apart.
    let header =
        MessageParser::new().header_text(HeaderName::Subject).default_header_text().parse_headers(raw);
    let fields = header.iter().flat_map(mail_parser::Message::headers);
    object.objects("header", fields, |object, field| {
        object.text("name", Some(field.name()))?;
        object.text("value", Some(field.value().as_text().unwrap_or_default()))
    })?;
    let texts = message.text_bodies().filter_map(|part| match &part.body {
        PartType::Text(text) => Some(&**text),
        _ => None,
    });
    object.text("text", joined(texts).as_deref())?;
    let pages = message.html_bodies().filter_map(|part| match &part.body {
        PartType::Html(page) => Some(&**page),
        _ => None,
    });
    object.text("html", joined(pages).as_deref())?;
    object.objects("attachments", message.attachments(), |object, part| attachment(object, part, &message))
}

/// Writes the message instead of its parts.
pub(super) fn unparsed<W: Write>(object: &mut Object<'_, W>, raw: &[u8], reason: &str) -> io::Result<()> {
    object.text("unparsed", Some(reason))?;
    object.base64("raw", raw)
}

fn attachment<W: Write>(
    object: &mut Object<'_, W>,
    part: &MessagePart<'_>,
    message: &Message<'_>,
) -> io::Result<()> {
    let kind = part.content_type();
    let content = original(part, &message.raw_message);
    object.text("name", part.attachment_name())?;
    object.text("type", Some(&type_name(part, kind)))?;
    object.text("charset", kind.and_then(|kind| kind.attribute("charset")))?;
    object.text("disposition", part.content_disposition().map(ContentType::ctype))?;
    object.text("content_id", part.content_id())?;
    object.value("size", &content.len().into())?;
    object.base64("content", &content)
}

fn type_name(part: &MessagePart<'_>, kind: Option<&ContentType<'_>>) -> String {
    match (kind, &part.body) {
        (Some(kind), _) => match kind.subtype() {
            Some(subtype) => format!("{}/{subtype}", kind.ctype()),
            None => kind.ctype().to_owned(),
        },
        (None, PartType::Message(_)) => "message/rfc822".to_owned(),
        (None, _) => "text/plain".to_owned(),
    }
}

/// Returns the decoded content. The parser has text in UTF-8 only, but an attachment is what was attached.
fn original<'p>(part: &'p MessagePart<'_>, raw: &[u8]) -> Cow<'p, [u8]> {
    if !part.is_text() {
        return part.contents().into();
    }
    let (from, to) = (part.raw_body_offset() as usize, part.raw_end_offset() as usize);
    let raw = raw.get(from..to).unwrap_or_default();
    let decoded = match part.encoding {
        Encoding::None => Some(raw.to_vec()),
        Encoding::Base64 => base64_decode(raw),
        Encoding::QuotedPrintable => quoted_printable_decode(raw),
    };
    decoded.map_or_else(|| part.contents().into(), Cow::Owned)
}

fn joined<'t>(texts: impl Iterator<Item = &'t str>) -> Option<String> {
    let texts: Vec<_> = texts.collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

fn addresses(address: Option<&Address<'_>>) -> Value {
    let all = address.into_iter().flat_map(Address::iter);
    all.map(|one| json!({"name": one.name.as_deref(), "address": one.address.as_deref()})).collect()
}

fn ids(value: &HeaderValue<'_>) -> Value {
    match value {
        HeaderValue::Text(id) => json!([id]),
        HeaderValue::TextList(ids) => ids.iter().map(|id| Value::from(&**id)).collect(),
        _ => json!([]),
    }
}
