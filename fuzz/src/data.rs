use mailchute_proto::{BareLineEnds, Settings};

use crate::listener::{check, cuts};
use crate::session::Session;

/// A session up to the content of a message.
pub(crate) const ENVELOPE: &[u8] =
    b"EHLO client.example\r\nMAIL FROM:<ann@client.example>\r\nRCPT TO:<bob@example.com>\r\nDATA\r\n";

/// The decoder of DATA. The first byte selects the treatment of bare line ends, the next two where to cut; the rest
/// follows the 354.
pub fn data(octets: &[u8]) {
    let Some((&[kind, first, second], message)) = octets.split_first_chunk() else { return };
    let segments = [[ENVELOPE, message].concat()];
    let cuts = cuts([first, second], message.len()).map(|cut| ENVELOPE.len() + cut);
    check(&of_kind(kind), &segments, &cuts);
}

/// A listener without limits on messages, so that only their bytes decide.
pub(crate) fn of_kind(kind: u8) -> Session {
    let mut settings = Settings::new("mx.example.com");
    settings.bare_line_ends = match kind % 3 {
        0 => BareLineEnds::Refuse,
        1 => BareLineEnds::Tolerate,
        _ => BareLineEnds::Normalize,
    };
    let limits = &mut settings.limits;
    (limits.received_headers, limits.header_fields, limits.header_size) = (0, 0, 0);
    limits.message_size = 0;
    Session { settings, ..Session::new() }
}
