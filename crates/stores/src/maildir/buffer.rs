//! Bytes of a message that wait to be written.

use bytes::{Bytes, BytesMut};

/// Chunks below this size are copied. A chunk may be a slice of a much larger read buffer, which would be
/// held until the client has sent the rest.
const COPIED: usize = 8 * 1024;

#[derive(Debug, Default)]
pub(super) struct Buffer {
    parts: Vec<Bytes>,
    /// Small chunks after the parts, joined.
    tail: BytesMut,
    length: usize,
}

impl Buffer {
    /// Returns the number of bytes in it.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    pub(super) fn push(&mut self, chunk: Bytes) {
        if chunk.len() < COPIED {
            return self.copy(&chunk);
        }
        self.length += chunk.len();
        self.seal();
        self.parts.push(chunk);
    }

    pub(super) fn copy(&mut self, octets: &[u8]) {
        self.length += octets.len();
        self.tail.extend_from_slice(octets);
    }

    /// Makes room for bytes to be copied.
    pub(super) fn reserve(&mut self, length: usize) {
        self.tail.reserve(length);
    }

    /// Takes all of its bytes, in order.
    pub(super) fn take(&mut self) -> Vec<Bytes> {
        self.seal();
        self.length = 0;
        std::mem::take(&mut self.parts)
    }

    fn seal(&mut self) {
        if !self.tail.is_empty() {
            self.parts.push(std::mem::take(&mut self.tail).freeze());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_leave_in_the_order_in_which_they_came() {
        let mut buffer = Buffer::default();
        let mut expected = Vec::new();
        for length in [3, 1, 20_000, 5, COPIED, COPIED - 1, COPIED + 1, 1] {
            let chunk: Bytes = (0..=u8::MAX).cycle().skip(length).take(length).collect();
            expected.extend_from_slice(&chunk);
            buffer.push(chunk);
            assert_eq!(buffer.len(), expected.len());
        }
        assert_eq!(buffer.take().concat(), expected);
        assert_eq!((buffer.len(), buffer.take().len()), (0, 0));
    }

    #[test]
    fn a_small_chunk_does_not_hold_its_read_buffer() {
        let mut buffer = Buffer::default();
        let read = Bytes::from(vec![b'x'; 64 * 1024]);
        buffer.push(read.slice(..10));
        buffer.push(read.slice(100..COPIED));
        assert!(read.is_unique());
    }

    #[test]
    fn a_large_chunk_is_not_copied_and_small_ones_become_one_part() {
        let mut buffer = Buffer::default();
        let read = Bytes::from(vec![b'x'; COPIED]);
        buffer.copy(b"Received: by us\r\n");
        for _ in 0..100 {
            buffer.push(Bytes::from_static(b"y"));
        }
        buffer.push(read.clone());
        let parts = buffer.take();
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[1].as_ptr(), read.as_ptr());
    }
}
