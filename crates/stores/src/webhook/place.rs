//! The recipients of one request: those whose URL is the same.

use mailchute::{Message, Refusal};

use super::escape;
use super::format::WebhookFormat;
use crate::destination::{Destination, Destinations};
use crate::group::Group;
use crate::template::Template;

/// Bytes of the recipients in a header. Web servers bound all headers to 8 KiB or more.
const LONGEST: usize = 6 * 1024;

/// Stands for the id of the message until it is known. No URL has this character.
const ID: &str = "\u{1}";

/// A message for the recipients of one request.
#[derive(Debug)]
pub(super) struct Parcel {
    /// It may have a place for the id of the message; see [`url_for`](Self::url_for).
    pub(super) url: String,
    pub(super) sender: String,
    /// The places of the recipients in the envelope.
    pub(super) places: Vec<usize>,
    /// Their addresses, each once.
    pub(super) recipients: Vec<String>,
}

impl Parcel {
    /// Returns the parcels of a message, each of whose recipients has one destination.
    pub(super) fn all(
        url: &Template,
        format: WebhookFormat,
        message: &Message,
        destinations: &[Destinations],
    ) -> Result<Vec<Self>, Refusal> {
        let envelope = message.envelope();
        let mut parcels = Vec::new();
        for group in Group::all(destinations, |destination| fill(url, destination, ID))? {
            let new = || Self {
                url: group.path.clone(),
                sender: envelope.sender.as_str().to_owned(),
                places: Vec::new(),
                recipients: Vec::new(),
            };
            let (mut parcel, mut length) = (new(), 0);
            for &place in &group.places {
                let recipient = envelope.recipients[place].as_str();
                let more = escape::for_header(recipient).len() + 2;
                if format == WebhookFormat::Raw && length > 0 && length + more > LONGEST {
                    parcels.push(std::mem::replace(&mut parcel, new()));
                    length = 0;
                }
                parcel.places.push(place);
                if group.named.contains(&place) {
                    parcel.recipients.push(recipient.to_owned());
                    length += more;
                }
            }
            parcels.push(parcel);
        }
        Ok(parcels)
    }

    /// Returns the URL for the message of this name.
    pub(super) fn url_for(&self, id: &str) -> String {
        self.url.replace(ID, id)
    }
}

/// Fills in the path of a URL.
pub(super) fn fill(url: &Template, destination: &Destination, id: &str) -> String {
    url.fill(destination, id, |value| if value == ID { value.into() } else { escape::for_path(value) })
}
