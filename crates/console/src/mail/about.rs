//! The purpose of the fields of a header.

/// Returns what a field is for, in a sentence.
pub(super) fn about(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let found = ABOUT.binary_search_by(|(known, _)| (*known).cmp(&name)).ok()?;
    Some(ABOUT[found].1)
}

/// Names in lower case, sorted.
const ABOUT: &[(&str, &str)] = &[
    ("apparently-to", "An old server added this because the message had no To."),
    (
        "arc-authentication-results",
        "What an intermediary found when it checked SPF, DKIM and DMARC (RFC 8617).",
    ),
    (
        "arc-message-signature",
        "The signature of an intermediary over the message as it passed it on (RFC 8617).",
    ),
    ("arc-seal", "The signature of an intermediary over the ARC fields before it (RFC 8617)."),
    ("archived-at", "The address of this message in an archive of its list (RFC 5064)."),
    ("authentication-results", "What a server found when it checked SPF, DKIM and DMARC (RFC 8601)."),
    ("auto-submitted", "The message came from a program, so no program should answer it (RFC 3834)."),
    ("bcc", "Recipients that the others should not see. It should be gone before the message is sent."),
    ("bimi-indicator", "The logo that a mail program may show next to the sender."),
    ("bimi-selector", "The name of the DNS record that has the logo of the sender."),
    ("cc", "Further recipients, for their information. Delivery does not follow this field."),
    ("comments", "Remarks on the message, for people."),
    ("content-description", "A description of the content, for people."),
    (
        "content-disposition",
        "Whether a part is shown in the message or is an attachment, and its file name (RFC 2183).",
    ),
    ("content-id", "The name of a part, so that HTML can show it by a cid: link."),
    ("content-language", "The languages of the content (RFC 3282)."),
    ("content-length", "A length that some mailbox formats need. It means nothing in transit."),
    ("content-location", "The address that the content of a part came from."),
    ("content-transfer-encoding", "How the bytes of the content are written in the message (RFC 2045)."),
    (
        "content-type",
        "The kind of the content, its character set, or the boundary between its parts (RFC 2045).",
    ),
    ("date", "When the author finished the message. It is required (RFC 5322)."),
    ("deferred-delivery", "When the message should be delivered, as X.400 had it."),
    ("delivered-to", "The recipient of this copy, added at delivery. Servers look at it to find loops."),
    ("delivery-date", "When the message was delivered, added at delivery."),
    ("disposition-notification-to", "The author asks for a message when the mail is read (RFC 8098)."),
    (
        "dkim-signature",
        "A signature over the body and some fields, checked by a key in the DNS of its d= (RFC 6376).",
    ),
    ("dl-expansion-history", "The lists that an X.400 system expanded."),
    ("domainkey-signature", "The predecessor of DKIM-Signature. It is no longer used."),
    ("encrypted", "An old mark of encrypted messages. It means nothing today."),
    ("envelope-to", "The recipient of the envelope, added at delivery."),
    ("errors-to", "An old wish for an address for failures. Servers follow the envelope sender instead."),
    ("expires", "After this time the message is no longer of interest."),
    ("feedback-id", "What feedback loops, such as that of Gmail, group complaints by."),
    ("from", "The authors. People see this; SPF and DMARC compare its domain. It is required (RFC 5322)."),
    ("importance", "How important the author finds the message: low, normal or high."),
    ("in-reply-to", "The Message-ID that this message answers."),
    ("keywords", "Words that describe the message."),
    ("list-archive", "Where the archive of the list is (RFC 2369)."),
    ("list-help", "Where the list explains itself (RFC 2369)."),
    ("list-id", "The name of the list or the mailing (RFC 2919). Filters sort by it."),
    ("list-owner", "How to reach the people who run the list (RFC 2369)."),
    ("list-post", "How to write to the list (RFC 2369)."),
    ("list-subscribe", "How to subscribe to the list (RFC 2369)."),
    ("list-unsubscribe", "How to unsubscribe: a mailto: or https: address (RFC 2369)."),
    (
        "list-unsubscribe-post",
        "The https: address of List-Unsubscribe takes one click without a page (RFC 8058).",
    ),
    ("mail-followup-to", "Where answers to all should go, as some lists want it."),
    ("message-context", "What kind of message it is, such as a voice mail (RFC 3458)."),
    ("message-id", "The unique id of the message. Answers refer to it (RFC 5322)."),
    (
        "mime-version",
        "The message is written in MIME. Without it, Content- fields need not count (RFC 2045).",
    ),
    ("mt-priority", "The priority of the message on its way (RFC 6758)."),
    ("organization", "The organization of the author."),
    ("original-message-id", "The identifier of the message before a list changed it."),
    ("original-recipient", "The recipient as the author wrote it (RFC 3798)."),
    ("precedence", "An old mark of mass mail. \"bulk\" and \"list\" keep programs from answering."),
    ("priority", "The urgency: normal, urgent or non-urgent."),
    (
        "received",
        "One server on the way took the message, from whom, when and how. The newest is on top (RFC 5321).",
    ),
    ("received-spf", "What a server found when it checked SPF (RFC 7208)."),
    ("references", "The Message-IDs of the conversation before this message."),
    ("reply-to", "Where answers go, instead of to From."),
    (
        "require-recipient-valid-since",
        "Deliver only if the mailbox has had the same owner since then (RFC 7293).",
    ),
    ("resent-bcc", "As Bcc, by somebody who sent the message again."),
    ("resent-cc", "As Cc, by somebody who sent the message again."),
    ("resent-date", "When somebody sent the message again."),
    ("resent-from", "Somebody who sent the message again, unchanged (RFC 5322)."),
    ("resent-message-id", "The identifier that the message got when it was sent again."),
    ("resent-sender", "As Sender, by somebody who sent the message again."),
    ("resent-to", "As To, by somebody who sent the message again."),
    ("return-path", "The sender of the envelope, to whom failures go. The last server adds it (RFC 5321)."),
    ("sender", "The address that sent the message, if the authors are several or others (RFC 5322)."),
    ("sensitivity", "How the author wants the message treated, such as \"Private\"."),
    ("solicitation", "The message is an advertisement (RFC 3865)."),
    ("status", "Whether the message was read, in some mailbox formats."),
    ("subject", "What the message is about."),
    ("thread-index", "How Outlook sorts conversations."),
    ("thread-topic", "The subject of the conversation, for Outlook."),
    ("tls-report-domain", "The domain that a report on TLS is about (RFC 8460)."),
    ("tls-report-submitter", "Who reports on TLS (RFC 8460)."),
    ("tls-required", "\"No\" lets servers send the message without TLS if they must (RFC 8689)."),
    ("to", "The recipients that people see. Delivery follows the envelope instead."),
    ("user-agent", "The program that wrote the message."),
    ("x-auto-response-suppress", "Keeps Exchange from answering by itself."),
    ("x-envelope-to", "The recipients of the envelope, added at delivery."),
    ("x-mailer", "The program that wrote the message."),
    ("x-mailgun-tag", "A tag that Mailgun counts by."),
    ("x-mailgun-variables", "Data that Mailgun hands back with its events."),
    ("x-msmail-priority", "The urgency, for old programs of Microsoft."),
    ("x-originating-ip", "The address of the author, as their mail service saw it."),
    ("x-pm-message-stream", "The stream of Postmark that the message belongs to."),
    ("x-priority", "The urgency: 1 is the highest, 3 normal, 5 the lowest."),
    ("x-sg-eid", "A number of SendGrid for its events."),
    ("x-smtpapi", "Instructions to SendGrid. They should be gone before the message is sent."),
    ("x-spam-flag", "A filter says whether this is spam."),
    ("x-spam-score", "How sure a filter is that this is spam."),
    ("x-spam-status", "What a filter found, and by which of its rules."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_found_in_any_case() {
        assert!(ABOUT.is_sorted_by(|(a, _), (b, _)| a < b));
        assert!(about("Message-ID").is_some_and(|text| text.contains("unique")));
        assert_eq!(about("X-Nothing"), None);
    }
}
