//! Messages in Mailpit's form.

use serde_json::{Value, json};

use crate::mail::{Address, Kind, Mail, Part};
use crate::mailbox::{Groups, Listing, Summary};

/// Returns a page of the messages that a search has found, from `start` on. The counts of all messages come first.
pub(super) fn page(groups: &Groups, listing: &Listing, start: usize) -> Value {
    let messages = listing.messages.get(start..).unwrap_or_default();
    json!({
        "total": groups.total,
        "unread": groups.unread,
        "count": messages.len(),
        "messages_count": listing.total,
        "messages_unread": listing.unread,
        "start": start,
        "tags": tags(groups),
        "messages": messages.iter().map(summary).collect::<Vec<_>>(),
        "has_more": listing.has_more,
    })
}

/// Returns the names of all tags.
pub(super) fn tags(groups: &Groups) -> Value {
    let mut names: Vec<_> = groups.tags.iter().map(|tag| &*tag.name).collect();
    names.sort_unstable();
    json!(names)
}

fn summary(summary: &Summary) -> Value {
    json!({
        "ID": summary.id.to_string(),
        "MessageID": summary.message_id.as_deref().unwrap_or_default(),
        "Read": !summary.is_unread,
        "From": summary.from.first().map(address),
        "To": addresses(&summary.to),
        "Cc": addresses(&summary.cc),
        "Bcc": bcc(summary),
        "ReplyTo": [],
        "Subject": summary.subject.as_deref().unwrap_or_default(),
        "Created": summary.received.to_string(),
        "Username": summary.login.as_deref().unwrap_or_default(),
        "Tags": summary.tags,
        "Size": summary.size,
        "Attachments": summary.attachments,
        "Snippet": summary.snippet,
    })
}

/// Returns a whole message.
pub(super) fn message(mail: &Mail, summary: &Summary) -> Value {
    let inline = mail.parts().iter().filter(|part| part.is_inline);
    let unsubscribe =
        mail.fields_named("list-unsubscribe").next().map(|field| &*field.value).unwrap_or_default();
    let post =
        mail.fields_named("list-unsubscribe-post").next().map(|field| &*field.value).unwrap_or_default();
    let links = unsubscribe.split('<').skip(1).filter_map(|link| link.split('>').next());
    json!({
        "ID": summary.id.to_string(),
        "MessageID": mail.message_id().unwrap_or_default(),
        "Read": true,
        "From": mail.from().first().map(address),
        "To": addresses(mail.to()),
        "Cc": addresses(mail.cc()),
        "Bcc": bcc(summary),
        "ReplyTo": addresses(mail.reply_to()),
        "ReturnPath": summary.envelope_from.as_deref().unwrap_or_default(),
        "Subject": mail.subject().unwrap_or_default(),
        "ListUnsubscribe": {
            "Header": unsubscribe,
            "Links": links.collect::<Vec<_>>(),
            "Errors": "",
            "HeaderPost": post,
        },
        "Date": mail.date().unwrap_or(summary.received).to_string(),
        "Tags": summary.tags,
        "Username": summary.login.as_deref().unwrap_or_default(),
        "Text": mail.plain().unwrap_or_default(),
        "HTML": mail.html().unwrap_or_default(),
        "Size": summary.size,
        "Inline": inline.map(part).collect::<Vec<_>>(),
        "Attachments": mail.attachments().map(part).collect::<Vec<_>>(),
    })
}

fn part(part: &Part) -> Value {
    let default = if part.kind == Kind::Message { "message.eml" } else { "" };
    json!({
        "PartID": part.number.to_string(),
        "FileName": part.file_name.as_deref().unwrap_or(default),
        "ContentType": part.content_type,
        "ContentID": part.content_id.as_deref().unwrap_or_default(),
        "Size": part.size,
    })
}

/// Returns the recipients that the header does not name.
fn bcc(summary: &Summary) -> Value {
    let named = |recipient: &&String| {
        let mut named = summary.to.iter().chain(&summary.cc);
        !named.any(|address| address.address.eq_ignore_ascii_case(recipient))
    };
    let hidden = summary.recipients.iter().filter(named);
    hidden.map(|recipient| json!({"Name": "", "Address": recipient})).collect()
}

fn address(address: &Address) -> Value {
    json!({"Name": address.name.as_deref().unwrap_or_default(), "Address": address.address})
}

fn addresses(all: &[Address]) -> Value {
    all.iter().map(address).collect()
}
