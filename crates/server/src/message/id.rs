//! The id of a message.

use std::fmt;

use crate::session::SessionId;

/// The id of a message in logs, stores and `Received:`: the id of its session, and its number in the
/// session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessageId {
    session: SessionId,
    number: u32,
}

impl MessageId {
    pub(crate) const fn new(session: SessionId, number: u32) -> Self {
        Self { session, number }
    }
}

/// Bytes of the longest name, rounded up to what `str::from_utf8` checks at once.
const TEXT: usize = 32;

/// Aligned, because `str::from_utf8` looks at single bytes otherwise.
#[repr(align(16))]
struct Text([u8; TEXT]);

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Written as a whole: every message is named several times, and `write!` takes twice as long.
        const NUMBER: usize = SessionId::LENGTH + 1;
        let mut text = Text([b'-'; TEXT]);
        text.0[..SessionId::LENGTH].copy_from_slice(&self.session.digits());
        let end = NUMBER + self.number.checked_ilog10().map_or(1, |power| power as usize + 1);
        let mut rest = self.number;
        for digit in text.0[NUMBER..end].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        let text = str::from_utf8(&text.0).unwrap_or_default();
        f.write_str(text.get(..end).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Weak};

    use super::*;
    use crate::connection::shutdown_signal::ShutdownSignal;
    use crate::net::arrival::Arrival;
    use crate::session::Session;

    #[test]
    fn a_message_has_the_name_of_its_session_and_its_number_in_it() {
        let arrival = Arrival::new(([192, 0, 2, 1], 40_000).into());
        let stop = Arc::<ShutdownSignal>::default();
        let session = Session::new("mx.example.com".into(), arrival, None, stop, Weak::<()>::new()).id();
        for number in [0, 1, 9, 10, 4_294_967_295] {
            assert_eq!(MessageId { session, number }.to_string(), format!("{session}-{number}"));
        }
    }
}
