use crate::forged_check::{is_forged_if_a_reader_finds_the_name, texts_of_the_sender_tell_nothing};

/// A field `Authentication-Results` that a reader takes for one of this server is forged. A field of this server with texts
/// of the sender tells no result but its own.
pub fn results(octets: &[u8]) {
    is_forged_if_a_reader_finds_the_name(octets);
    texts_of_the_sender_tell_nothing(octets);
}
