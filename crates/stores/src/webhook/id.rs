//! The id of a message for the recipients of one request.

use sha2::{Digest as _, Sha256};

use super::place::Parcel;

/// Returns the `webhook-id`. It depends on the URL, the sender, the recipients and the content with its `Message-ID:`. So
/// it is the same when the client sends the message again.
pub(super) fn webhook_id(parcel: &Parcel, content: &[u8; 32]) -> String {
    let mut recipients: Vec<_> = parcel.recipients.iter().map(String::as_str).collect();
    recipients.sort_unstable();
    let mut hash = Sha256::new_with_prefix(content);
    for text in [parcel.url.as_str(), parcel.sender.as_str()].into_iter().chain(recipients) {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    let digits = hash.finalize();
    let digits = digits[..20].iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    let digits = digits.map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]));
    "msg_".chars().chain(digits).collect()
}
