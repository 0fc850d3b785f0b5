use crate::authors_check::asks_for_every_domain;

/// DMARC asks for every domain in a `From:` that a second reading finds after an `@`, and for no other.
pub fn from_field(octets: &[u8]) {
    asks_for_every_domain(octets);
}
