//! Packets: a length, a command and its data.

use std::fmt;

use bytes::{Buf as _, Bytes, BytesMut};

/// The most bytes of a packet after its length: a command, and the most data that libmilter sends.
pub(crate) const LONGEST: usize = 1 + 1024 * 1024;

/// Bytes of the length.
const LENGTH: usize = 4;

/// A packet of the milter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) command: u8,
    pub(crate) data: Bytes,
}

impl Packet {
    /// Takes a packet from the front of what was read. Returns `None` if its end is missing.
    ///
    /// # Errors
    /// The length is not that of a packet. Nothing after it can be understood.
    pub(crate) fn take(read: &mut BytesMut) -> Result<Option<Self>, PacketError> {
        let Some(length) = read.first_chunk::<LENGTH>() else { return Ok(None) };
        let length = u32::from_be_bytes(*length);
        let bytes = usize::try_from(length).unwrap_or(usize::MAX);
        if !(1..=LONGEST).contains(&bytes) {
            return Err(PacketError { length });
        }
        if read.len() < LENGTH + bytes {
            return Ok(None);
        }
        let mut packet = read.split_to(LENGTH + bytes).freeze();
        packet.advance(LENGTH);
        let command = packet.get_u8();
        Ok(Some(Self { command, data: packet }))
    }
}

/// Adds a packet to those to be sent. `write` adds its data.
pub(crate) fn put(out: &mut Vec<u8>, command: u8, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; LENGTH]);
    out.push(command);
    write(out);
    let length = u32::try_from(out.len() - start - LENGTH).unwrap_or(u32::MAX);
    out[start..start + LENGTH].copy_from_slice(&length.to_be_bytes());
}

/// Adds a text with the NUL that ends it. A NUL within becomes a space, since the text would end there.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    out.extend(text.iter().map(|&byte| if byte == 0 { b' ' } else { byte }));
    out.push(0);
}

/// A length that no packet has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PacketError {
    length: u32,
}

impl fmt::Display for PacketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a packet of {} bytes, where 1 to {LONGEST} are allowed", self.length)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn take_all(read: &mut BytesMut) -> Result<Vec<Packet>, PacketError> {
        let mut packets = Vec::new();
        while let Some(packet) = Packet::take(read)? {
            packets.push(packet);
        }
        Ok(packets)
    }

    #[test]
    fn writes_the_length_of_command_and_data() {
        let mut out = Vec::new();
        put(&mut out, b'H', |out| put_text(out, b"mail.example"));
        put(&mut out, b'Q', |_| {});
        assert_eq!(out, b"\0\0\0\x0eHmail.example\0\0\0\0\x01Q");
    }

    #[test]
    fn a_nul_does_not_end_a_text() {
        let mut out = Vec::new();
        put_text(&mut out, b"a\0b");
        assert_eq!(out, b"a b\0");
    }

    #[test]
    fn refuses_lengths_of_nothing_and_of_4_gib_at_once() {
        for (length, allowed) in
            [(0, false), (1, true), (1_048_577, true), (1_048_578, false), (u32::MAX, false)]
        {
            let mut read = BytesMut::from(&length.to_be_bytes()[..]);
            let taken = Packet::take(&mut read);
            assert_eq!(taken, if allowed { Ok(None) } else { Err(PacketError { length }) });
            assert!(read.capacity() < 100, "memory for {length} bytes was taken before they came");
        }
    }

    proptest! {
        #[test]
        fn reads_the_same_packets_at_any_cut(
            packets in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..40)), 0..8),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut out = Vec::new();
            for (command, data) in &packets {
                put(&mut out, *command, |out| out.extend_from_slice(data));
            }
            let (head, tail) = out.split_at(cut.index(out.len() + 1));
            let mut read = BytesMut::from(head);
            let mut taken = take_all(&mut read).unwrap();
            read.extend_from_slice(tail);
            taken.extend(take_all(&mut read).unwrap());
            let taken: Vec<_> = taken.into_iter().map(|packet| (packet.command, packet.data.to_vec())).collect();
            prop_assert_eq!(taken, packets);
            prop_assert!(read.is_empty());
        }
    }
}
