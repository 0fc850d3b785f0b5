//! Messages as JSON.

use serde_json::{Value, json};

use crate::mail::{Mail, Part};
use crate::mailbox::Summary;
use crate::state::State;

/// Returns what the list has of a message.
pub(super) fn summary(summary: &Summary) -> Value {
    json!({
        "id": summary.id.to_string(),
        "queue_id": summary.queue_id,
        "received": summary.received.to_string(),
        "envelope": {"from": summary.envelope_from, "to": summary.recipients},
        "from": summary.from,
        "to": summary.to,
        "cc": summary.cc,
        "subject": summary.subject,
        "message_id": summary.message_id,
        "snippet": summary.snippet,
        "size": summary.size,
        "unread": summary.is_unread,
        "attachment_count": summary.attachments,
        "mailbox": summary.mailbox,
        "folder": summary.folder,
        "findings": summary.findings,
        "login": summary.login,
        "tags": summary.tags,
    })
}

/// Returns a whole message.
pub(super) fn message(mail: &Mail, summary: &Summary, state: &State) -> Value {
    let fields = mail.fields().iter();
    let fields: Vec<_> = fields.map(|field| json!({"name": field.name, "value": field.value})).collect();
    let mut message = self::summary(summary);
    let more = json!({
        "date": mail.date().map(|date| date.to_string()),
        "reply_to": mail.reply_to(),
        "text": mail.text(),
        "html": mail.html(),
        "links": mail.links(),
        "codes": mail.codes(),
        "headers": fields,
        "parts": mail.parts().iter().map(part).collect::<Vec<_>>(),
        "checks": state.findings(mail, summary),
        "unreadable": mail.unreadable(),
    });
    if let (Value::Object(message), Value::Object(more)) = (&mut message, more) {
        message.extend(more);
    }
    message
}

fn part(part: &Part) -> Value {
    json!({
        "part": part.number,
        "depth": part.depth,
        "type": part.content_type,
        "charset": part.charset,
        "encoding": part.encoding,
        "file_name": part.file_name,
        "disposition": part.disposition,
        "content_id": part.content_id,
        "size": part.size,
        "is_attachment": part.is_attachment,
    })
}
