//! The format of the body.

/// The body of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum WebhookFormat {
    /// The message itself, `message/rfc822`. Headers say the rest.
    #[default]
    Raw,
    /// One object of JSON, `application/json`, with these members:
    ///
    /// - `sender`, `recipients` (an array) and the facts of the [headers](super::Webhook) without `mailchute-`, with `_` instead
    ///   of `-`;
    /// - `size`, the length of the message in bytes;
    /// - `subject`, `date` (RFC 3339), `message_id`, `in_reply_to`, `references`; `from`, `reply_to`, `to` and `cc` as
    ///   arrays of `{"name", "address"}`;
    /// - `header`, all fields from the top down, as `{"name", "value"}` with encoded words decoded;
    /// - `text` and `html`, the bodies to show, or `null`;
    /// - `attachments`: `{"name", "type", "charset", "disposition", "content_id", "size", "content"}` with the decoded content in
    ///   base64. A message in a message is an attachment of the type `message/rfc822`.
    ///
    /// A message with more than 100 nested messages, 1,000 parts or 10,000 fields is not parsed, and neither is
    /// one with an encoded message in it. It has `unparsed`, which says why, and `raw`, the message in base64, instead of the
    /// members from `subject` on.
    Json,
}
